#include "engine/apply.h"

#include "base/clock.h"
#include "engine/database.h"

namespace agentmemdb {

void Database::Apply(const ChangeSet& changes, Version version, bool staged) {
  std::unique_lock guard(index_lock_);
  if (version <= applied_) return;
  if (changes.replaced || !staged) return ForgetEverything();
  try {
    for (const auto& collection : changes.created) collections_[ToInt(collection->id())] = collection;
    for (const auto& [id, options] : changes.altered) collections_.at(ToInt(id))->Alter(options);
    Collection* collection = nullptr;
    for (const RowChange& change : changes.rows) {
      if (collection == nullptr || collection->id() != change.collection)
        collection = collections_.at(ToInt(change.collection)).get();
      if (change.kind == RowChangeKind::kDeleted)
        collection->Delete(change.row);
      else if (change.kind == RowChangeKind::kTouched)
        collection->Touch(change.row, change.expires_at);
      else
        collection->Put(change.slot, change.row, !change.vector.empty(), change.expires_at);
    }
    for (const CollectionId id : changes.dropped) collections_.erase(ToInt(id));
    for (const CollectionRow& count : changes.counts) {
      if (const auto found = collections_.find(ToInt(count.id)); found != collections_.end())
        found->second->ExpectCount(count.records);
    }
    applied_ = version;
  } catch (const std::exception&) {
    // The write is durable, so it stands; memory ran out while showing it. The next read rebuilds from the file.
    ForgetEverything();
  }
}

Status Database::Reserve(ChangeSet* changes) {
  std::map<int64_t, std::vector<RowChange*>> puts;
  for (RowChange& change : changes->rows) {
    if (change.kind == RowChangeKind::kInserted || change.kind == RowChangeKind::kUpdated)
      puts[ToInt(change.collection)].push_back(&change);
  }
  try {
    std::unique_lock guard(index_lock_);
    for (const auto& [id, rows] : puts) {
      const std::vector<Slot> slots =
          WrittenBy(*changes, CollectionId{id})->Reserve(static_cast<uint32_t>(rows.size()));
      for (size_t i = 0; i < rows.size(); ++i) {
        rows[i]->slot = slots[i];
        rows[i]->staged = true;
      }
    }
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
  return {};
}

bool Database::Stage(const ChangeSet& changes) {
  try {
    Collection* collection = nullptr;
    for (const RowChange& change : changes.rows) {
      if (!change.staged) continue;
      GiveWay();
      if (collection == nullptr || collection->id() != change.collection)
        collection = WrittenBy(changes, change.collection);
      collection->Stage(change.slot, change.id, change.vector);
    }
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

Collection* Database::WrittenBy(const ChangeSet& changes, CollectionId id) const {
  Collection* created = changes.Created(id);
  return created != nullptr ? created : collections_.at(ToInt(id)).get();
}

void Database::Unstage(const ChangeSet& changes) {
  std::unique_lock guard(index_lock_);
  for (const RowChange& change : changes.rows) {
    const auto found = collections_.find(ToInt(change.collection));
    if (change.staged && found != collections_.end()) found->second->Abandon(change.slot);
  }
}

void Database::ForgetEverything() {
  collections_.clear();
  applied_ = 0;
  epoch_ = 0;
}

}  // namespace agentmemdb
