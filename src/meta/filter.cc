#include "meta/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace agentmemdb {
namespace {

struct FieldOperator {
  std::string_view name;
  FieldOp op;
  bool negated;
};

constexpr FieldOperator kFieldOperators[] = {
    {"$eq", FieldOp::kEqual, false},      {"$ne", FieldOp::kEqual, true},
    {"$gt", FieldOp::kGreater, false},    {"$gte", FieldOp::kGreaterOrEqual, false},
    {"$lt", FieldOp::kLess, false},       {"$lte", FieldOp::kLessOrEqual, false},
    {"$in", FieldOp::kIn, false},         {"$nin", FieldOp::kIn, true},
    {"$exists", FieldOp::kExists, false},
};
constexpr const char* kFieldOperatorNames = "$eq $ne $gt $gte $lt $lte $in $nin $exists $not";

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

bool IsOperatorName(std::string_view name) { return name.starts_with('$'); }

bool HasOperator(const Value& value) {
  if (!value.is(ValueType::kObject)) return false;
  const ValueObject& members = value.object();
  return std::any_of(members.begin(), members.end(), [](const Member& member) { return IsOperatorName(member.name); });
}

// A name as a place shows it. Only a name that is refused can be longer than a path.
std::string Shown(std::string_view name) {
  if (name.size() <= limits::kFieldPathBytesMax) return std::string(name);
  size_t end = limits::kFieldPathBytesMax;
  while ((static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return std::string(name.substr(0, end)) + "...";
}

std::string Place(const std::string& parent, std::string_view name) { return parent + "." + Shown(name); }
std::string Place(const std::string& parent, size_t index) { return parent + "[" + std::to_string(index) + "]"; }

struct Refusal {
  std::string place;  // below the value
  const char* why;
};

// Finds an operator where it would only be compared with.
std::optional<Refusal> OperatorWithin(const Value& value) {
  if (value.is(ValueType::kArray)) {
    for (size_t i = 0; i < value.array().size(); ++i) {
      if (auto found = OperatorWithin(value.array()[i])) return Refusal{Place("", i) + found->place, found->why};
    }
  }
  if (value.is(ValueType::kObject)) {
    for (const auto& [name, inner] : value.object()) {
      if (IsOperatorName(name))
        return Refusal{Place("", name),
                       "is an operator inside a value; write the whole path before the operator, as in "
                       "{ \"a.b\": { \"$gt\": 1 } }, or use $eq to compare with such an object"};
      if (auto found = OperatorWithin(inner)) return Refusal{Place("", name) + found->place, found->why};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> WrongType(const FieldPath& path, const Value& operand) {
  if (path.in_metadata()) return std::nullopt;
  if (path.system == SystemField::kId)
    return operand.is(ValueType::kString) ? std::nullopt : std::optional(Refusal{"", "must be a string, as $id is"});
  const bool no_expiry = path.system == SystemField::kExpiresAt && operand.is(ValueType::kNull);
  if (operand.is(ValueType::kNumber) || no_expiry) return std::nullopt;
  if (path.system == SystemField::kVersion) return Refusal{"", "must be a number, as $version is"};
  return Refusal{"", "must be a time in milliseconds since 1970"};
}

// One child needs nothing around it.
Filter AllOf(std::vector<Filter> children) {
  if (children.size() == 1) return std::move(children.front());
  Filter all;
  all.children = std::move(children);
  return all;
}

Filter NoneOf(Filter child) {
  Filter none;
  none.kind = FilterKind::kNor;
  none.children.push_back(std::move(child));
  return none;
}

// Reads one filter. `at` is the place of what is read; `depth` counts the operators around it.
class FilterReader {
 public:
  Result<Filter> ReadFilter(const Value& value, const std::string& at, int depth) {
    if (!value.is(ValueType::kObject)) return Status::InvalidArgument(at, "must be an object");
    if (value.object().empty()) RETURN_IF_ERROR(CountClause(at));
    std::vector<Filter> children;
    for (const Member& member : value.object()) {
      Result<Filter> child = ReadMember(member, Place(at, member.name), depth);
      if (!child.ok()) return child.status();
      children.push_back(std::move(*child));
    }
    return AllOf(std::move(children));
  }

 private:
  Result<Filter> ReadMember(const Member& member, const std::string& at, int depth) {
    if (const ListOperator* list = FindByName(kListOperators, member.name))
      return ReadFilters(list->kind, member.value, at, depth + 1);
    if (member.name == "$not") {
      RETURN_IF_ERROR(CheckDepth(at, depth + 1));
      Result<Filter> child = ReadFilter(member.value, at, depth + 1);
      return child.ok() ? NoneOf(std::move(*child)) : child;
    }
    Result<FieldPath> path = ParseFieldPath(member.name, at);
    if (path.ok()) return ReadCondition(*path, member.value, at, depth);
    if (!IsOperatorName(member.name)) return path.status();
    return Status::InvalidArgument(at, std::string("is not known here: a filter has paths, ") + kFilterOperatorNames +
                                           " and the fields " + SystemFieldNames());
  }

  Result<Filter> ReadFilters(FilterKind kind, const Value& value, const std::string& at, int depth) {
    RETURN_IF_ERROR(CheckDepth(at, depth));
    if (!value.is(ValueType::kArray) || value.array().empty())
      return Status::InvalidArgument(at, "must be an array of at least one filter");
    Filter list;
    list.kind = kind;
    for (size_t i = 0; i < value.array().size(); ++i) {
      Result<Filter> child = ReadFilter(value.array()[i], Place(at, i), depth);
      if (!child.ok()) return child.status();
      list.children.push_back(std::move(*child));
    }
    return list;
  }

  Result<Filter> ReadCondition(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    if (HasOperator(value)) return ReadOperators(path, value, at, depth);
    if (const auto refusal = OperatorWithin(value)) return Status::InvalidArgument(at + refusal->place, refusal->why);
    return ReadTest(path, FieldOp::kEqual, value, at);
  }

  Result<Filter> ReadOperators(const FieldPath& path, const Value& value, const std::string& at, int depth) {
    std::vector<Filter> children;
    for (const Member& member : value.object()) {
      Result<Filter> child = ReadOperator(path, member, Place(at, member.name), depth);
      if (!child.ok()) return child.status();
      children.push_back(std::move(*child));
    }
    return AllOf(std::move(children));
  }

  Result<Filter> ReadOperator(const FieldPath& path, const Member& member, const std::string& at, int depth) {
    if (member.name == "$not") {
      RETURN_IF_ERROR(CheckDepth(at, depth + 1));
      if (!HasOperator(member.value))
        return Status::InvalidArgument(at, "must be an object of operators; to compare with a value, use $ne");
      Result<Filter> child = ReadOperators(path, member.value, at, depth + 1);
      return child.ok() ? NoneOf(std::move(*child)) : child;
    }
    const FieldOperator* known = FindByName(kFieldOperators, member.name);
    if (known == nullptr)
      return Status::InvalidArgument(
          at, std::string("is not a known operator of a field; known are ") + kFieldOperatorNames);
    Result<Filter> test = ReadTest(path, known->op, member.value, at);
    if (!test.ok()) return test;
    const bool absent = known->op == FieldOp::kExists && !member.value.boolean();
    return known->negated || absent ? NoneOf(std::move(*test)) : std::move(*test);
  }

  Result<Filter> ReadTest(const FieldPath& path, FieldOp op, const Value& value, const std::string& at) {
    RETURN_IF_ERROR(CountClause(at));
    Filter test;
    test.kind = FilterKind::kField;
    test.path = path;
    test.op = op;
    if (op == FieldOp::kExists) {
      if (!value.is(ValueType::kBool)) return Status::InvalidArgument(at, "must be true or false");
      return test;
    }
    if (op == FieldOp::kIn) {
      RETURN_IF_ERROR(ReadOperands(path, value, at, &test.operands));
      return test;
    }
    if (const auto refusal = WrongType(path, value)) return Status::InvalidArgument(at, refusal->why);
    test.operands.push_back(value);
    return test;
  }

  static Status ReadOperands(const FieldPath& path, const Value& value, const std::string& at,
                             std::vector<Value>* operands) {
    if (!value.is(ValueType::kArray)) return Status::InvalidArgument(at, "must be an array of values");
    *operands = value.array();
    for (size_t i = 0; i < operands->size(); ++i) {
      auto refusal = WrongType(path, (*operands)[i]);
      if (!refusal) refusal = OperatorWithin((*operands)[i]);
      if (refusal) return Status::InvalidArgument(Place(at, i) + refusal->place, refusal->why);
    }
    std::sort(operands->begin(), operands->end(), [](const Value& a, const Value& b) { return Compare(a, b) < 0; });
    operands->erase(std::unique(operands->begin(), operands->end(), Equal), operands->end());
    return {};
  }

  Status CountClause(const std::string& at) {
    if (++clauses_ <= limits::kFilterClausesMax) return {};
    return Status::InvalidArgument(at, "is one clause too many: a filter has at most 1,000");
  }

  static Status CheckDepth(const std::string& at, int depth) {
    if (depth <= limits::kFilterDepthMax) return {};
    return Status::InvalidArgument(at, "is too deep: at most 32 of $and, $or, $nor and $not inside one another");
  }

  int clauses_ = 0;
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
  return FilterReader().ReadFilter(*value, argument, 0);
}

}  // namespace agentmemdb
