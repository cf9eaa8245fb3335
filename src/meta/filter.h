// The filter language: its tree, and the reading of its JSON form. What a filter matches: filter_eval.h.
//
//   filter    := { (path: condition | $and: [filter, ...] | $or: [...] | $nor: [...] | $not: filter), ... }
//   condition := value | { (operator: value | $not: { operator: value, ... }), ... }
//   operator  := $eq $ne $gt $gte $lt $lte $in $nin $exists
//
// All members of a filter and of a condition must hold; a value alone means $eq. The meaning is MongoDB's. Two things
// that MongoDB takes are refused: an operator inside a value that stands alone or in $in ($eq compares with such an
// object), and $exists of anything but a boolean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "meta/field_path.h"
#include "meta/value.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kFilterBytesMax = 1u << 20;
constexpr int kFilterDepthMax = 32;       // $and, $or, $nor, $not inside one another
constexpr int kFilterClausesMax = 1000;   // tests of a field, and empty filters
constexpr int kFilterJsonDepthMax = 100;  // 32 operators of two levels each, around a value as deep as metadata
}  // namespace limits

enum class FilterKind : uint8_t { kAnd, kOr, kNor, kField };

enum class FieldOp : uint8_t { kEqual, kGreater, kGreaterOrEqual, kLess, kLessOrEqual, kIn, kExists };

// $ne, $nin, $not and `$exists: false` are a kNor around the opposite: what is not a kField has no meaning of its own.
struct Filter {
  FilterKind kind = FilterKind::kAnd;  // Without children it matches everything.
  std::vector<Filter> children;        // kAnd; kOr and kNor: at least one

  // kField: anything the path reaches passes `op`.
  FieldPath path;
  FieldOp op = FieldOp::kExists;
  std::vector<Value> operands;  // kIn: any number, ascending, each once; kExists: none; else one
};

// Reads the JSON form. `argument` is what the caller calls it: an error names the place, "filter.$or[1].year.$gtt".
// Errors: kInvalidArgument. Cost: linear; what is beyond a limit is refused in less than 100 ms.
Result<Filter> ParseFilter(std::string_view json, const std::string& argument = "filter");

}  // namespace agentmemdb
