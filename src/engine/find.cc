#include "engine/find.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "meta/filter_eval.h"

namespace agentmemdb {
namespace {

constexpr int64_t kScanPageMicros = 20000;
constexpr int kRecordsBetweenChecks = 64;

// A collection as a filter sees it: visible records, known by its field indexes, or read from the snapshot.
class CollectionSource final : public FieldSource {
 public:
  CollectionSource(const ReadView& view, const Collection& collection, TimeMs now)
      : view_(view), collection_(collection), live_(collection.Visible(now)) {}

  // Brings the indexes of every path of the filter up to date, each record read once for all of them.
  Status Prepare(const Filter& filter, const CancelToken& cancel) {
    AddPaths(filter);
    IdSet unknown;
    for (const auto& [dotted, index] : indexes_) {
      IdSet unknown_here = live_;
      index->RemoveKnown(&unknown_here);
      unknown.Or(unknown_here);
    }
    if (unknown.empty()) return {};
    int64_t looked = 0;
    const auto learn = [&](Slot slot, const RecordFields& fields) -> Status {
      if (looked++ % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
      RecordValues record(fields);
      for (const auto& [dotted, index] : indexes_) index->Learn(slot, &record);
      return record.damaged() ? DamagedMetadata(fields) : Status();
    };
    const Status learnt = Visit(unknown, cancel, learn);
    collection_.fields().Trim();
    return learnt;
  }

  IdSet Live() override { return live_; }

  std::optional<IdSet> Lookup(const Filter& leaf, const CancelToken& cancel) override {
    const auto index = indexes_.find(leaf.path.dotted);
    if (index == indexes_.end()) return std::nullopt;
    return index->second->Find(leaf, cancel);
  }

  Status Visit(const IdSet& candidates, const CancelToken&, const VisitRecord& visit) override {
    // In row order the file is read from front to back.
    std::vector<std::pair<RowId, Slot>> places;
    candidates.ForEach([&](Slot slot) { places.emplace_back(collection_.rows()[ToInt(slot)], slot); });
    std::sort(places.begin(), places.end());
    for (const auto& [row, slot] : places) {
      Result<std::optional<RecordRow>> record = view_.rows->FindRow(row);
      if (!record.ok()) return record.status();
      if (!*record) return VanishedRecord(row);
      RETURN_IF_ERROR(visit(slot, FieldsOf(**record)));
    }
    return {};
  }

 private:
  void AddPaths(const Filter& filter) {
    if (filter.kind != FilterKind::kField) {
      for (const Filter& child : filter.children) AddPaths(child);
      return;
    }
    if (indexes_.contains(filter.path.dotted)) return;
    if (auto index = collection_.fields().Get(filter.path)) indexes_[filter.path.dotted] = std::move(index);
  }

  const ReadView& view_;
  const Collection& collection_;
  const IdSet live_;
  std::map<std::string, std::shared_ptr<FieldIndex>> indexes_;  // by path
};

// Fills one page: walks the rows above the cursor and keeps those that match.
Status FillPage(const ReadView& view, const Collection& collection, const FindQuery& query, const CancelToken& cancel,
                FindOutput* output) {
  const TimeMs now = NowMs();
  const int64_t end = MonotonicMicros() + kScanPageMicros;
  size_t bytes = 0;
  output->last = query.after;
  for (int looked = 1;; ++looked) {
    const std::optional<Collection::Place> place = collection.NextVisible(output->last, now);
    output->more = place && place->row <= query.last;
    if (!output->more || output->records.size() == query.limit || bytes >= query.bytes_max) return {};
    if (looked % kRecordsBetweenChecks == 0) {
      RETURN_IF_ERROR(cancel.Check());
      if (query.may_end_early && MonotonicMicros() >= end) return {};
    }
    Result<std::optional<RecordRow>> record = view.rows->FindRow(place->row);
    const bool skipped = query.skip_damaged && record.status().code() == Code::kCorrupt;
    if (!record.ok() && !skipped) return record.status();
    if (!skipped && !*record) return VanishedRecord(place->row);
    output->last = place->row;
    output->damaged += skipped;
    if (skipped || (query.filter && !Matches(*query.filter, FieldsOf(**record)))) continue;
    output->records.push_back(ToOutput(**record, query.include));
    bytes += output->records.back().bytes();
  }
}

}  // namespace

Result<FindOutput> Find(Database* database, CollectionId id, const FindQuery& query, const CancelToken& cancel) {
  if (query.limit < 1 || query.limit > limits::kResultsMax)
    return Status::InvalidArgument("query.limit", "must be an integer in 1..10000, got " + std::to_string(query.limit));
  FindOutput output;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView& view, const Collection& collection) -> Status {
        output = FindOutput();
        return FillPage(view, collection, query, cancel, &output);
      });
  return Finish(status, std::move(output));
}

Result<IdSet> MatchingSlots(const ReadView& view, const Collection& collection, const Filter& filter, TimeMs now,
                            const CancelToken& cancel) {
  CollectionSource source(view, collection, now);
  RETURN_IF_ERROR(source.Prepare(filter, cancel));
  return EvaluateFilter(filter, source, cancel);
}

Status Database::Match(WriteCall* call) {
  if (call->ops.empty()) return {};
  if (auto* where = std::get_if<DeleteWhereOp>(&call->ops.front())) return MatchFilter(where, call->cancel);
  if (auto* purge = std::get_if<PurgeOp>(&call->ops.front())) return MatchExpired(purge, call->cancel);
  return {};
}

Status Database::MatchFilter(DeleteWhereOp* op, const CancelToken& cancel) {
  Result<Filter> filter = ParseFilter(op->filter_json);
  if (!filter.ok()) return filter.status();
  for (;;) {
    RETURN_IF_ERROR(cancel.Check());
    RETURN_IF_ERROR(CatchUpLocked(cancel));
    Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
    if (!rows.ok()) return rows.status();
    std::shared_lock guard(index_lock_);
    Result<DatabaseHeader> header = (*rows)->Header();  // Pins the snapshot.
    if (!header.ok()) return header.status();
    if (header->change_version != applied_ || header->epoch != epoch_) continue;  // Another process was quicker.
    const ReadView view{rows->get(), &collections_};
    Result<const Collection*> collection = view.Find(op->collection);
    if (!collection.ok()) return collection.status();
    Result<IdSet> matching = MatchingSlots(view, **collection, *filter, NowMs(), cancel);
    if (!matching.ok()) return matching.status();
    op->rows.clear();
    matching->ForEach([&](Slot slot) { op->rows.push_back((*collection)->rows()[ToInt(slot)]); });
    return {};
  }
}

Status Database::MatchExpired(PurgeOp* op, const CancelToken& cancel) {
  RETURN_IF_ERROR(CatchUpLocked(cancel));
  std::shared_lock guard(index_lock_);
  const TimeMs now = NowMs();
  op->rows.clear();
  for (const auto& [id, collection] : collections_) {
    for (const RowId row : collection->Expired(now, op->most - op->rows.size()))
      op->rows.emplace_back(collection->id(), row);
  }
  return {};
}

Result<int64_t> CountMatching(Database* database, CollectionId id, const Filter& filter, const CancelToken& cancel) {
  int64_t count = 0;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView& view, const Collection& collection) -> Status {
        Result<IdSet> matching = MatchingSlots(view, collection, filter, NowMs(), cancel);
        if (!matching.ok()) return matching.status();
        count = static_cast<int64_t>(matching->Count());
        return {};
      });
  return Finish(status, count);
}

}  // namespace agentmemdb
