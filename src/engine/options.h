// Every knob and every limit, with default and unit. The one table of limits; tests try each at its value and one past it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/store.h"
#include "text/tokenizer.h"
#include "vector/hnsw_config.h"
#include "vector/metric.h"

namespace agentmemdb {

namespace limits {
constexpr uint32_t kDimensionsMax = 8192;
constexpr size_t kIdBytesMax = 512;
constexpr size_t kNameBytesMax = 128;
constexpr size_t kTextBytesMax = 16u << 20;
constexpr size_t kMetadataBytesMax = 1u << 20;
constexpr int kMetadataDepthMax = 32;
constexpr uint32_t kResultsMax = 10000;  // k and ef
constexpr size_t kBatchRecordsMax = 100000;
constexpr size_t kBatchBytesMax = size_t{256} << 20;
constexpr int64_t kTimeMsMax = int64_t{1} << 53;  // what a JavaScript number holds exactly
constexpr uint32_t kHnswMMin = 4, kHnswMMax = 64;
constexpr uint32_t kHnswEfConstructionMin = 8, kHnswEfConstructionMax = 4096;
constexpr uint32_t kHnswMinSizeMax = 2147483647;
constexpr size_t kModelBytesMax = 200;
constexpr size_t kDeclaredIndexesMax = 32;
}  // namespace limits

struct CollectionOptions {
  uint32_t dimensions = 0;  // 0 = a collection without vectors, for ever
  Metric metric = Metric::kCosine;
  HnswConfig hnsw;
  TextOptions text;
  std::optional<double> alpha;       // 0..1: the share of vectors that calibrate() has chosen
  std::string embedder_model;        // what made the vectors; empty = nobody has said
  std::vector<std::string> indexes;  // paths of declared field indexes: ascending, each once

  // As stored in the file.
  std::string ToJson() const;
  // Errors: kCorrupt (not what ToJson makes), kUnsupported (a field of a newer version).
  static Result<CollectionOptions> FromJson(std::string_view json);
};

// What a caller asked for: only the options that were passed.
struct CollectionRequest {
  std::optional<uint32_t> dimensions;
  std::optional<Metric> metric;
  std::optional<uint32_t> hnsw_m, hnsw_ef_construction, hnsw_min_size;
  std::optional<std::string> text_language;
  std::optional<AnalyzerKind> text_analyzer;
  std::optional<std::string> embedder_model;
  std::optional<uint32_t> embedder_dimensions;  // those of a new collection for which none were passed
  std::optional<std::vector<std::string>> indexes = std::nullopt;  // Those of an existing collection stay.

  CollectionOptions WithDefaults() const;
  // Ranges. Errors: kInvalidArgument naming the option.
  Status Validate() const;
  // Whether a collection can be made of it: some options need another one. Errors: kInvalidArgument naming the option.
  Status ValidateNew() const;
  // Errors: kInvalidArgument naming the first option that was passed and differs.
  Status Agrees(const CollectionOptions& existing, std::string_view collection) const;
  // Some options may be given later. Whether this one, which agrees, gives such.
  bool Adds(const CollectionOptions& existing) const;
  CollectionOptions AddedTo(CollectionOptions existing) const;
  // Indexes that an existing collection has, and those asked for.
  std::vector<std::string> IndexesWith(const CollectionOptions& existing) const;
};

const char* AnalyzerName(AnalyzerKind analyzer);
std::optional<AnalyzerKind> AnalyzerFromName(std::string_view name);

// Of a collection or a snapshot: [A-Za-z0-9_.-]{1,128}, not "." or "..".
Status ValidateName(std::string_view name);
// 1..512 bytes of well-formed UTF-8, no NUL. `argument` names it in the message.
Status ValidateId(std::string_view id, const std::string& argument);
// A JSON object within the limits, without integers beyond 2^53. Its depth is looked at before it is parsed.
Status ValidateMetadata(std::string_view json, const std::string& argument);
// Well-formed UTF-8 within the limit.
Status ValidateText(std::string_view text, const std::string& argument);

}  // namespace agentmemdb
