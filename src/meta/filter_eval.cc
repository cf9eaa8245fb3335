#include "meta/filter_eval.h"

#include <algorithm>
#include <string>
#include <utility>

namespace agentmemdb {
namespace {

constexpr uint32_t kRecordsBetweenChecks = 256;
constexpr size_t kBytesBetweenChecks = 1u << 20;

bool MatchesRecord(const Filter& filter, RecordValues* record) {
  const auto matches = [record](const Filter& child) { return MatchesRecord(child, record); };
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
  return record->Any(filter.path, [&](const Value* value) { return Passes(filter, value); });
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
    std::optional<IdSet> found = source_->Lookup(leaf);
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

bool Passes(const Filter& leaf, const Value* value) {
  static const auto* const null = new Value;
  if (leaf.op == FieldOp::kExists) return value != nullptr;
  if (leaf.op == FieldOp::kIn)
    return std::binary_search(leaf.operands.begin(), leaf.operands.end(), value != nullptr ? *value : *null,
                              [](const Value& a, const Value& b) { return Compare(a, b) < 0; });
  const Value& held =
      value != nullptr ? *value : *null;  // Missing is equal to null, and that is neither more nor less.
  const Value& operand = leaf.operands.front();
  if (!held.is(operand.type())) return false;
  const auto order = Compare(held, operand);
  switch (leaf.op) {
    case FieldOp::kEqual:
      return order == 0;
    case FieldOp::kGreater:
      return order > 0;
    case FieldOp::kGreaterOrEqual:
      return order >= 0;
    case FieldOp::kLess:
      return order < 0;
    case FieldOp::kLessOrEqual:
      return order <= 0;
    case FieldOp::kIn:
    case FieldOp::kExists:
      break;
  }
  return false;
}

std::optional<IdSet> FieldSource::Lookup(const Filter&) { return std::nullopt; }

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
    if (MatchesRecord(filter, &record)) matching.Add(slot);
    return record.damaged() ? DamagedMetadata(fields) : Status();
  };
  RETURN_IF_ERROR(source.Visit(undecided, cancel, visit));
  return matching;
}

bool Matches(const Filter& filter, const RecordFields& record) {
  RecordValues values(record);
  return MatchesRecord(filter, &values);
}

Status DamagedMetadata(const RecordFields& record) {
  return Status(Code::kCorrupt, "the metadata of a record is no JSON object").WithId(std::string(record.id));
}

}  // namespace agentmemdb
