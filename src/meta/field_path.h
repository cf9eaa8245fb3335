// A dotted path into a record, and what it reaches: MongoDB's rules.
//
//   a.b    a member of a member. Where a is an array, b of each element that is an object.
//   a.0    the element of that index where a is an array; also the member "0" of an object, or of an array's objects.
//   a      where the value is an array: each of its elements, then the array itself.
//   $id    a field of the record itself; one segment, always there (but $expiresAt).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "meta/value.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kFieldPathBytesMax = 512;
constexpr size_t kFieldPathSegmentsMax = 32;
}  // namespace limits

enum class SystemField : uint8_t { kNone, kId, kCreatedAt, kUpdatedAt, kExpiresAt, kVersion };

struct PathSegment {
  std::string name;
  std::optional<uint32_t> index;  // of an array: when the name is a decimal without leading zeros
};

struct FieldPath {
  std::string dotted;
  SystemField system = SystemField::kNone;
  std::vector<PathSegment> segments;  // of a path into the metadata; 1..32, none for an element itself (filter.h)

  bool in_metadata() const { return system == SystemField::kNone; }
};

// 1..512 bytes, 1..32 segments, none empty, the first not starting with '$' unless it is one of the system fields.
// Errors: kInvalidArgument naming `argument`.
Result<FieldPath> ParseFieldPath(std::string_view dotted, const std::string& argument);

// "$id $createdAt $updatedAt $expiresAt $version": for messages.
const std::string& SystemFieldNames();

namespace field_path_internal {

template <class Test>
bool AnyInArray(const Value& array, std::span<const PathSegment> rest, const Test& test);

template <class Test>
bool AnyInObject(const Value& object, std::span<const PathSegment> path, const Test& test) {
  const Value* value = &object;
  for (size_t i = 0; i < path.size(); ++i) {
    value = value->Find(path[i].name);
    if (value == nullptr) return test(nullptr, false);
    if (value->is(ValueType::kArray)) return AnyInArray(*value, path.subspan(i + 1), test);
  }
  return test(value, false);
}

// `element` was named by its index; `beyond` is the path after that. A path that ends there does not look into it.
template <class Test>
bool AnyInElement(const Value& element, std::span<const PathSegment> beyond, const Test& test) {
  if (beyond.empty()) return test(&element, false);
  if (element.is(ValueType::kObject)) return AnyInObject(element, beyond, test);
  return element.is(ValueType::kArray) && AnyInArray(element, beyond, test);
}

template <class Test>
bool AnyInArray(const Value& array, std::span<const PathSegment> rest, const Test& test) {
  const ValueArray& elements = array.array();
  if (rest.empty()) {
    return std::any_of(elements.begin(), elements.end(), [&](const Value& element) { return test(&element, true); }) ||
           test(&array, false);
  }
  for (size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].is(ValueType::kObject) && AnyInObject(elements[i], rest, test)) return true;
    if (rest[0].index == i && AnyInElement(elements[i], rest.subspan(1), test)) return true;
  }
  return false;
}

}  // namespace field_path_internal

// Whether `test(const Value*, bool of_array)` is true of anything the path reaches in `metadata` (an object). nullptr stands for
// a missing field; a path that goes on below an array without objects reaches nothing, not even a missing field. `of_array`: it
// is one of the elements of an array that the path leads to, and the array itself follows.
// Calls `test` in document order and stops at the first that is true: a test that never is visits everything.
template <class Test>
bool AnyAtPath(const Value& metadata, const FieldPath& path, const Test& test) {
  return field_path_internal::AnyInObject(metadata, path.segments, test);
}

}  // namespace agentmemdb
