#include "meta/filter_eval.h"

#include <algorithm>
#include <string>
#include <utility>

namespace agentmemdb {
namespace {

constexpr uint32_t kRecordsBetweenChecks = 256;
constexpr size_t kBytesBetweenChecks = 1u << 20;
// Writing allows less (engine/options.h); this only bounds what recursion may meet.
constexpr int kMetadataDepthMax = 100;

// `value` is nullptr for a missing field.
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

// One record under a filter; parses its metadata when a leaf first asks for it.
class Candidate {
 public:
  explicit Candidate(const RecordFields& fields) : fields_(fields) {}

  bool Matches(const Filter& filter) {
    const auto matches = [this](const Filter& child) { return Matches(child); };
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
    if (filter.path.in_metadata())
      return AnyAtPath(Metadata(), filter.path, [&](const Value* value) { return Passes(filter, value); });
    const std::optional<Value> value = SystemValue(filter.path.system);
    return Passes(filter, value ? &*value : nullptr);
  }

  // Known once Matches has returned.
  bool damaged() const { return damaged_; }

 private:
  const Value& Metadata() {
    if (parsed_) return metadata_;
    parsed_ = true;
    if (!fields_.metadata) return metadata_;
    std::optional<Value> value = ParseValue(*fields_.metadata, kMetadataDepthMax);
    damaged_ = !value || !value->is(ValueType::kObject);
    if (!damaged_) metadata_ = std::move(*value);
    return metadata_;
  }

  std::optional<Value> SystemValue(SystemField field) const {
    switch (field) {
      case SystemField::kId:
        return Value(std::string(fields_.id));
      case SystemField::kCreatedAt:
        return Value(static_cast<double>(fields_.created_at));
      case SystemField::kUpdatedAt:
        return Value(static_cast<double>(fields_.updated_at));
      case SystemField::kExpiresAt:
        if (fields_.expires_at) return Value(static_cast<double>(*fields_.expires_at));
        break;
      case SystemField::kVersion:
        return Value(static_cast<double>(fields_.version));
      case SystemField::kNone:
        break;
    }
    return std::nullopt;
  }

  const RecordFields& fields_;
  Value metadata_{ValueObject()};
  bool parsed_ = false;
  bool damaged_ = false;
};

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
    Candidate candidate(fields);
    if (candidate.Matches(filter)) matching.Add(slot);
    if (!candidate.damaged()) return {};
    return Status(Code::kCorrupt, "the metadata of a record is no JSON object").WithId(std::string(fields.id));
  };
  RETURN_IF_ERROR(source.Visit(undecided, cancel, visit));
  return matching;
}

bool Matches(const Filter& filter, const RecordFields& record) { return Candidate(record).Matches(filter); }

}  // namespace agentmemdb
