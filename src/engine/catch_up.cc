// Bringing memory up to what is committed: on open, after another process has written, and after a rebuild.
#include <algorithm>

#include "base/clock.h"
#include "engine/database.h"

namespace agentmemdb {
namespace {

constexpr int kStepMs = 5;
constexpr int64_t kMostRecords = 4;

}  // namespace

Status Database::CatchUp(Version applied_before, const CancelToken& cancel) {
  std::unique_lock guard(write_mutex_, std::defer_lock);
  // A writer of this process that has just committed applies in a moment: waiting for that is all there is to do.
  while (!TryLockFor(&guard, kStepMs)) {
    if (applied_ != applied_before) return {};
    RETURN_IF_ERROR(cancel.Check());
  }
  const Status status = CatchUpLocked(cancel);
  CountMemory();
  return status;
}

Status Database::CatchUpLocked(const CancelToken& cancel) {
  Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
  if (!rows.ok()) return rows.status();
  std::unique_lock guard(index_lock_);
  Status status;
  try {
    status = Reload(rows->get(), cancel);
  } catch (const std::bad_alloc&) {
    status = Status(Code::kLimit, "out of memory while loading " + path());
  }
  if (Status unchanged = (*rows)->CheckUnchanged(); !unchanged.ok()) status = std::move(unchanged);
  if (!status.ok()) ForgetEverything();
  return status;
}

Status Database::Reload(ReadTransaction* rows, const CancelToken& cancel) {
  Result<DatabaseHeader> header = rows->Header();
  if (!header.ok()) return header.status();
  if (header->epoch != epoch_ || header->change_version < applied_ || header->log_floor > applied_) ForgetEverything();
  RETURN_IF_ERROR(LoadChanges(rows, *header, cancel));
  epoch_ = header->epoch;
  applied_ = header->change_version;
  return {};
}

Status Database::LoadChanges(ReadTransaction* rows, const DatabaseHeader& header, const CancelToken& cancel) {
  if (epoch_ != 0 && header.change_version == applied_) return {};
  const bool afresh = applied_ == 0;
  for (;;) {
    std::map<int64_t, int64_t> counts;
    RETURN_IF_ERROR(SyncCollections(rows, &counts));
    ScanFloors floors(applied_);
    if (afresh) LoadImages(rows, header, &floors);
    RETURN_IF_ERROR(LoadRecords(rows, counts, header.change_version, &floors, cancel));
    for (const auto& [id, collection] : collections_) collection->ExpectCount(counts[id]);
    // An image with more records than there are is none of this database, whatever it says.
    if (!afresh || !RefuseImages([&](const Collection& each) { return each.known() > counts[ToInt(each.id())]; }))
      return {};
  }
}

Status Database::LoadRecords(ReadTransaction* rows, const std::map<int64_t, int64_t>& counts, Version version,
                             ScanFloors* floors, const CancelToken& cancel) {
  const auto put = [&](const RecordRow& record) {
    if (const auto found = collections_.find(ToInt(record.collection)); found != collections_.end())
      found->second->Load(record);
  };
  // Where images have most records, the others are not looked for among them.
  int64_t total = 0, whole = 0;
  for (const auto& [id, count] : counts) {
    total += count;
    if (floors->Of(CollectionId{id}) <= 0) whole += count;
  }
  if (!floors->of.empty() && whole * kMostRecords < total) {
    for (const auto& [id, count] : counts) {
      if (floors->Of(CollectionId{id}) > 0) continue;
      Result<int64_t> found = rows->ScanCollection(CollectionId{id}, cancel, put);
      if (!found.ok()) return found.status();
      floors->of[id] = *found >= count ? version : 0;
    }
    floors->others = version;
  }
  int64_t damaged = 0;  // ExpectCount tells.
  RETURN_IF_ERROR(rows->ScanRecords(*floors, cancel, put, &damaged));
  Version known = version;  // The oldest state that something in memory is of.
  for (const auto& [id, count] : counts) {
    if (floors->Of(CollectionId{id}) > 0) known = std::min(known, floors->Of(CollectionId{id}));
  }
  return rows->ScanTombstones(known, [&](CollectionId collection, RowId row) {
    if (const auto found = collections_.find(ToInt(collection)); found != collections_.end())
      found->second->Delete(row);
  });
}

Status Database::SyncCollections(ReadTransaction* rows, std::map<int64_t, int64_t>* counts) {
  Result<std::vector<CollectionRow>> stored = rows->Collections();
  if (!stored.ok()) return stored.status();
  for (const CollectionRow& row : *stored) {
    (*counts)[ToInt(row.id)] = row.records;
    const auto found = collections_.find(ToInt(row.id));
    if (found != collections_.end() && found->second->options_json() == row.options) continue;
    Result<CollectionOptions> options = CollectionOptions::FromJson(row.options);
    if (!options.ok()) return options.status();
    if (found != collections_.end())
      found->second->Alter(*options);
    else
      collections_[ToInt(row.id)] = std::make_shared<Collection>(row.id, row.name, *options);
  }
  std::erase_if(collections_, [&](const auto& entry) { return !counts->contains(entry.first); });
  return {};
}

}  // namespace agentmemdb
