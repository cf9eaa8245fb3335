// The order that a page of records is asked in: fields, each ascending or descending, in MongoDB's order of values.
//
// An array counts as its smallest element, descending as its largest; an empty one comes before everything. What is missing is null.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "meta/field_path.h"
#include "meta/value.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kSortFieldsMax = 8;
}  // namespace limits

struct SortField {
  FieldPath path;
  bool descending = false;
};

using SortOrder = std::vector<SortField>;

// From paths after their signs, "+year" or "-year": 1..8, no path twice. Errors: kInvalidArgument naming `argument`.
Result<SortOrder> ParseSortOrder(std::span<const std::string> fields, const std::string& argument);

// What a record has in one field; nullptr: an empty array.
using SortKey = const Value*;
std::strong_ordering CompareKeys(SortKey a, SortKey b);

// Takes the key from what a path reaches, one after the other.
class SortKeyFinder {
 public:
  explicit SortKeyFinder(bool descending) : descending_(descending) {}
  // As AnyAtPath gives it. It must live as long as the key is used.
  void Add(const Value* value, bool of_array);
  SortKey key() const;

 private:
  void Take(SortKey key);

  const bool descending_;
  bool any_ = false;
  SortKey key_ = nullptr;
};

// Where a page ended: the keys of its last record, and its row, by which equal ones are ordered.
struct SortCursor {
  std::vector<std::optional<Value>> keys;  // of each field; nullopt: an empty array
  int64_t row = 0;

  std::string ToJson(const SortOrder& order) const;
  // Of text from anywhere. Errors: kInvalidArgument naming `argument`: not made by ToJson with the same order.
  static Result<SortCursor> FromJson(std::string_view json, const SortOrder& order, const std::string& argument);
};

}  // namespace agentmemdb
