// What find and scan ask for.
#include "binding/args.h"

namespace agentmemdb::binding {

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
  for (uint32_t i = 0; i < length; ++i) {
    const std::optional<std::string> text = ReadString(value.As<Napi::Array>().Get(i));
    if (!text) break;
    args_->input_bytes_ += text->size();
    strings.push_back(*text);
  }
  if (value.IsArray() && strings.size() == length) return strings;
  args_->Refuse(Status::InvalidArgument(Named(key), "must be an array of strings"));
  return std::nullopt;
}

}  // namespace agentmemdb::binding
