#include "binding/to_js.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/json_writer.h"

namespace agentmemdb::binding {
namespace {

constexpr size_t kPartBytes = 256 * 1024;
constexpr size_t kHitsAPart = 2048;

void WriteContent(ObjectWriter* object, const RecordOutput& record, PackedPart* part) {
  if (record.text) object->Text("text", *record.text);
  if (record.metadata) object->Key("metadata")->append(*record.metadata);  // It is JSON already.
  if (record.vector.empty()) return;
  object->Integer("vector", static_cast<int64_t>(part->vector_count++));
  part->vectors.insert(part->vectors.end(), record.vector.begin(), record.vector.end());
}

void WriteRecord(PackedPart* part, const RecordOutput& record) {
  ObjectWriter object(&part->json);
  object.Text("id", record.id);
  WriteContent(&object, record, part);
  if (record.expires_at) object.Integer("expiresAt", *record.expires_at);
  object.Integer("createdAt", record.created_at);
  object.Integer("updatedAt", record.updated_at);
  object.Integer("version", record.version);
  object.Close();
}

// Where the next record goes: a new part when the last is full.
PackedPart* NextElement(Packed* packed) {
  if (packed->parts.back().bytes() > kPartBytes) {
    packed->parts.back().json.push_back(']');
    packed->parts.push_back({"[", {}, 0});
  }
  PackedPart* part = &packed->parts.back();
  if (part->json.size() > 1) part->json.push_back(',');
  return part;
}

Packed Begin() {
  Packed packed;
  packed.parts.push_back({"[", {}, 0});
  return packed;
}

const char* StrategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kExact:
      return "exact";
    case Strategy::kScan:
      return "scan";
    case Strategy::kGraph:
      return "hnsw";
    case Strategy::kTwoHop:
      return "hnsw-two-hop";
  }
  return "exact";
}

void WriteStrings(std::string* list, const std::vector<QueryTerm>& terms) {
  list->push_back('[');
  for (const QueryTerm& term : terms) {
    if (list->back() != '[') list->push_back(',');
    AppendJsonString(list, term.term);
  }
  list->push_back(']');
}

std::string ExplainToJson(const SearchOutput& output) {
  std::string json;
  ObjectWriter object(&json);
  if (output.found) {
    object.Text("strategy", StrategyName(output.found->strategy));
    object.Integer("ef", output.found->ef);
    object.Integer("visited", output.found->visited);
    object.Integer("scanned", output.found->scanned);
    object.Integer("rescored", output.found->rescored);
  }
  if (output.by_words) {
    WriteStrings(object.Key("terms"), output.terms);
    ObjectWriter corrections(object.Key("corrections"));
    std::string* members = nullptr;
    for (const Correction& each : output.corrections) {
      members = corrections.Member(each.word);
      AppendJsonString(members, each.to);
    }
    corrections.Close();
    object.Integer("postings", output.by_words->postings);
    object.Integer("scored", output.by_words->scored);
  }
  if (output.dense_weight) object.Number("alpha", *output.dense_weight);
  if (output.gate) object.Number("gate", *output.gate);
  if (output.allowed) object.Integer("allowed", *output.allowed);
  object.Integer("filterMicros", output.filter_micros);
  object.Integer("searchMicros", output.search_micros);
  if (output.found) object.Integer("rescoreMicros", output.found->rescore_micros);
  object.Integer("hydrateMicros", output.hydrate_micros);
  object.Close();
  return json;
}

void WriteHighlights(std::string* list, const std::vector<Highlight>& highlights) {
  list->push_back('[');
  for (const Highlight& highlight : highlights) {
    if (list->back() != '[') list->push_back(',');
    ObjectWriter each(list);
    each.Text("term", highlight.term);
    each.Integer("start", highlight.begin);
    each.Integer("end", highlight.end);
    each.Close();
  }
  list->push_back(']');
}

// What the score of a hit was made of.
void WriteParts(std::string* text, const Hit& hit, const SearchQuery& query, Metric metric) {
  ObjectWriter object(text);
  if (hit.keyword) object.Number("keyword", *hit.keyword);
  if (hit.distance) object.Number("vector", DistanceToScore(metric, *hit.distance));
  size_t next = 0;
  const auto part = [&](const char* name) {
    if (next < hit.parts.size()) object.Number(name, hit.parts[next++]);
  };
  if (query.rank) {
    part("similarity");
    if (query.rank->recency) part("recency");
    if (!query.rank->fields.empty()) {
      ObjectWriter fields(object.Key("fields"));
      for (const auto& [field, weight] : query.rank->fields) {
        if (next < hit.parts.size()) AppendJsonNumber(fields.Member(field), hit.parts[next++]);
      }
      fields.Close();
    }
    if (query.rank->usage) part("usage");
  }
  object.Close();
}

bool HaveNoContent(const SearchQuery& query) {
  const bool nothing = !query.include.text && !query.include.metadata && !query.include.vector;
  return nothing && !query.highlight && !(query.explain && (query.text || query.rank));
}

// Ids, scores and distances (null: none), a column each: JavaScript parses them in half the time of as many objects.
void PackColumns(std::span<const Hit> hits, Packed* packed) {
  do {
    const std::span<const Hit> some = hits.first(std::min(hits.size(), kHitsAPart));
    hits = hits.subspan(some.size());
    std::string ids = "[[", scores = "],[", distances = "],[";
    for (const Hit& hit : some) {
      if (&hit != some.data()) {
        for (std::string* column : {&ids, &scores, &distances}) column->push_back(',');
      }
      AppendJsonString(&ids, hit.record.id);
      AppendJsonNumber(&scores, hit.score);
      if (hit.distance)
        AppendJsonNumber(&distances, *hit.distance);
      else
        distances += "null";
    }
    packed->parts.push_back({ids + scores + distances + "]]", {}, 0});
  } while (!hits.empty());
}

}  // namespace

Packed PackHits(const SearchOutput& output, const SearchQuery& query) {
  Packed packed;
  if (HaveNoContent(query)) {
    PackColumns(output.hits, &packed);
    if (query.explain) packed.about = ExplainToJson(output);
    return packed;
  }
  packed = Begin();
  for (const Hit& hit : output.hits) {
    PackedPart* part = NextElement(&packed);
    ObjectWriter object(&part->json);
    object.Text("id", hit.record.id);
    object.Number("score", hit.score);
    if (hit.distance) object.Number("distance", *hit.distance);
    WriteContent(&object, hit.record, part);
    if (query.highlight) WriteHighlights(object.Key("highlights"), hit.highlights);
    if (query.explain && (query.text || query.rank)) WriteParts(object.Key("explain"), hit, query, output.metric);
    object.Close();
  }
  packed.parts.back().json.push_back(']');
  if (query.explain) packed.about = ExplainToJson(output);
  return packed;
}

Packed PackPage(const FindOutput& output, const SortOrder& order) {
  Packed packed = Begin();
  for (const RecordOutput& record : output.records) WriteRecord(NextElement(&packed), record);
  packed.parts.back().json.push_back(']');
  ObjectWriter about(&packed.about);
  about.Integer("last", ToInt(output.last));
  about.Key("more")->append(output.more ? "true" : "false");
  if (output.cursor) about.Text("cursor", output.cursor->ToJson(order));
  if (output.total) about.Integer("total", *output.total);
  about.Close();
  return packed;
}

Packed PackRecord(const std::optional<RecordOutput>& record) {
  Packed packed;
  if (!record) return packed;
  packed = Begin();
  WriteRecord(&packed.parts.back(), *record);
  packed.parts.back().json.push_back(']');
  return packed;
}

std::string ReportToJson(const VerifyReport& report) {
  std::string json;
  ObjectWriter object(&json);
  object.Key("ok")->append(report.found == 0 ? "true" : "false");
  object.Integer("found", report.found);
  std::string* list = object.Key("differences");
  list->push_back('[');
  for (const Difference& difference : report.differences) {
    if (list->back() != '[') list->push_back(',');
    ObjectWriter each(list);
    each.Text("part", VerifyPartName(difference.part));
    if (!difference.collection.empty()) each.Text("collection", difference.collection);
    if (!difference.id.empty()) each.Text("id", difference.id);
    each.Text("message", difference.message);
    each.Close();
  }
  list->push_back(']');
  ObjectWriter checked(object.Key("checked"));
  checked.Integer("records", report.records);
  checked.Integer("vectors", report.vectors);
  checked.Integer("nodes", report.nodes);
  checked.Integer("images", report.images);
  checked.Close();
  object.Close();
  return json;
}

std::string ReportToJson(const CompactReport& report) {
  std::string json;
  ObjectWriter object(&json);
  object.Key("erased")->append(report.erased ? "true" : "false");
  if (!report.why.empty()) object.Text("why", report.why);
  object.Integer("bytesBefore", report.bytes_before);
  object.Integer("bytesAfter", report.bytes_after);
  std::string* list = object.Key("snapshots");
  list->push_back('[');
  for (const std::string& name : report.snapshots) {
    if (list->back() != '[') list->push_back(',');
    AppendJsonString(list, name);
  }
  list->push_back(']');
  object.Close();
  return json;
}

std::string SnapshotsToJson(const std::vector<SnapshotInfo>& snapshots) {
  std::string json = "[";
  for (const SnapshotInfo& snapshot : snapshots) {
    if (json.size() > 1) json.push_back(',');
    ObjectWriter object(&json);
    object.Text("name", snapshot.name);
    object.Integer("createdAt", snapshot.created_at);
    object.Integer("bytes", snapshot.bytes);
    object.Close();
  }
  return json + "]";
}

std::string StatsToJson(const DatabaseStats& stats, const HandleStats& handle) {
  const auto ms = [](int64_t micros) { return static_cast<double>(micros) / 1000.0; };
  std::string json;
  ObjectWriter object(&json);
  object.Text("path", stats.path);
  object.Text("storageMode", stats.single ? "single" : "shared");
  object.Key("readOnly")->append(handle.read_only ? "true" : "false");
  object.Text("durability", stats.durability == Durability::kFull ? "full" : "normal");
  object.Integer("changeVersion", stats.change_version);
  object.Integer("collections", stats.collections);
  object.Integer("records", stats.records);
  object.Integer("fileBytes", stats.file_bytes);
  object.Integer("walBytes", stats.wal_bytes);
  object.Integer("memoryBytes", stats.memory_bytes);
  object.Integer("externalBytes", handle.external_bytes);
  object.Integer("engines", stats.engines);
  ObjectWriter writer(object.Key("queue"));
  writer.Integer("workerLimit", handle.scheduler.worker_limit);
  writer.Integer("waiting", handle.scheduler.waiting);
  writer.Integer("running", handle.scheduler.running);
  writer.Integer("pendingBytes", handle.pending_bytes);
  writer.Integer("workersMax", handle.scheduler.workers_max);
  writer.Integer("writeGroups", stats.write_groups);
  writer.Integer("writeCalls", stats.write_calls);
  writer.Integer("loopSteps", handle.loop_steps);
  writer.Number("loopStepMaxMs", ms(handle.loop_step_max_micros));
  ObjectWriter operations(writer.Key("operations"));
  for (const OperationStats& each : handle.operations) {
    ObjectWriter operation(operations.Key(std::string(each.method).c_str()));
    operation.Integer("count", each.count);
    operation.Number("p50Ms", ms(each.p50_micros));
    operation.Number("p95Ms", ms(each.p95_micros));
    operation.Number("p99Ms", ms(each.p99_micros));
    operation.Close();
  }
  operations.Close();
  writer.Close();
  object.Close();
  return json;
}

Napi::Value ToJs(Napi::Env env, const std::string& utf8) {
  napi_value value;
  // V8 takes Latin-1 as it is, and must decode UTF-8.
  const napi_status status = IsAscii(utf8) ? napi_create_string_latin1(env, utf8.data(), utf8.size(), &value)
                                           : napi_create_string_utf8(env, utf8.data(), utf8.size(), &value);
  NAPI_THROW_IF_FAILED(env, status, Napi::Value());
  return Napi::Value(env, value);
}

Napi::Value ToJs(Napi::Env env, const PackedPart& part) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("json", ToJs(env, part.json));
  if (part.vectors.empty()) return object;
  const size_t bytes = part.vectors.size() * sizeof(float);
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
  std::memcpy(buffer.Data(), part.vectors.data(), bytes);
  object.Set("vectors", buffer);
  object.Set("vectorCount", static_cast<double>(part.vector_count));
  return object;
}

Napi::Value ToJs(Napi::Env env, Packed& packed) {
  if (packed.parts.empty()) return env.Undefined();
  if (packed.parts.size() == 1 && packed.parts.front().vectors.empty() && packed.about.empty())
    return ToJs(env, packed.parts.front().json);
  Napi::Object object = Napi::Object::New(env);
  if (!packed.about.empty()) object.Set("about", ToJs(env, packed.about));
  object.Set("parts", static_cast<double>(packed.parts.size()));
  auto next = [parts = std::move(packed.parts), i = size_t{0}](const Napi::CallbackInfo& info) mutable {
    if (i == parts.size()) return info.Env().Undefined();
    const PackedPart part = std::exchange(parts[i++], {});  // Let go of as it is taken.
    return ToJs(info.Env(), part);
  };
  object.Set("next", Napi::Function::New(env, std::move(next)));
  return object;
}

}  // namespace agentmemdb::binding
