// Makes the tree of a filter, for the readers of both of its forms: what a test may ask of which field, and the limits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "meta/filter.h"

namespace agentmemdb {

// Why a value is not taken, and where in it.
struct Refusal {
  std::string place;  // below the value
  const char* why;

  Status At(const std::string& at) const { return Status::InvalidArgument(at + place, why); }
};

// Of one filter. `at` is what an error calls the place of what is read. All errors: kInvalidArgument.
class FilterBuilder {
 public:
  // A test with an operand: every FieldOp but kExists, kIn, kMatches, kHasElement and kHasObject.
  Result<Filter> Test(const FieldPath& path, FieldOp op, Value operand, const std::string& at);
  Result<Filter> In(const FieldPath& path, ValueArray operands, const std::string& at);
  // Equal to each.
  Result<Filter> All(const FieldPath& path, ValueArray operands, const std::string& at);
  Result<Filter> Exists(const FieldPath& path, const std::string& at);
  Result<Filter> Regex(const FieldPath& path, const std::string& regex, const PatternOptions& options,
                       const std::string& at);
  Result<Filter> Like(const FieldPath& path, const std::string& pattern, const std::string& at);
  // `of_objects`: kHasObject.
  Result<Filter> HasElement(const FieldPath& path, bool of_objects, Filter wanted, const std::string& at);

  Status CountClause(const std::string& at);
  // `depth` counts what stands around.
  static Status CheckDepth(int depth, const std::string& at);

  // One child needs nothing around it.
  static Filter AllOf(std::vector<Filter> children);
  static Filter NoneOf(Filter child);
  static Filter NotIf(bool negated, Filter filter) { return negated ? NoneOf(std::move(filter)) : filter; }

 private:
  Status CountPattern(const std::string& at);
  Result<Filter> Leaf(const FieldPath& path, FieldOp op, const std::string& at);
  Result<Filter> Matches(const FieldPath& path, Result<std::shared_ptr<const Pattern>> pattern, const std::string& at);

  int clauses_ = 0, patterns_ = 0;
  size_t pattern_size_ = 0;
};

// An element of a list, or a member of an object, in a place.
std::string PlaceOf(const std::string& parent, std::string_view name);
std::string PlaceOf(const std::string& parent, size_t index);
bool IsOperatorName(std::string_view name);
// Finds an operator where it would only be compared with.
std::optional<Refusal> OperatorWithin(const Value& value);

}  // namespace agentmemdb
