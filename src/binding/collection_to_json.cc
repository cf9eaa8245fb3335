// What is told of a collection, as JSON.
#include "base/json_writer.h"
#include "binding/to_js.h"

namespace agentmemdb::binding {
namespace {

void WriteTextOptions(std::string* text, const TextOptions& options) {
  ObjectWriter object(text);
  object.Text("language", options.language);
  object.Text("analyzer", AnalyzerName(options.analyzer));
  object.Close();
}

void WriteHnsw(ObjectWriter* object, const HnswConfig& config) {
  object->Integer("M", config.m);
  object->Integer("efConstruction", config.ef_construction);
  object->Integer("minSize", config.min_size);
}

void WriteTexts(ObjectWriter* object, const CollectionStats& stats) {
  ObjectWriter texts(object->Key("text"));
  texts.Integer("texts", stats.texts->texts);
  texts.Integer("tokens", stats.texts->tokens);
  texts.Integer("segments", stats.texts->segments);
  texts.Integer("memoryBytes", stats.texts->memory_bytes);
  if (stats.profile != nullptr && stats.profile->agreement) {
    texts.Number("agreement", *stats.profile->agreement);
    if (stats.profile->Disagrees())
      texts.Text(
          "warning",
          "texts that share words are no nearer to one another by their vectors than any others: the vectors may be of "
          "another model, or of other texts; hybrid search goes by words alone");
  }
  texts.Close();
}

std::string FieldsToJson(const std::vector<FieldIndexStats>& fields) {
  std::string json = "[";
  for (const FieldIndexStats& field : fields) {
    if (json.size() > 1) json.push_back(',');
    ObjectWriter object(&json);
    object.Text("path", field.path);
    object.Key("declared")->append(field.declared ? "true" : "false");
    object.Integer("distinct", static_cast<int64_t>(field.distinct));
    object.Integer("memoryBytes", static_cast<int64_t>(field.memory_bytes));
    object.Close();
  }
  return json + "]";
}

}  // namespace

std::string InfoToJson(const CollectionInfo& info) {
  std::string json;
  ObjectWriter object(&json);
  object.Text("name", info.name);
  if (info.options.dimensions != 0) {
    object.Integer("dimensions", info.options.dimensions);
    object.Text("metric", MetricName(info.options.metric));
    ObjectWriter hnsw(object.Key("hnsw"));
    WriteHnsw(&hnsw, info.options.hnsw);
    hnsw.Close();
  }
  if (info.options.text != TextOptions()) WriteTextOptions(object.Key("text"), info.options.text);
  if (info.options.alpha) object.Number("alpha", *info.options.alpha);
  if (!info.options.embedder_model.empty()) {
    ObjectWriter embedder(object.Key("embedder"));
    embedder.Text("model", info.options.embedder_model);
    embedder.Close();
  }
  if (!info.options.indexes.empty()) {
    std::string* list = object.Key("indexes");
    for (const std::string& path : info.options.indexes) {
      list->push_back(&path == &info.options.indexes.front() ? '[' : ',');
      AppendJsonString(list, path);
    }
    list->push_back(']');
  }
  object.Close();
  return json;
}

std::string CalibrationToJson(const Calibration& calibration) {
  std::string json;
  ObjectWriter object(&json);
  object.Number("alpha", calibration.alpha);
  object.Integer("queries", calibration.queries);
  object.Number("keyword", calibration.keyword);
  object.Number("vector", calibration.vector);
  object.Number("default", calibration.by_default);
  object.Number("calibrated", calibration.chosen);
  object.Number("gate", calibration.gate);
  object.Close();
  return json;
}

std::string InfosToJson(const std::vector<CollectionInfo>& infos) {
  std::string json = "[";
  for (const CollectionInfo& info : infos) {
    if (json.size() > 1) json.push_back(',');
    json += InfoToJson(info);
  }
  return json + "]";
}

std::string StatsToJson(const CollectionStats& stats) {
  std::string json;
  ObjectWriter object(&json);
  object.Text("name", stats.info.name);
  object.Integer("records", stats.records);
  object.Integer("vectors", stats.vectors);
  if (stats.index) {
    object.Integer("dimensions", stats.info.options.dimensions);
    object.Text("metric", MetricName(stats.info.options.metric));
  }
  object.Integer("damaged", stats.damaged);
  object.Key("indexes")->append(FieldsToJson(stats.fields));
  if (stats.index) {
    ObjectWriter index(object.Key("index"));
    WriteHnsw(&index, stats.info.options.hnsw);
    index.Integer("linked", stats.index->linked);
    index.Integer("tail", stats.index->tail);
    index.Integer("deleted", stats.index->deleted);
    index.Integer("memoryBytes", static_cast<int64_t>(stats.index->memory_bytes));
    if (stats.image) {
      ObjectWriter image(index.Key("image"));
      image.Integer("version", stats.image->version);
      image.Integer("bytes", stats.image->bytes);
      image.Close();
    }
    index.Close();
    ObjectWriter searches(object.Key("searches"));
    const auto answered = [&stats](Strategy by) { return stats.searches.answered[static_cast<size_t>(by)]; };
    searches.Integer("exact", answered(Strategy::kExact));
    searches.Integer("scan", answered(Strategy::kScan));
    searches.Integer("hnsw", answered(Strategy::kGraph));
    searches.Integer("hnswTwoHop", answered(Strategy::kTwoHop));
    searches.Integer("visited", stats.searches.visited);
    searches.Integer("scanned", stats.searches.scanned);
    searches.Integer("rescored", stats.searches.rescored);
    searches.Close();
  }
  if (stats.texts) WriteTexts(&object, stats);
  object.Close();
  return json;
}

}  // namespace agentmemdb::binding
