#include "engine/find.h"

#include <algorithm>

#include "base/clock.h"
#include "meta/filter_eval.h"

namespace agentmemdb {
namespace {

constexpr int64_t kScanPageMicros = 20000;
constexpr int kRecordsBetweenChecks = 64;

RecordFields FieldsOf(const RecordRow& row) {
  RecordFields fields;
  fields.id = row.id;
  fields.created_at = row.created_at;
  fields.updated_at = row.updated_at;
  fields.expires_at = row.expires_at;
  fields.version = row.version;
  fields.metadata = row.metadata;
  return fields;
}

// A collection as a filter sees it: visible records, read from the snapshot.
class CollectionSource final : public FieldSource {
 public:
  CollectionSource(const ReadView& view, const Collection& collection, TimeMs now)
      : view_(view), collection_(collection), now_(now) {}

  IdSet Live() override { return collection_.Visible(now_); }

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
  const ReadView& view_;
  const Collection& collection_;
  TimeMs now_;
};

// Fills one page: walks the rows above the cursor and keeps those that match.
Status FillPage(const ReadView& view, const Collection& collection, const FindQuery& query, const CancelToken& cancel,
                FindOutput* output) {
  const TimeMs now = NowMs();
  const int64_t end = MonotonicMicros() + kScanPageMicros;
  output->last = query.after;
  for (int looked = 1;; ++looked) {
    const std::optional<Collection::Place> place = collection.NextVisible(output->last, now);
    output->more = place.has_value();
    if (!place || output->records.size() == query.limit) return {};
    if (looked % kRecordsBetweenChecks == 0) {
      RETURN_IF_ERROR(cancel.Check());
      if (query.may_end_early && MonotonicMicros() >= end) return {};
    }
    Result<std::optional<RecordRow>> record = view.rows->FindRow(place->row);
    if (!record.ok()) return record.status();
    if (!*record) return VanishedRecord(place->row);
    output->last = place->row;
    if (!query.filter || Matches(*query.filter, FieldsOf(**record)))
      output->records.push_back(ToOutput(**record, query.include));
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
  return EvaluateFilter(filter, source, cancel);
}

Status Database::MatchForDelete(WriteCall* call) {
  auto* op = call->ops.empty() ? nullptr : std::get_if<DeleteWhereOp>(&call->ops.front());
  if (op == nullptr) return {};
  Result<Filter> filter = ParseFilter(op->filter_json);
  if (!filter.ok()) return filter.status();
  RETURN_IF_ERROR(CatchUpLocked(call->cancel));
  Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
  if (!rows.ok()) return rows.status();
  std::shared_lock guard(index_lock_);
  const ReadView view{rows->get(), &collections_};
  Result<const Collection*> collection = view.Find(op->collection);
  if (!collection.ok()) return collection.status();
  Result<IdSet> matching = MatchingSlots(view, **collection, *filter, NowMs(), call->cancel);
  if (!matching.ok()) return matching.status();
  op->rows.clear();
  matching->ForEach([&](Slot slot) { op->rows.push_back((*collection)->rows()[ToInt(slot)]); });
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
