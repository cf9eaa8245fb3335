#include "meta/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "meta/filter_builder.h"
#include "meta/filter_string.h"

namespace agentmemdb {
namespace {

// Operators of a field that are a test with one operand, or its opposite. Others: ReadOperator.
struct FieldOperator {
  std::string_view name;
  FieldOp op;
  bool negated;
};

constexpr FieldOperator kFieldOperators[] = {
    {"$eq", FieldOp::kEqual, false},          {"$ne", FieldOp::kEqual, true},
    {"$gt", FieldOp::kGreater, false},        {"$gte", FieldOp::kGreaterOrEqual, false},
    {"$lt", FieldOp::kLess, false},           {"$lte", FieldOp::kLessOrEqual, false},
    {"$contains", FieldOp::kContains, false}, {"$startsWith", FieldOp::kStartsWith, false},
};
constexpr const char* kFieldOperatorNames =
    "$eq $ne $gt $gte $lt $lte $in $nin $all $elemMatch $exists $contains $startsWith $regex $not";

struct ListOperator {
  std::string_view name;
  FilterKind kind;
};

constexpr ListOperator kListOperators[] = {
    {"$and", FilterKind::kAnd},
    {"$or", FilterKind::kOr},
    {"$nor", FilterKind::kNor},
};
constexpr const char* kFilterOperatorNames = "$and $or $nor $not";

template <class Table>
auto FindByName(const Table& table, std::string_view name) {
  const auto found =
      std::find_if(std::begin(table), std::end(table), [&](const auto& row) { return row.name == name; });
  return found == std::end(table) ? nullptr : &*found;
}

bool HasOperator(const Value& value) {
  if (!value.is(ValueType::kObject)) return false;
  const ValueObject& members = value.object();
  return std::any_of(members.begin(), members.end(), [](const Member& member) { return IsOperatorName(member.name); });
}

// Whether an $elemMatch asks of the elements themselves, and not of their members.
bool IsOfValues(const Value& wanted) {
  if (!wanted.is(ValueType::kObject) || wanted.object().empty()) return false;
  const std::string& first = wanted.object().front().name;
  return IsOperatorName(first) && FindByName(kListOperators, first) == nullptr;
}

bool IsElemMatch(const Value& value) { return value.is(ValueType::kObject) && value.Find("$elemMatch") != nullptr; }

Result<PatternOptions> ReadPatternOptions(const Value* letters, const std::string& at) {
  PatternOptions options;
  if (letters == nullptr) return options;
  const Status refused = Status::InvalidArgument(at, "must be letters of i, m, s and x, each once");
  if (!letters->is(ValueType::kString)) return refused;
  for (const char letter : letters->string()) {
    bool* const option = letter == 'i'   ? &options.ignore_case
                         : letter == 'm' ? &options.multi_line
                         : letter == 's' ? &options.dot_all
                         : letter == 'x' ? &options.extended
                                         : nullptr;
    if (option == nullptr || *option) return refused;
    *option = true;
  }
  return options;
}

// Reads one filter. `at` is the place of what is read; `depth` counts the operators around it.
class FilterReader {
 public:
  Result<Filter> ReadFilter(const Value& value, const std::string& at, int depth) {
    if (!value.is(ValueType::kObject)) return Status::InvalidArgument(at, "must be an object");
    if (value.object().empty()) RETURN_IF_ERROR(builder_.CountClause(at));
    std::vector<Filter> children;
    for (const Member& member : value.object()) {
      Result<Filter> child = ReadMember(member, PlaceOf(at, member.name), depth);
      if (!child.ok()) return child.status();
      children.push_back(std::move(*child));
    }
    return FilterBuilder::AllOf(std::move(children));
  }

 private:
  Result<Filter> ReadMember(const Member& member, const std::string& at, int depth) {
    if (const ListOperator* list = FindByName(kListOperators, member.name))
      return ReadFilters(list->kind, member.value, at, depth + 1);
    if (member.name == "$not") {
      RETURN_IF_ERROR(FilterBuilder::CheckDepth(depth + 1, at));
      Result<Filter> child = ReadFilter(member.value, at, depth + 1);
      return child.ok() ? FilterBuilder::NoneOf(std::move(*child)) : child;
    }
    Result<FieldPath> path = ParseFieldPath(member.name, at);
    if (path.ok() && elements_ > 0 && !path->in_metadata())
      return Status::InvalidArgument(at, "is a field of records, and an element of an array is none");
    if (path.ok()) return ReadCondition(*path, member.value, at, depth);
    if (!IsOperatorName(member.name)) return path.status();
    return Status::InvalidArgument(at, std::string("is not known here: a filter has paths, ") + kFilterOperatorNames +
                                           " and the fields " + SystemFieldNames());
  }

  Result<Filter> ReadFilters(FilterKind kind, const Value& value, const std::string& at, int depth) {
    RETURN_IF_ERROR(FilterBuilder::CheckDepth(depth, at));
    if (!value.is(ValueType::kArray) || value.array().empty())
      return Status::InvalidArgument(at, "must be an array of at least one filter");
    Filter list;
    list.kind = kind;
    for (size_t i = 0; i < value.array().size(); ++i) {
      Result<Filter> child = ReadFilter(value.array()[i], PlaceOf(at, i), depth);
      if (!child.ok()) return child.status();
      list.children.push_back(std::move(*child));
    }
    return list;
  }

  Result<Filter> ReadCondition(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    if (HasOperator(value)) return ReadOperators(path, value, at, depth);
    if (const auto refusal = OperatorWithin(value)) return refusal->At(at);
    return builder_.Test(path, FieldOp::kEqual, value, at);
  }

  Result<Filter> ReadOperators(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    std::vector<Filter> children;
    for (const Member& member : value.object()) {
      if (member.name == "$options" && value.Find("$regex") != nullptr) continue;  // Read with that.
      Result<Filter> child = ReadOperator(path, member, value, PlaceOf(at, member.name), depth);
      if (!child.ok()) return child.status();
      children.push_back(std::move(*child));
    }
    return FilterBuilder::AllOf(std::move(children));
  }

  // `all` are the operators it stands among.
  Result<Filter> ReadOperator(const FieldPath& path, const Member& member, const Value& all, const std::string& at,
                              int depth) {
    const Value& operand = member.value;
    if (const FieldOperator* known = FindByName(kFieldOperators, member.name)) {
      Result<Filter> test = builder_.Test(path, known->op, operand, at);
      return test.ok() ? FilterBuilder::NotIf(known->negated, std::move(*test)) : test;
    }
    if (member.name == "$not") return ReadNot(path, operand, at, depth + 1);
    if (member.name == "$in" || member.name == "$nin") {
      if (!operand.is(ValueType::kArray)) return Status::InvalidArgument(at, "must be an array of values");
      Result<Filter> test = builder_.In(path, operand.array(), at);
      return test.ok() ? FilterBuilder::NotIf(member.name == "$nin", std::move(*test)) : test;
    }
    if (member.name == "$all") return ReadAll(path, operand, at, depth);
    if (member.name == "$elemMatch") return ReadElemMatch(path, operand, at, depth + 1);
    if (member.name == "$exists") {
      if (!operand.is(ValueType::kBool)) return Status::InvalidArgument(at, "must be true or false");
      Result<Filter> test = builder_.Exists(path, at);
      return test.ok() ? FilterBuilder::NotIf(!operand.boolean(), std::move(*test)) : test;
    }
    if (member.name == "$regex") return ReadRegex(path, operand, all, at);
    if (member.name == "$options") return Status::InvalidArgument(at, "needs $regex beside it");
    return Status::InvalidArgument(at,
                                   std::string("is not a known operator of a field; known are ") + kFieldOperatorNames);
  }

  Result<Filter> ReadNot(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    RETURN_IF_ERROR(FilterBuilder::CheckDepth(depth, at));
    if (!HasOperator(value))
      return Status::InvalidArgument(at, "must be an object of operators; to compare with a value, use $ne");
    Result<Filter> child = ReadOperators(path, value, at, depth);
    return child.ok() ? FilterBuilder::NoneOf(std::move(*child)) : child;
  }

  Result<Filter> ReadAll(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    if (!value.is(ValueType::kArray)) return Status::InvalidArgument(at, "must be an array of values");
    if (value.array().empty() || !IsElemMatch(value.array().front())) return builder_.All(path, value.array(), at);
    std::vector<Filter> tests;
    for (size_t i = 0; i < value.array().size(); ++i) {
      const Value& each = value.array()[i];
      const std::string place = PlaceOf(at, i);
      if (!IsElemMatch(each) || each.object().size() != 1)
        return Status::InvalidArgument(place, "must be { $elemMatch: ... } alone, as the first one is");
      Result<Filter> test = ReadElemMatch(path, each.object().front().value, PlaceOf(place, "$elemMatch"), depth + 1);
      if (!test.ok()) return test;
      tests.push_back(std::move(*test));
    }
    return FilterBuilder::AllOf(std::move(tests));
  }

  Result<Filter> ReadElemMatch(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    RETURN_IF_ERROR(FilterBuilder::CheckDepth(depth, at));
    const bool of_values = IsOfValues(value);
    ++elements_;
    Result<Filter> wanted = of_values ? ReadOperators(FieldPath(), value, at, depth) : ReadFilter(value, at, depth);
    --elements_;
    if (!wanted.ok()) return wanted;
    return builder_.HasElement(path, !of_values, std::move(*wanted), at);
  }

  Result<Filter> ReadRegex(const FieldPath& path, const Value& value, const Value& all, const std::string& at) {
    if (!value.is(ValueType::kString)) return Status::InvalidArgument(at, "must be a string");
    const std::string beside = at.substr(0, at.size() - std::string_view("$regex").size()) + "$options";
    Result<PatternOptions> options = ReadPatternOptions(all.Find("$options"), beside);
    if (!options.ok()) return options.status();
    return builder_.Regex(path, value.string(), *options, at);
  }

  FilterBuilder builder_;
  int elements_ = 0;  // How many $elemMatch stand around.
};

}  // namespace

Result<Filter> ParseFilter(std::string_view json, const std::string& argument) {
  if (json.size() > limits::kFilterBytesMax)
    return Status::InvalidArgument(argument,
                                   "must be at most 1 MiB as JSON, got " + std::to_string(json.size()) + " bytes");
  if (JsonDepth(json) > limits::kFilterJsonDepthMax)
    return Status::InvalidArgument(argument, "must be at most 100 levels deep as JSON");
  const std::optional<Value> value = ParseValue(json, limits::kFilterJsonDepthMax);
  if (!value) return Status::InvalidArgument(argument, "must be valid JSON");
  if (value->is(ValueType::kString)) return ParseFilterString(value->string(), argument);
  return FilterReader().ReadFilter(*value, argument, 0);
}

}  // namespace agentmemdb
