#include "meta/filter_eval.h"

#include <algorithm>
#include <string>
#include <utility>

namespace agentmemdb {
namespace {

constexpr uint32_t kRecordsBetweenChecks = 256;
constexpr size_t kBytesBetweenChecks = 1u << 20;

// `values.Any(path, test)` is AnyAtPath of what the filter is asked of.
template <class Values>
bool MatchesValues(const Filter& filter, Values* values) {
  const auto matches = [values](const Filter& child) { return MatchesValues(child, values); };
  const auto& children = filter.children;
  switch (filter.kind) {
    case FilterKind::kAnd:
      return std::all_of(children.begin(), children.end(), matches);
    case FilterKind::kOr:
      return std::any_of(children.begin(), children.end(), matches);
    case FilterKind::kNor:
      return std::none_of(children.begin(), children.end(), matches);
    case FilterKind::kField:
      break;
  }
  return values->Any(filter.path, [&](const Value* value, bool of_array) { return Passes(filter, value, of_array); });
}

struct ElementValues {
  template <class Test>
  bool Any(const FieldPath& path, const Test& test) const {
    return AnyAtPath(element, path, test);
  }
  const Value& element;
};

// An array in an array is asked as an object whose members are called 0, 1, 2.
Value AsObject(const ValueArray& array) {
  ValueObject object;
  for (size_t i = 0; i < array.size(); ++i) object.push_back({std::to_string(i), array[i]});
  return Value(std::move(object));
}

bool HasElement(const Filter& leaf, const ValueArray& array) {
  const bool of_objects = leaf.op == FieldOp::kHasObject;
  return std::any_of(array.begin(), array.end(), [&](const Value& element) {
    if (of_objects && element.is(ValueType::kArray)) {
      const Value object = AsObject(element.array());
      const ElementValues values{object};
      return MatchesValues(leaf.children.front(), &values);
    }
    const ElementValues values{element};
    return (!of_objects || element.is(ValueType::kObject)) && MatchesValues(leaf.children.front(), &values);
  });
}

bool Contains(const Value& value, const Value& operand) {
  if (value.is(ValueType::kArray))
    return std::any_of(value.array().begin(), value.array().end(),
                       [&](const Value& element) { return Equal(element, operand); });
  return value.is(ValueType::kString) && operand.is(ValueType::kString) &&
         value.string().find(operand.string()) != std::string::npos;
}

bool Compares(const Filter& leaf, const Value& value) {
  const Value& operand = leaf.operands.front();
  if (!value.is(operand.type())) return false;
  const auto order = Compare(value, operand);
  switch (leaf.op) {
    case FieldOp::kEqual:
      return order == 0;
    case FieldOp::kGreater:
      return order > 0;
    case FieldOp::kGreaterOrEqual:
      return order >= 0;
    case FieldOp::kLess:
      return order < 0;
    default:
      return order <= 0;
  }
}

// What is known without reading a record: all of `sure` match, and nothing outside `possible` does.
struct Bounds {
  IdSet sure, possible;
};

// Works out the bounds of a filter from what the indexes answer.
class BoundsFinder {
 public:
  BoundsFinder(FieldSource* source, const IdSet& live, const CancelToken& cancel)
      : source_(source), live_(live), cancel_(cancel) {}

  Result<Bounds> Find(const Filter& filter) {
    switch (filter.kind) {
      case FilterKind::kField:
        return OfField(filter);
      case FilterKind::kAnd:
        return OfAll(filter);
      case FilterKind::kOr:
      case FilterKind::kNor:
        break;
    }
    Result<Bounds> any = OfAny(filter);
    if (!any.ok() || filter.kind == FilterKind::kOr) return any;
    any->sure.Not(live_);
    any->possible.Not(live_);
    std::swap(any->sure, any->possible);
    return any;
  }

 private:
  Result<Bounds> OfField(const Filter& leaf) {
    RETURN_IF_ERROR(cancel_.Check());
    std::optional<IdSet> found = source_->Lookup(leaf, cancel_);
    RETURN_IF_ERROR(cancel_.Check());
    if (!found) return Bounds{IdSet(), live_};
    found->And(live_);
    return Bounds{*found, *found};
  }

  Result<Bounds> OfAll(const Filter& filter) {
    Bounds all{live_, live_};
    for (const Filter& child : filter.children) {
      Result<Bounds> bounds = Find(child);
      if (!bounds.ok()) return bounds;
      all.sure.And(bounds->sure);
      all.possible.And(bounds->possible);
      if (all.possible.empty()) break;
    }
    return all;
  }

  Result<Bounds> OfAny(const Filter& filter) {
    Bounds any;
    for (const Filter& child : filter.children) {
      Result<Bounds> bounds = Find(child);
      if (!bounds.ok()) return bounds;
      any.sure.Or(bounds->sure);
      any.possible.Or(bounds->possible);
    }
    return any;
  }

  FieldSource* source_;
  const IdSet& live_;
  const CancelToken& cancel_;
};

}  // namespace

bool Passes(const Filter& leaf, const Value* value, bool of_array) {
  static const auto* const null = new Value;
  if (leaf.op == FieldOp::kExists) return value != nullptr;
  const Value& held =
      value != nullptr ? *value : *null;  // Missing is equal to null, and that is neither more nor less.
  switch (leaf.op) {
    case FieldOp::kIn:
      return std::binary_search(leaf.operands.begin(), leaf.operands.end(), held,
                                [](const Value& a, const Value& b) { return Compare(a, b) < 0; });
    case FieldOp::kContains:
      return !of_array && Contains(held, leaf.operands.front());
    case FieldOp::kStartsWith:
      return held.is(ValueType::kString) && held.string().starts_with(leaf.operands.front().string());
    case FieldOp::kMatches:
      return held.is(ValueType::kString) && leaf.pattern->IsIn(held.string());
    case FieldOp::kHasElement:
    case FieldOp::kHasObject:
      return !of_array && held.is(ValueType::kArray) && HasElement(leaf, held.array());
    default:
      return Compares(leaf, held);
  }
}

std::optional<IdSet> FieldSource::Lookup(const Filter&, const CancelToken&) { return std::nullopt; }

Result<IdSet> EvaluateFilter(const Filter& filter, FieldSource& source, const CancelToken& cancel) {
  RETURN_IF_ERROR(cancel.Check());
  const IdSet live = source.Live();
  Result<Bounds> bounds = BoundsFinder(&source, live, cancel).Find(filter);
  if (!bounds.ok()) return bounds.status();
  IdSet matching = std::move(bounds->sure);
  IdSet undecided = std::move(bounds->possible);
  undecided.AndNot(matching);
  if (undecided.empty()) return matching;

  uint32_t records = 0;
  size_t bytes = 0;
  const auto visit = [&](Slot slot, const RecordFields& fields) -> Status {
    bytes += fields.metadata ? fields.metadata->size() : 0;
    if (++records == kRecordsBetweenChecks || bytes >= kBytesBetweenChecks) {
      RETURN_IF_ERROR(cancel.Check());
      records = 0;
      bytes = 0;
    }
    RecordValues record(fields);
    if (MatchesValues(filter, &record)) matching.Add(slot);
    return record.damaged() ? DamagedMetadata(fields) : Status();
  };
  RETURN_IF_ERROR(source.Visit(undecided, cancel, visit));
  return matching;
}

bool Matches(const Filter& filter, const RecordFields& record) {
  RecordValues values(record);
  return MatchesValues(filter, &values);
}

Status DamagedMetadata(const RecordFields& record) {
  return Status(Code::kCorrupt, "the metadata of a record is no JSON object").WithId(std::string(record.id));
}

}  // namespace agentmemdb
