// What a collection is made with, and what its find and scan ask for.
#include "binding/args.h"

namespace agentmemdb::binding {
namespace {

constexpr uint32_t kStringsMax = 1000;

}  // namespace

CollectionRequest Args::CollectionOptions(size_t index) {
  Fields fields(this, At(index), "options", {"dimensions", "metric", "hnsw", "text", "embedder", "indexes"});
  CollectionRequest request;
  request.indexes = fields.Strings("indexes");
  request.dimensions = fields.Integer("dimensions");
  if (std::optional<std::string> metric = fields.String("metric")) {
    request.metric = MetricFromName(*metric);
    if (!request.metric)
      Refuse(Status::InvalidArgument("options.metric", "must be 'cosine', 'l2' or 'ip', got '" + *metric + "'"));
  }
  Fields hnsw(this, fields.Get("hnsw"), "options.hnsw", {"M", "efConstruction", "minSize"});
  request.hnsw_m = hnsw.Integer("M");
  request.hnsw_ef_construction = hnsw.Integer("efConstruction");
  request.hnsw_min_size = hnsw.Integer("minSize");
  Fields text = fields.Object("text", {"language", "analyzer"});
  request.text_language = text.String("language");
  request.text_analyzer = text.Named("analyzer", AnalyzerFromName, "'default' or 'reference'");
  Fields embedder = fields.Object("embedder", {"model", "dimensions"});
  request.embedder_model = embedder.String("model");
  request.embedder_dimensions = embedder.Integer("dimensions");
  return request;
}

FindQuery Args::Page(size_t index) {
  Fields fields(this, At(index), "query", {"limit", "after", "include", "mayEndEarly", "orderBy", "cursor", "total"});
  FindQuery query;
  query.limit = fields.Integer("limit").value_or(query.limit);
  query.after = RowId{fields.Whole("after").value_or(0)};
  query.may_end_early = fields.Boolean("mayEndEarly").value_or(false);
  query.total = fields.Boolean("total").value_or(false);
  if (const std::optional<std::vector<std::string>> order_by = fields.Strings("orderBy"))
    query.order = Take(ParseSortOrder(*order_by, "query.orderBy"));
  if (const std::optional<std::string> cursor = fields.String("cursor"))
    query.cursor = Take(SortCursor::FromJson(*cursor, query.order, "query.cursor"));
  query.include = fields.IncludeFields("include").value_or(query.include);
  return query;
}

std::optional<std::vector<std::string>> Fields::Strings(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  std::vector<std::string> strings;
  const uint32_t length = value.IsArray() ? value.As<Napi::Array>().Length() : 0;
  if (length > kStringsMax) {
    args_->Refuse(Status::InvalidArgument(NameOf(key), "must be at most 1,000 strings, got " + std::to_string(length)));
    return std::nullopt;
  }
  for (uint32_t i = 0; i < length; ++i) {
    const std::optional<std::string> text = ReadString(value.As<Napi::Array>().Get(i));
    if (!text) break;
    args_->input_bytes_ += text->size();
    strings.push_back(*text);
  }
  if (value.IsArray() && strings.size() == length) return strings;
  args_->Refuse(Status::InvalidArgument(NameOf(key), "must be an array of strings"));
  return std::nullopt;
}

}  // namespace agentmemdb::binding
