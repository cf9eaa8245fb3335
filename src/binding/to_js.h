// The only maker of JavaScript results. Packing happens on a pool thread: JSON text, and one block of float32 for vectors;
// what is left for the event loop is one string, which lib/ parses.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "binding/scheduler.h"
#include "engine/calibrate.h"
#include "engine/find.h"
#include "engine/search.h"
#include "engine/snapshot.h"
#include "engine/verify.h"

namespace agentmemdb::binding {

// Some records of a result.
struct PackedPart {
  std::string json;  // an array
  // Row after row, when asked for. A record has "vector": <its number> in the JSON.
  std::vector<float> vectors;
  size_t vector_count = 0;

  size_t bytes() const { return json.size() + vectors.size() * sizeof(float); }
};

struct Packed {
  // Of about 256 KiB each, so that lib/ can take a big result in slices.
  std::vector<PackedPart> parts;
  std::string about;  // JSON object that goes beside the records: explain, cursor

  // What lib/ takes in the turn of the loop that settles the call.
  size_t bytes() const { return parts.empty() ? 0 : parts.front().bytes(); }
};

Packed PackHits(const SearchOutput& output, const SearchQuery& query);
// No part when there is no record.
Packed PackRecord(const std::optional<RecordOutput>& record);
Packed PackPage(const FindOutput& output, const SortOrder& order);
std::string CalibrationToJson(const Calibration& calibration);
std::string InfoToJson(const CollectionInfo& info);
std::string InfosToJson(const std::vector<CollectionInfo>& infos);
std::string StatsToJson(const CollectionStats& stats);
std::string ReportToJson(const VerifyReport& report);
std::string ReportToJson(const CompactReport& report);
std::string SnapshotsToJson(const std::vector<SnapshotInfo>& snapshots);
// What the JavaScript thread knows of a handle and of its own queue, taken there.
struct HandleStats {
  bool read_only = false;
  int64_t pending_bytes = 0, external_bytes = 0;
  SchedulerStats scheduler;
  std::vector<OperationStats> operations;
  int64_t loop_steps = 0, loop_step_max_micros = 0;
};
std::string StatsToJson(const DatabaseStats& stats, const HandleStats& handle);

// A string when there is one part and nothing else; undefined when there is no part; else { about, parts, next() }: so many
// parts, and a function that makes JavaScript values of one after the other, { json, vectors, vectorCount }.
Napi::Value ToJs(Napi::Env env, Packed& packed);
Napi::Value ToJs(Napi::Env env, const std::string& utf8);

}  // namespace agentmemdb::binding
