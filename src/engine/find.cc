#include "engine/find.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>

#include "base/clock.h"
#include "meta/filter_eval.h"

namespace agentmemdb {
namespace {

constexpr int64_t kScanPageMicros = 20000;
constexpr int kRecordsBetweenChecks = 64;
constexpr size_t kSlotsBetweenChecks = 4096;
// Looking up the next row takes so many times as long as looking at a slot.
constexpr size_t kDense = 25;

// A collection as a filter sees it: visible records, known by its field indexes, or read from the snapshot.
class CollectionSource final : public FieldSource {
 public:
  CollectionSource(const ReadView& view, const Collection& collection, TimeMs now)
      : view_(view), collection_(collection), live_(collection.Visible(now)) {}

  // Brings the indexes of every path up to date, each record read once for all of them.
  Status Prepare(const Filter* filter, const SortOrder& order, const CancelToken& cancel) {
    if (filter != nullptr) AddPaths(*filter);
    for (const SortField& field : order) AddPath(field.path, /*needed=*/true);
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

  // Whether a filter is answered without reading records.
  bool Answers(const Filter& filter) const {
    if (filter.kind == FilterKind::kField) return indexes_.contains(filter.path.dotted);
    return std::all_of(filter.children.begin(), filter.children.end(),
                       [this](const Filter& child) { return Answers(child); });
  }

  const FieldIndex& IndexOf(const FieldPath& path) const { return *indexes_.at(path.dotted); }

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
    AddPath(filter.path, /*needed=*/false);
  }

  // What is needed and would take too much memory for good is made for this call.
  void AddPath(const FieldPath& path, bool needed) {
    if (indexes_.contains(path.dotted)) return;
    auto index = collection_.fields().Get(path);
    if (index == nullptr && needed) index = std::make_shared<FieldIndex>(path);
    if (index != nullptr) indexes_[path.dotted] = std::move(index);
  }

  const ReadView& view_;
  const Collection& collection_;
  const IdSet live_;
  std::map<std::string, std::shared_ptr<FieldIndex>> indexes_;  // by path
};

Status Append(const ReadView& view, RowId row, const FindQuery& query, FindOutput* output) {
  Result<std::optional<RecordRow>> record = view.rows->FindRow(row);
  if (!record.ok()) return record.status();
  if (!*record) return VanishedRecord(row);
  output->records.push_back(ToOutput(**record, query.include));
  return {};
}

// The `most` least of `slots`, in their order.
template <class Before>
Result<std::vector<Slot>> Least(const IdSet& slots, size_t most, const Before& before, const CancelToken& cancel) {
  std::vector<Slot> least;  // A heap: its first is the last of them.
  size_t looked = 0;
  for (std::optional<Slot> slot = slots.Next(Slot{0}); slot; slot = slots.Next(Slot{ToInt(*slot) + 1})) {
    if (++looked % kSlotsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    if (least.size() == most) {
      if (!before(*slot, least.front())) continue;
      std::pop_heap(least.begin(), least.end(), before);
      least.pop_back();
    }
    least.push_back(*slot);
    std::push_heap(least.begin(), least.end(), before);
  }
  std::sort_heap(least.begin(), least.end(), before);
  return least;
}

// Fills one page in row order from the records that match, when they are few.
Status FillMatchingPage(const ReadView& view, const Collection& collection, const FindQuery& query, IdSet matching,
                        const CancelToken& cancel, FindOutput* output) {
  const std::span<const RowId> rows = collection.rows();
  IdSet after;
  matching.ForEach([&](Slot slot) {
    if (rows[ToInt(slot)] > query.after && rows[ToInt(slot)] <= query.last) after.Add(slot);
  });
  const auto before = [rows](Slot a, Slot b) { return rows[ToInt(a)] < rows[ToInt(b)]; };
  const Result<std::vector<Slot>> page = Least(after, size_t{query.limit} + 1, before, cancel);
  if (!page.ok()) return page.status();
  const int64_t end = MonotonicMicros() + kScanPageMicros;
  size_t bytes = 0;
  output->last = query.after;
  for (const Slot slot : page.value()) {
    const size_t found = output->records.size();
    output->more = found == query.limit || bytes >= query.bytes_max ||
                   (query.may_end_early && found > 0 && MonotonicMicros() >= end);
    if (output->more) return {};
    if (found % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    RETURN_IF_ERROR(Append(view, rows[ToInt(slot)], query, output));
    output->last = rows[ToInt(slot)];
    bytes += output->records.back().bytes();
  }
  return {};
}

// Two records, or one and a cursor, in the order that a query asks for. Must not outlive the source.
class SortedRecords {
 public:
  SortedRecords(const CollectionSource& source, const SortOrder& order, std::span<const RowId> rows)
      : order_(order), rows_(rows), keys_(order.size()) {
    std::vector<std::pair<const FieldIndex*, size_t>> indexes;
    for (size_t i = 0; i < order.size(); ++i) indexes.emplace_back(&source.IndexOf(order[i].path), i);
    std::sort(indexes.begin(), indexes.end());  // field_index.h says why.
    for (const auto& [index, i] : indexes) keys_[i] = std::make_unique<FieldIndex::Keys>(*index, order[i].descending);
  }

  bool Before(Slot a, Slot b) const {
    for (size_t i = 0; i < keys_.size(); ++i) {
      const auto order = keys_[i]->Compare(a, b);
      if (order != 0) return (order < 0) != order_[i].descending;
    }
    return rows_[ToInt(a)] < rows_[ToInt(b)];
  }

  bool IsAfter(Slot slot, const SortCursor& cursor) const {
    for (size_t i = 0; i < keys_.size(); ++i) {
      const auto order = keys_[i]->Compare(slot, cursor.keys[i]);
      if (order != 0) return (order > 0) != order_[i].descending;
    }
    return ToInt(rows_[ToInt(slot)]) > cursor.row;
  }

  SortCursor CursorAt(Slot slot) const {
    SortCursor cursor;
    for (const auto& keys : keys_) cursor.keys.push_back(keys->Get(slot));
    cursor.row = ToInt(rows_[ToInt(slot)]);
    return cursor;
  }

 private:
  const SortOrder& order_;
  const std::span<const RowId> rows_;
  std::vector<std::unique_ptr<FieldIndex::Keys>> keys_;
};

// Fills one page in the order asked for, from what the indexes hold: only the records of the page are read.
Status FillSortedPage(const ReadView& view, const Collection& collection, const FindQuery& query,
                      const CollectionSource& source, const IdSet& matching, const CancelToken& cancel,
                      FindOutput* output) {
  std::vector<Slot> page;
  {
    const SortedRecords sorted(source, query.order, collection.rows());
    IdSet after;
    if (query.cursor) {
      matching.ForEach([&](Slot slot) {
        if (sorted.IsAfter(slot, *query.cursor)) after.Add(slot);
      });
    }
    Result<std::vector<Slot>> least = Least(
        query.cursor ? after : matching, size_t{query.limit} + 1,
        [&sorted](Slot a, Slot b) { return sorted.Before(a, b); }, cancel);
    if (!least.ok()) return least.status();
    page = std::move(*least);
    output->more = page.size() > query.limit;
    if (output->more) {
      page.pop_back();
      output->cursor = sorted.CursorAt(page.back());
    }
  }
  for (size_t i = 0; i < page.size(); ++i) {
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    RETURN_IF_ERROR(Append(view, collection.rows()[ToInt(page[i])], query, output));
  }
  return {};
}

// Fills one page: walks the rows above the cursor and keeps those that match. `matching`: those that do; nullptr: each is asked.
Status FillPage(const ReadView& view, const Collection& collection, const FindQuery& query, const IdSet* matching,
                const CancelToken& cancel, FindOutput* output) {
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
    if (matching != nullptr && !matching->Contains(place->slot)) {
      output->last = place->row;
      continue;
    }
    Result<std::optional<RecordRow>> record = view.rows->FindRow(place->row);
    const bool skipped = query.skip_damaged && record.status().code() == Code::kCorrupt;
    if (!record.ok() && !skipped) return record.status();
    if (!skipped && !*record) return VanishedRecord(place->row);
    output->last = place->row;
    output->damaged += skipped;
    if (skipped) continue;
    if (matching == nullptr && query.filter && !Matches(*query.filter, FieldsOf(**record))) continue;
    output->records.push_back(ToOutput(**record, query.include));
    bytes += output->records.back().bytes();
  }
}

Status FindWithin(const ReadView& view, const Collection& collection, const FindQuery& query, const CancelToken& cancel,
                  FindOutput* output) {
  const TimeMs now = NowMs();
  const Filter* filter = query.filter ? &*query.filter : nullptr;
  if (filter == nullptr && query.order.empty()) {
    if (query.total) output->total = collection.CountVisible(now);
    return FillPage(view, collection, query, nullptr, cancel, output);
  }
  CollectionSource source(view, collection, now);
  RETURN_IF_ERROR(source.Prepare(filter, query.order, cancel));
  // Where every record would have to be read for each page, a page reads on from its cursor.
  if (query.order.empty() && !query.total && !source.Answers(*filter))
    return FillPage(view, collection, query, nullptr, cancel, output);
  Result<IdSet> matching = filter != nullptr ? EvaluateFilter(*filter, source, cancel) : source.Live();
  if (!matching.ok()) return matching.status();
  const size_t count = matching->Count();
  if (query.total) output->total = static_cast<int64_t>(count);
  if (query.order.empty() && count > kDense * query.limit)
    return FillPage(view, collection, query, &*matching, cancel, output);
  if (query.order.empty()) return FillMatchingPage(view, collection, query, std::move(*matching), cancel, output);
  return FillSortedPage(view, collection, query, source, *matching, cancel, output);
}

}  // namespace

Result<FindOutput> Find(Database* database, CollectionId id, const FindQuery& query, const CancelToken& cancel) {
  if (query.limit < 1 || query.limit > limits::kResultsMax)
    return Status::InvalidArgument("query.limit", "must be an integer in 1..10000, got " + std::to_string(query.limit));
  FindOutput output;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView& view, const Collection& collection) -> Status {
        output = FindOutput();
        return FindWithin(view, collection, query, cancel, &output);
      });
  return Finish(status, std::move(output));
}

Result<IdSet> MatchingSlots(const ReadView& view, const Collection& collection, const Filter& filter, TimeMs now,
                            const CancelToken& cancel) {
  CollectionSource source(view, collection, now);
  RETURN_IF_ERROR(source.Prepare(&filter, {}, cancel));
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
