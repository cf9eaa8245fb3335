#include "meta/sort_order.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace agentmemdb {
namespace {

constexpr int kCursorDepthMax = 40;  // Of a value as deep as metadata may be, in two lists of an object.
constexpr double kRowMax = 9007199254740992;

std::string Named(const SortField& field) { return (field.descending ? "-" : "+") + field.path.dotted; }

const Value& Null() {
  static const auto* const null = new Value;
  return *null;
}

}  // namespace

Result<SortOrder> ParseSortOrder(std::span<const std::string> fields, const std::string& argument) {
  if (fields.empty() || fields.size() > limits::kSortFieldsMax)
    return Status::InvalidArgument(argument, "must name 1..8 fields, got " + std::to_string(fields.size()));
  SortOrder order;
  for (const std::string& field : fields) {
    const std::string_view dotted = std::string_view(field).substr(std::min<size_t>(field.size(), 1));
    Result<FieldPath> path = ParseFieldPath(dotted, argument);
    if (!path.ok()) return path.status();
    const auto twice =
        std::any_of(order.begin(), order.end(), [&](const auto& each) { return each.path.dotted == dotted; });
    if (twice) return Status::InvalidArgument(argument, std::string("names ").append(dotted).append(" twice"));
    order.push_back({std::move(*path), field.starts_with('-')});
  }
  return order;
}

std::strong_ordering CompareKeys(SortKey a, SortKey b) {
  if (a == nullptr || b == nullptr) return (a != nullptr) <=> (b != nullptr);
  return Compare(*a, *b);
}

void SortKeyFinder::Add(const Value* value, bool of_array) {
  if (of_array) return;  // It comes with its array.
  if (value == nullptr) return Take(&Null());
  if (!value->is(ValueType::kArray)) return Take(value);
  if (value->array().empty()) return Take(nullptr);
  for (const Value& element : value->array()) Take(&element);
}

void SortKeyFinder::Take(SortKey key) {
  const bool better = !any_ || (descending_ ? CompareKeys(key, key_) > 0 : CompareKeys(key, key_) < 0);
  any_ = true;
  if (better) key_ = key;
}

SortKey SortKeyFinder::key() const { return any_ ? key_ : &Null(); }

std::string SortCursor::ToJson(const SortOrder& order) const {
  std::string json = "{\"by\":[";
  for (const SortField& field : order) {
    if (json.back() != '[') json.push_back(',');
    AppendJsonString(&json, Named(field));
  }
  json += "],\"keys\":[";
  for (const std::optional<Value>& key : keys) {
    json += json.back() == '[' ? "[" : ",[";
    if (key) AppendJson(*key, &json);
    json.push_back(']');
  }
  return json + "],\"row\":" + std::to_string(row) + "}";
}

Result<SortCursor> SortCursor::FromJson(std::string_view json, const SortOrder& order, const std::string& argument) {
  const Status refused = Status::InvalidArgument(argument, "must be a cursor that find returned");
  const std::optional<Value> value =
      JsonDepth(json) <= kCursorDepthMax ? ParseValue(json, kCursorDepthMax) : std::nullopt;
  if (!value) return refused;
  const Value *by = value->Find("by"), *keys = value->Find("keys"), *row = value->Find("row");
  if (by == nullptr || !by->is(ValueType::kArray) || keys == nullptr || !keys->is(ValueType::kArray) ||
      row == nullptr || !row->is(ValueType::kNumber))
    return refused;
  const auto same = [](const SortField& field, const Value& name) {
    return name.is(ValueType::kString) && name.string() == Named(field);
  };
  if (!std::equal(order.begin(), order.end(), by->array().begin(), by->array().end(), same))
    return Status::InvalidArgument(argument, "is of a find with another orderBy");
  SortCursor cursor;
  for (const Value& key : keys->array()) {
    if (!key.is(ValueType::kArray) || key.array().size() > 1) return refused;
    cursor.keys.push_back(key.array().empty() ? std::nullopt : std::optional(key.array().front()));
  }
  const double number = row->number();
  if (cursor.keys.size() != order.size() || number != std::floor(number) || number < 0 || number > kRowMax)
    return refused;
  cursor.row = static_cast<int64_t>(number);
  return cursor;
}

}  // namespace agentmemdb
