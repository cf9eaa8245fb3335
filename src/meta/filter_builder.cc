#include "meta/filter_builder.h"

#include <algorithm>
#include <utility>

namespace agentmemdb {
namespace {

// A name as a place shows it. Only a name that is refused can be longer than a path.
std::string Shown(std::string_view name) {
  if (name.size() <= limits::kFieldPathBytesMax) return std::string(name);
  size_t end = limits::kFieldPathBytesMax;
  while ((static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return std::string(name.substr(0, end)) + "...";
}

// What a test of a system field would never find.
std::optional<Refusal> WrongTest(const FieldPath& path, FieldOp op) {
  if (path.in_metadata() || op <= FieldOp::kExists) return std::nullopt;
  if (op >= FieldOp::kHasElement) return Refusal{"", "is a test of arrays, and the fields of a record itself are none"};
  if (path.system == SystemField::kId) return std::nullopt;
  return Refusal{"", "is a test of texts, and of the fields of a record itself only $id is one"};
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

}  // namespace

std::string PlaceOf(const std::string& parent, std::string_view name) { return parent + "." + Shown(name); }
std::string PlaceOf(const std::string& parent, size_t index) { return parent + "[" + std::to_string(index) + "]"; }

bool IsOperatorName(std::string_view name) { return name.starts_with('$'); }

std::optional<Refusal> OperatorWithin(const Value& value) {
  if (value.is(ValueType::kArray)) {
    for (size_t i = 0; i < value.array().size(); ++i) {
      if (auto found = OperatorWithin(value.array()[i])) return Refusal{PlaceOf("", i) + found->place, found->why};
    }
  }
  if (value.is(ValueType::kObject)) {
    for (const auto& [name, inner] : value.object()) {
      if (IsOperatorName(name))
        return Refusal{PlaceOf("", name),
                       "is an operator inside a value; write the whole path before the operator, as in "
                       "{ \"a.b\": { \"$gt\": 1 } }, or use $eq to compare with such an object"};
      if (auto found = OperatorWithin(inner)) return Refusal{PlaceOf("", name) + found->place, found->why};
    }
  }
  return std::nullopt;
}

Result<Filter> FilterBuilder::Leaf(const FieldPath& path, FieldOp op, const std::string& at) {
  RETURN_IF_ERROR(CountClause(at));
  if (const auto refusal = WrongTest(path, op)) return refusal->At(at);
  Filter leaf;
  leaf.kind = FilterKind::kField;
  leaf.path = path;
  leaf.op = op;
  return leaf;
}

Result<Filter> FilterBuilder::Test(const FieldPath& path, FieldOp op, Value operand, const std::string& at) {
  Result<Filter> test = Leaf(path, op, at);
  if (!test.ok()) return test;
  if (op == FieldOp::kStartsWith && !operand.is(ValueType::kString))
    return Status::InvalidArgument(at, "must be a string");
  if (const auto refusal = WrongType(path, operand)) return refusal->At(at);
  test->operands.push_back(std::move(operand));
  return test;
}

Result<Filter> FilterBuilder::In(const FieldPath& path, ValueArray operands, const std::string& at) {
  Result<Filter> test = Leaf(path, FieldOp::kIn, at);
  if (!test.ok()) return test;
  for (size_t i = 0; i < operands.size(); ++i) {
    auto refusal = WrongType(path, operands[i]);
    if (!refusal) refusal = OperatorWithin(operands[i]);
    if (refusal) return refusal->At(PlaceOf(at, i));
  }
  std::sort(operands.begin(), operands.end(), [](const Value& a, const Value& b) { return Compare(a, b) < 0; });
  operands.erase(std::unique(operands.begin(), operands.end(), Equal), operands.end());
  test->operands = std::move(operands);
  return test;
}

Result<Filter> FilterBuilder::All(const FieldPath& path, ValueArray operands, const std::string& at) {
  if (operands.empty()) RETURN_IF_ERROR(CountClause(at));
  std::vector<Filter> tests;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (const auto refusal = OperatorWithin(operands[i])) return refusal->At(PlaceOf(at, i));
    Result<Filter> test = Test(path, FieldOp::kEqual, std::move(operands[i]), PlaceOf(at, i));
    if (!test.ok()) return test;
    tests.push_back(std::move(*test));
  }
  return tests.empty() ? NoneOf(Filter()) : AllOf(std::move(tests));
}

Result<Filter> FilterBuilder::Exists(const FieldPath& path, const std::string& at) {
  return Leaf(path, FieldOp::kExists, at);
}

Result<Filter> FilterBuilder::Matches(const FieldPath& path, Result<std::shared_ptr<const Pattern>> pattern,
                                      const std::string& at) {
  Result<Filter> test = Leaf(path, FieldOp::kMatches, at);
  if (!test.ok()) return test;
  if (!pattern.ok()) return pattern.status();
  pattern_size_ += (*pattern)->size();
  if (pattern_size_ > limits::kFilterPatternSizeMax)
    return Status::InvalidArgument(at, "is too much: the patterns of a filter repeat too much, all together");
  test->pattern = std::move(*pattern);
  return test;
}

Result<Filter> FilterBuilder::Regex(const FieldPath& path, const std::string& regex, const PatternOptions& options,
                                    const std::string& at) {
  RETURN_IF_ERROR(CountPattern(at));
  return Matches(path, Pattern::Regex(regex, options, at), at);
}

Result<Filter> FilterBuilder::Like(const FieldPath& path, const std::string& pattern, const std::string& at) {
  RETURN_IF_ERROR(CountPattern(at));
  return Matches(path, Pattern::Like(pattern, at), at);
}

Result<Filter> FilterBuilder::HasElement(const FieldPath& path, bool of_objects, Filter wanted, const std::string& at) {
  Result<Filter> test = Leaf(path, of_objects ? FieldOp::kHasObject : FieldOp::kHasElement, at);
  if (test.ok()) test->children.push_back(std::move(wanted));
  return test;
}

Status FilterBuilder::CountClause(const std::string& at) {
  if (++clauses_ <= limits::kFilterClausesMax) return {};
  return Status::InvalidArgument(at, "is one clause too many: a filter has at most 1,000");
}

// Before it is compiled, which takes time.
Status FilterBuilder::CountPattern(const std::string& at) {
  if (++patterns_ <= limits::kFilterPatternsMax) return {};
  return Status::InvalidArgument(at, "is one pattern too many: a filter has at most 100; join them with |");
}

Status FilterBuilder::CheckDepth(int depth, const std::string& at) {
  if (depth <= limits::kFilterDepthMax) return {};
  return Status::InvalidArgument(at, "is too deep: at most 32 operators around one another");
}

Filter FilterBuilder::AllOf(std::vector<Filter> children) {
  if (children.size() == 1) return std::move(children.front());
  Filter all;
  all.children = std::move(children);
  return all;
}

Filter FilterBuilder::NoneOf(Filter child) {
  Filter none;
  none.kind = FilterKind::kNor;
  none.children.push_back(std::move(child));
  return none;
}

}  // namespace agentmemdb
