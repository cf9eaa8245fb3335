// The filter language: its tree, and the reading of its JSON form. What a filter matches: filter_eval.h; the string form:
// filter_string.h.
//
//   filter    := { (path: condition | $and: [filter, ...] | $or: [...] | $nor: [...] | $not: filter), ... }
//   condition := value | operators
//   operators := { (operator: value | $not: operators | $elemMatch: operators | $elemMatch: filter), ... }
//   operator  := $eq $ne $gt $gte $lt $lte $in $nin $all $exists $contains $startsWith $regex $options
//
// All members of a filter and of a condition must hold; a value alone means $eq. The meaning is MongoDB's, and $contains and
// $startsWith are ours. Two things that MongoDB takes are refused: an operator inside a value that stands alone or in a list
// ($eq compares with such an object), and $exists of anything but a boolean.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "meta/field_path.h"
#include "meta/pattern.h"
#include "meta/value.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kFilterBytesMax = 1u << 20;
constexpr int kFilterDepthMax = 32;      // $and, $or, $nor, $not, $elemMatch inside one another
constexpr int kFilterClausesMax = 1000;  // tests of a field, and empty filters
constexpr int kFilterPatternsMax = 100;
constexpr size_t kFilterPatternSizeMax = 20000;  // of all together, compiled (pattern.h)
constexpr int kFilterJsonDepthMax = 100;         // 32 operators of two levels each, around a value as deep as metadata
}  // namespace limits

enum class FilterKind : uint8_t { kAnd, kOr, kNor, kField };

enum class FieldOp : uint8_t {
  kEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kIn,
  kExists,
  kContains,    // a string has it as a part, an array as an element: JavaScript's includes
  kStartsWith,  // a string, also one in an array
  kMatches,     // a pattern is found in a string, also one in an array
  kHasElement,  // an array has an element that passes the child, whose paths have no segments: they mean the element
  kHasObject,   // an array has an object, or an array, that matches the child, whose paths begin there
};

// $ne, $nin, $not and `$exists: false` are a kNor around the opposite, $all is a kAnd: what is not a kField has no meaning of
// its own.
struct Filter {
  FilterKind kind = FilterKind::kAnd;  // Without children it matches everything.
  std::vector<Filter> children;        // kAnd; kOr and kNor: at least one; kHasElement and kHasObject: one

  // kField: anything the path reaches passes `op`.
  FieldPath path;
  FieldOp op = FieldOp::kExists;
  std::vector<Value>
      operands;  // kIn: any number, ascending, each once; kEqual to kLessOrEqual, kContains, kStartsWith: one
  std::shared_ptr<const Pattern> pattern;  // kMatches
};

// Reads the JSON form, or the string form as a JSON string. `argument` is what the caller calls it: an error names the place,
// "filter.$or[1].year.$gtt", or the position (filter_string.h).
// Errors: kInvalidArgument. Cost: linear; what is beyond a limit is refused in less than 100 ms.
Result<Filter> ParseFilter(std::string_view json, const std::string& argument = "filter");

}  // namespace agentmemdb
