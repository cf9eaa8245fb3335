#include "engine/snapshot.h"

#include <algorithm>

#include "base/retry.h"
#include "engine/commit.h"

namespace agentmemdb {
namespace {

constexpr int kBusyTimeoutMs = 5000;  // for another process that makes or removes one

Result<SnapshotFolder> FolderOf(const Database& database) {
  if (!database.in_memory()) return SnapshotFolder(database.path());
  return Status(Code::kUnsupported, "a database in memory has no place for snapshots; use backup(), or open a file");
}

Result<FileLock> Lock(const SnapshotFolder& folder, const CancelToken& cancel) {
  std::optional<FileLock> lock;
  RETURN_IF_ERROR(RetryWhileBusy(kBusyTimeoutMs, cancel, [&]() -> Status {
    Result<FileLock> taken = folder.Lock();
    if (taken.ok()) lock.emplace(std::move(*taken));
    return taken.status();
  }));
  return std::move(*lock);
}

Status NoSuchSnapshot(const std::string& name) {
  return Status(Code::kNotFound, "there is no snapshot '" + name + "'; listSnapshots() tells which there are")
      .WithArgument("name");
}

}  // namespace

Result<SnapshotInfo> CreateSnapshot(Database* database, const std::string& name, const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateName(name));
  Result<SnapshotFolder> folder = FolderOf(*database);
  if (!folder.ok()) return folder.status();
  if (database->read_only()) return OpenedReadOnly();
  Result<FileLock> lock = Lock(*folder, cancel);
  if (!lock.ok()) return lock.status();
  folder->Tidy();
  const std::string path = folder->PathOf(name);
  const Status copied = database->BackUp(path, cancel);
  if (copied.code() == Code::kAlreadyExists)
    return Status(Code::kAlreadyExists, "there is already a snapshot '" + name + "'; delete it, or take another name")
        .WithArgument("name")
        .WithPath(path);
  RETURN_IF_ERROR(copied);
  Result<FileState> state = LookAtFile(path);
  if (!state.ok()) return state.status();
  return SnapshotInfo{name, state->modified_millis, state->bytes};
}

Result<std::vector<SnapshotInfo>> ListSnapshots(const Database& database) {
  Result<SnapshotFolder> folder = FolderOf(database);
  if (!folder.ok()) return folder.status();
  std::vector<SnapshotInfo> snapshots = folder->List();
  // Somebody else's files.
  std::erase_if(snapshots, [](const SnapshotInfo& snapshot) { return !ValidateName(snapshot.name).ok(); });
  return snapshots;
}

Result<bool> DeleteSnapshot(Database* database, const std::string& name, const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateName(name));
  Result<SnapshotFolder> folder = FolderOf(*database);
  if (!folder.ok()) return folder.status();
  if (database->read_only()) return OpenedReadOnly();
  if (!FileExists(folder->PathOf(name))) return false;
  Result<FileLock> lock = Lock(*folder, cancel);
  if (!lock.ok()) return lock.status();
  return folder->Remove(name);
}

Status OpenSnapshot(Database* database, RestoreOp* op, const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateName(op->snapshot));
  Result<SnapshotFolder> folder = FolderOf(*database);
  if (!folder.ok()) return folder.status();
  StoreOptions options;
  options.path = folder->PathOf(op->snapshot);
  options.read_only = true;
  options.single = database->single();
  if (!FileExists(options.path)) return NoSuchSnapshot(op->snapshot);
  if (FileBytes(options.path) == 0)
    return Status(Code::kCorrupt, options.path + " is empty, which no snapshot is; delete it, and restore another one")
        .WithPath(options.path);
  Result<std::unique_ptr<Store>> store = Store::Open(options, cancel);
  if (!store.ok()) return store.status();
  op->store = std::move(*store);
  return {};
}

Status CommitGroup::RunRestore(RestoreOp* op, const CancelToken& cancel) {
  Result<std::unique_ptr<ReadTransaction>> rows = op->store->BeginRead();
  if (!rows.ok()) return rows.status();
  Result<DatabaseHeader> header = (*rows)->Header();
  if (!header.ok()) return header.status();
  Result<std::vector<CollectionRow>> collections = (*rows)->Collections();
  if (!collections.ok()) return collections.status();
  for (const CollectionRow& collection : *collections)
    RETURN_IF_ERROR(CollectionOptions::FromJson(collection.options).status());
  RETURN_IF_ERROR(transaction_->ReplaceAll(rows->get(), cancel));
  // Whoever has the old data in memory, here or in another process, begins anew.
  header_.epoch = NewEpoch();
  version_ = std::max(version_, header->change_version + 1);
  header_.log_floor = version_;
  changes_.replaced = true;
  return {};
}

}  // namespace agentmemdb
