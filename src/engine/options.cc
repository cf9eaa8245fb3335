#include "engine/options.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "meta/field_path.h"

namespace agentmemdb {
namespace {

using nlohmann::json;

Status CheckRange(const std::optional<uint32_t>& value, const char* argument, uint32_t low, uint32_t high) {
  if (!value || (*value >= low && *value <= high)) return {};
  return Status::InvalidArgument(argument, "must be an integer in " + std::to_string(low) + ".." +
                                               std::to_string(high) + ", got " + std::to_string(*value));
}

template <class T>
Status CheckSame(const std::optional<T>& asked, const T& existing, const char* argument, std::string_view collection,
                 const std::string& shown) {
  if (!asked || *asked == existing) return {};
  return Status::InvalidArgument(argument, "differs from the existing collection '" + std::string(collection) +
                                               "', which has " + shown +
                                               "; leave it out to open the collection as it is");
}

// Throws unless it is a whole number. One that is too large comes out as another: who compares with what is written notices.
uint32_t NumberIn(const json& value) { return static_cast<uint32_t>(value.get_ref<const json::number_unsigned_t&>()); }

Status CheckIndexes(const std::vector<std::string>& paths) {
  for (size_t i = 0; i < paths.size(); ++i)
    RETURN_IF_ERROR(ParseFieldPath(paths[i], "options.indexes[" + std::to_string(i) + "]").status());
  if (paths.size() <= limits::kDeclaredIndexesMax) return {};
  return Status::InvalidArgument("options.indexes", "must be at most 32 paths, got " + std::to_string(paths.size()));
}

// Lets pass what lib/ lets pass of values that JSON has: no integer that a JavaScript number would change.
class MetadataCheck final : public nlohmann::json_sax<json> {
 public:
  bool too_large = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return Check(value < -kIntegerMax); }
  bool number_unsigned(number_unsigned_t value) override { return Check(value > kIntegerMax); }
  bool number_float(number_float_t value, const string_t&) override {
    return Check(std::abs(value) > static_cast<double>(kIntegerMax) && value == std::trunc(value));
  }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool key(string_t&) override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  bool Check(bool is_too_large) {
    too_large = is_too_large;
    return !too_large;
  }
  static constexpr int64_t kIntegerMax = int64_t{1} << 53;
};

}  // namespace

std::string CollectionOptions::ToJson() const {
  json options = json::object();
  if (dimensions != 0) {
    options["dimensions"] = dimensions;
    options["metric"] = MetricName(metric);
    options["hnsw"] = {{"M", hnsw.m}, {"efConstruction", hnsw.ef_construction}, {"minSize", hnsw.min_size}};
    if (!embedder_model.empty()) options["embedder"] = {{"model", embedder_model}};
  }
  if (alpha) options["alpha"] = *alpha;
  if (text != TextOptions()) options["text"] = {{"language", text.language}, {"analyzer", AnalyzerName(text.analyzer)}};
  if (!indexes.empty()) options["indexes"] = indexes;
  return options.dump();
}

Result<CollectionOptions> CollectionOptions::FromJson(std::string_view text) {
  const json stored = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Status damaged(Code::kCorrupt, "the stored options of a collection cannot be read: " + std::string(text));
  if (!stored.is_object()) return damaged;
  CollectionOptions options;
  // Another spelling, too, was not written by us: a parser may read past what stands behind a NUL.
  if (stored.empty()) return text == "{}" ? Result<CollectionOptions>(options) : damaged;
  try {
    for (const auto& [key, value] : stored.items()) {
      if (key == "dimensions")
        options.dimensions = NumberIn(value);
      else if (key == "metric")
        options.metric = MetricFromName(value.get<std::string>()).value();
      else if (key == "hnsw")
        options.hnsw = {NumberIn(value.at("M")), NumberIn(value.at("efConstruction")), NumberIn(value.at("minSize"))};
      else if (key == "text")
        options.text = {value.at("language").get<std::string>(),
                        AnalyzerFromName(value.at("analyzer").get<std::string>()).value()};
      else if (key == "alpha")
        options.alpha = value.get<double>();
      else if (key == "embedder")
        options.embedder_model = value.at("model").get<std::string>();
      else if (key == "indexes")
        options.indexes = value.get<std::vector<std::string>>();
      else
        return Status(Code::kUnsupported, "a collection has the option '" + key + "'; install a newer agentmemdb");
    }
  } catch (const std::exception&) {
    return damaged;
  }
  // Numbers out of range would be trusted with memory; another spelling would not match the row's checksum.
  if (options.alpha && !(*options.alpha >= 0 && *options.alpha <= 1)) return damaged;
  CollectionRequest ranges;
  if (options.dimensions != 0) ranges.dimensions = options.dimensions;
  ranges.hnsw_m = options.hnsw.m;
  ranges.hnsw_ef_construction = options.hnsw.ef_construction;
  ranges.hnsw_min_size = options.hnsw.min_size;
  ranges.text_language = options.text.language;
  if (!options.embedder_model.empty()) ranges.embedder_model = options.embedder_model;
  if (CollectionRequest().IndexesWith(options) != options.indexes || !CheckIndexes(options.indexes).ok())
    return damaged;
  if (!ranges.Validate().ok() || options.ToJson() != text) return damaged;
  return options;
}

CollectionOptions CollectionRequest::WithDefaults() const {
  CollectionOptions options;
  options.dimensions = dimensions.value_or(embedder_dimensions.value_or(0));
  options.metric = metric.value_or(options.metric);
  options.hnsw.m = hnsw_m.value_or(options.hnsw.m);
  options.hnsw.ef_construction = hnsw_ef_construction.value_or(options.hnsw.ef_construction);
  options.hnsw.min_size = hnsw_min_size.value_or(options.hnsw.min_size);
  options.text.language = text_language.value_or(options.text.language);
  options.text.analyzer = text_analyzer.value_or(options.text.analyzer);
  options.embedder_model = embedder_model.value_or("");
  options.indexes = IndexesWith({});
  return options;
}

std::vector<std::string> CollectionRequest::IndexesWith(const CollectionOptions& existing) const {
  std::vector<std::string> all = existing.indexes;
  if (indexes) all.insert(all.end(), indexes->begin(), indexes->end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Status CollectionRequest::Validate() const {
  if (indexes) RETURN_IF_ERROR(CheckIndexes(*indexes));
  RETURN_IF_ERROR(CheckRange(dimensions, "options.dimensions", 1, limits::kDimensionsMax));
  RETURN_IF_ERROR(CheckRange(hnsw_m, "options.hnsw.M", limits::kHnswMMin, limits::kHnswMMax));
  RETURN_IF_ERROR(CheckRange(hnsw_ef_construction, "options.hnsw.efConstruction", limits::kHnswEfConstructionMin,
                             limits::kHnswEfConstructionMax));
  RETURN_IF_ERROR(CheckRange(embedder_dimensions, "options.embedder.dimensions", 1, limits::kDimensionsMax));
  if (embedder_model && (embedder_model->empty() || embedder_model->size() > limits::kModelBytesMax ||
                         embedder_model->find('\0') != std::string::npos || !IsUtf8(*embedder_model)))
    return Status::InvalidArgument("options.embedder.model", "must have 1..200 bytes of UTF-8 without NUL");
  RETURN_IF_ERROR(CheckRange(hnsw_min_size, "options.hnsw.minSize", 0, limits::kHnswMinSizeMax));
  const std::vector<std::string>& languages = StemmerLanguages();
  if (!text_language || std::binary_search(languages.begin(), languages.end(), *text_language)) return {};
  std::string known;
  for (const std::string& language : languages) known += (known.empty() ? "'" : ", '") + language + "'";
  return Status::InvalidArgument("options.text.language", "must be one of " + known);
}

Status CollectionRequest::ValidateNew() const {
  if (dimensions && embedder_dimensions && *dimensions != *embedder_dimensions)
    return Status::InvalidArgument("options.embedder", "makes vectors of " + std::to_string(*embedder_dimensions) +
                                                           " dimensions, and options.dimensions is " +
                                                           std::to_string(*dimensions));
  if (dimensions || embedder_dimensions) return {};
  if (embedder_model)
    return Status::InvalidArgument("options.embedder", "needs dimensions: without them there are no vectors");
  if (metric) return Status::InvalidArgument("options.metric", "needs dimensions: without them there are no vectors");
  if (hnsw_m || hnsw_ef_construction || hnsw_min_size)
    return Status::InvalidArgument("options.hnsw", "needs dimensions: without them there are no vectors");
  return {};
}

Status CollectionRequest::Agrees(const CollectionOptions& existing, std::string_view collection) const {
  if (IndexesWith(existing).size() > limits::kDeclaredIndexesMax)
    return Status::InvalidArgument("options.indexes",
                                   "would make them more than 32 of the collection '" + std::string(collection) + "'");
  const auto number = [](uint32_t value) { return std::to_string(value); };
  RETURN_IF_ERROR(CheckSame(dimensions, existing.dimensions, "options.dimensions", collection,
                            existing.dimensions == 0 ? "none" : number(existing.dimensions)));
  RETURN_IF_ERROR(CheckSame(text_language, existing.text.language, "options.text.language", collection,
                            "'" + existing.text.language + "'"));
  RETURN_IF_ERROR(CheckSame(text_analyzer, existing.text.analyzer, "options.text.analyzer", collection,
                            AnalyzerName(existing.text.analyzer)));
  if (embedder_dimensions && *embedder_dimensions != existing.dimensions)
    return Status::InvalidArgument(
        "options.embedder", "makes vectors of " + number(*embedder_dimensions) + " dimensions, and the collection '" +
                                std::string(collection) + "' has " +
                                (existing.dimensions == 0 ? "none" : number(existing.dimensions)) +
                                "; open it without an embedder");
  if (existing.dimensions == 0) return ValidateNew();
  if (embedder_model && !existing.embedder_model.empty() && *embedder_model != existing.embedder_model)
    return Status::InvalidArgument("options.embedder",
                                   "is of the model '" + *embedder_model + "', and the vectors of the collection '" +
                                       std::string(collection) + "' are of '" + existing.embedder_model +
                                       "': they cannot be compared; open it without an embedder, or "
                                       "embed its texts again into a new collection");
  RETURN_IF_ERROR(CheckSame(metric, existing.metric, "options.metric", collection, MetricName(existing.metric)));
  RETURN_IF_ERROR(CheckSame(hnsw_m, existing.hnsw.m, "options.hnsw.M", collection, number(existing.hnsw.m)));
  RETURN_IF_ERROR(CheckSame(hnsw_ef_construction, existing.hnsw.ef_construction, "options.hnsw.efConstruction",
                            collection, number(existing.hnsw.ef_construction)));
  return CheckSame(hnsw_min_size, existing.hnsw.min_size, "options.hnsw.minSize", collection,
                   number(existing.hnsw.min_size));
}

const char* AnalyzerName(AnalyzerKind analyzer) { return analyzer == AnalyzerKind::kDefault ? "default" : "reference"; }

std::optional<AnalyzerKind> AnalyzerFromName(std::string_view name) {
  for (const AnalyzerKind analyzer : {AnalyzerKind::kDefault, AnalyzerKind::kReference}) {
    if (name == AnalyzerName(analyzer)) return analyzer;
  }
  return std::nullopt;
}

bool CollectionRequest::Adds(const CollectionOptions& existing) const {
  return (embedder_model && existing.embedder_model.empty()) || IndexesWith(existing) != existing.indexes;
}

CollectionOptions CollectionRequest::AddedTo(CollectionOptions existing) const {
  if (embedder_model && existing.embedder_model.empty()) existing.embedder_model = *embedder_model;
  existing.indexes = IndexesWith(existing);
  return existing;
}

Status ValidateName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  bool good = !name.empty() && name.size() <= limits::kNameBytesMax && name != "." && name != "..";
  for (const char c : name) good = good && allowed(c);
  if (good) return {};
  return Status::InvalidArgument("name", "must be 1..128 of the characters A-Z a-z 0-9 _ . - and not '.' or '..'");
}

Status ValidateId(std::string_view id, const std::string& argument) {
  if (id.empty() || id.size() > limits::kIdBytesMax)
    return Status::InvalidArgument(argument, "must have 1..512 bytes of UTF-8, got " + std::to_string(id.size()));
  if (id.find('\0') != std::string_view::npos) return Status::InvalidArgument(argument, "must not contain NUL");
  if (!IsUtf8(id)) return Status::InvalidArgument(argument, "must be well-formed Unicode");
  return {};
}

Status ValidateMetadata(std::string_view text, const std::string& argument) {
  if (text.size() > limits::kMetadataBytesMax)
    return Status::InvalidArgument(argument,
                                   "must be at most 1 MiB as JSON, got " + std::to_string(text.size()) + " bytes");
  if (JsonDepth(text) > limits::kMetadataDepthMax)
    return Status::InvalidArgument(argument, "must be at most 32 levels deep");
  MetadataCheck check;
  if (!text.empty() && text.front() == '{' && json::sax_parse(text, &check)) return {};
  return Status::InvalidArgument(
      argument, check.too_large ? "must hold no integers beyond 2^53; store them as strings" : "must be a JSON object");
}

Status ValidateText(std::string_view text, const std::string& argument) {
  if (text.size() > limits::kTextBytesMax)
    return Status::InvalidArgument(argument,
                                   "must be at most 16 MiB of UTF-8, got " + std::to_string(text.size()) + " bytes");
  if (!IsUtf8(text)) return Status::InvalidArgument(argument, "must be well-formed UTF-8");
  return {};
}

}  // namespace agentmemdb
