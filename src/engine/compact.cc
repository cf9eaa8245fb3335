// Giving space back, and leaving nothing of what was deleted in any file.
#include <algorithm>

#include "base/retry.h"
#include "engine/image_save.h"
#include "engine/snapshot.h"

namespace agentmemdb {
namespace {

constexpr int64_t kStages = 5;

}  // namespace

Result<CompactReport> Database::Compact(const CancelToken& cancel) {
  if (read_only()) return OpenedReadOnly();
  {
    std::lock_guard guard(write_mutex_);
    RETURN_IF_ERROR(CheckMayWrite());
  }
  CompactReport report;
  report.bytes_before = BytesOfFiles();
  int64_t stage = 0;
  const auto next = [&] { cancel.Report(++stage, kStages); };
  std::unique_lock<std::mutex> saving;
  if (saving_ != nullptr) {
    saving = std::unique_lock(saving_->mutex);
    saving_->save.reset();  // It is of what was before.
  }

  RETURN_IF_ERROR(TidyGraphs(cancel));
  next();
  RETURN_IF_ERROR(RewriteFile(cancel, &report.why));
  next();
  RETURN_IF_ERROR(ReloadSparse(cancel));
  next();
  if (saving_ != nullptr) SaveEverything(cancel);
  next();
  CountMemory();
  report.erased = report.why.empty();
  report.bytes_after = BytesOfFiles();
  if (auto snapshots = ListSnapshots(*this); snapshots.ok()) {
    for (const SnapshotInfo& snapshot : *snapshots) report.snapshots.push_back(snapshot.name);
  }
  next();
  return report;
}

int64_t Database::BytesOfFiles() const {
  if (in_memory()) return store_->MemoryBytes();
  return store_->FileBytes() + store_->WalBytes() + ImageFolder(path()).bytes();
}

// The codes of deleted vectors lead searches until they are taken out of the graph, and the words of deleted texts stay in their
// segments: both would be saved.
Status Database::TidyGraphs(const CancelToken& cancel) {
  std::vector<CollectionId> ids;
  {
    std::shared_lock guard(index_lock_);
    for (const auto& [id, collection] : collections_) ids.push_back(collection->id());
  }
  for (const CollectionId id : ids) {
    for (bool more = true; more;) {
      RETURN_IF_ERROR(cancel.Check());
      // The lock is taken for one small piece at a time, so that nobody waits for longer.
      std::shared_lock guard(index_lock_);
      Result<Collection*> collection = CollectionBy(id);
      if (!collection.ok()) break;
      VectorIndex* vectors = (*collection)->vectors();
      Result<bool> left = vectors == nullptr ? Result<bool>(false) : vectors->TidySome();
      if (!left.ok()) return left.status();
      more = *left || (*collection)->texts().TidySome();
    }
  }
  return {};
}

// With the lock of the images, if there are any: none is being written of what was before.
Status Database::RewriteFile(const CancelToken& cancel, std::string* why) {
  const int timeout_ms = store_->options().busy_timeout_ms;
  std::optional<FileLock> images;
  if (const ImageFolder folder(path()); !in_memory() && folder.exists()) {
    const Status locked = RetryWhileBusy(timeout_ms, cancel, [&]() -> Status {
      Result<FileLock> lock = folder.Lock();
      if (lock.ok()) images.emplace(std::move(*lock));
      return lock.status();
    });
    if (locked.code() == Code::kBusy)
      *why = "another process is saving an index image; try again when it is done";
    else
      RETURN_IF_ERROR(locked);
  }
  RETURN_IF_ERROR(RetryWhileBusy(timeout_ms, cancel, [&] {
    std::lock_guard guard(write_mutex_);
    return ForgetImages(cancel);
  }));
  if (images) {
    if (const Status removed = RemoveForeignImages(); !removed.ok()) *why = removed.message();
  }
  bool wrote = false;
  const Status rewritten = RetryWhileBusy(timeout_ms, cancel, [&] {
    std::lock_guard guard(write_mutex_);
    return store_->Vacuum(cancel, &wrote);
  });
  // No room for what SQLite puts elsewhere first is no failure of the database.
  if (rewritten.code() == Code::kIo && wrote) RefuseWritesAfter(rewritten);
  RETURN_IF_ERROR(rewritten);
  const Status emptied = RetryWhileBusy(timeout_ms, cancel, [&] {
    std::lock_guard guard(write_mutex_);
    return store_->EmptyLog();
  });
  if (emptied.code() == Code::kIo) RefuseWritesAfter(emptied);
  if (emptied.code() != Code::kBusy) return emptied;
  *why =
      "somebody reads an older state (a backup, or another process), or writes: the log still holds what was deleted; "
      "try again when they are done";
  return {};
}

Status Database::ForgetImages(const CancelToken& cancel) {
  RETURN_IF_ERROR(CheckMayWrite());
  RETURN_IF_ERROR(CatchUpLocked(cancel));
  Result<std::unique_ptr<WriteTransaction>> transaction = store_->BeginWrite();
  if (!transaction.ok()) return transaction.status();
  Result<DatabaseHeader> header = (*transaction)->Header();
  if (!header.ok()) return header.status();
  // An image of an older state, which another process may be about to write, is none from here on.
  Status status = (*transaction)->ForgetDeletions(&*header, header->change_version);
  if (status.ok()) status = (*transaction)->DeleteImages();
  if (status.ok()) status = (*transaction)->Commit(*header);
  if (status.code() == Code::kIo) NoteFailure(status);
  RETURN_IF_ERROR(status);
  std::unique_lock alone(index_lock_);
  for (const auto& [id, collection] : collections_) collection->ForgetImage();
  return {};
}

// Loaded beside searches, shown at once.
Status Database::ReloadSparse(const CancelToken& cancel) {
  std::lock_guard guard(write_mutex_);
  RETURN_IF_ERROR(CatchUpLocked(cancel));
  Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
  if (!rows.ok()) return rows.status();
  Result<DatabaseHeader> header = (*rows)->Header();
  if (!header.ok()) return header.status();
  if (header->change_version != applied_ || header->epoch != epoch_) return {};  // Another process has just written.
  std::vector<std::shared_ptr<Collection>> old;
  for (auto& [id, collection] : collections_) {
    if (!collection->IsSparse()) continue;
    auto loaded = std::make_shared<Collection>(collection->id(), collection->name(), collection->options());
    const auto load = [&](const RecordRow& record) { loaded->Load(record); };
    Result<int64_t> found = (*rows)->ScanCollection(collection->id(), cancel, load);
    if (!found.ok()) return found.status();
    loaded->ExpectCount(collection->count());
    std::unique_lock alone(index_lock_);
    old.push_back(std::exchange(collection, std::move(loaded)));
  }
  return {};
}

}  // namespace agentmemdb
