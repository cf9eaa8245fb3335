#include "storage/snapshot_folder.h"

#include <algorithm>

namespace agentmemdb {
namespace {

constexpr char kLockName[] = "/lock";
constexpr char kPartial[] = ".partial";  // backup.cc: part of the name of a copy that is not complete, and of its log's
// What somebody leaves who opens a snapshot to write, and is killed. Beside another file of that name SQLite takes it for that one's.
constexpr const char* kLogs[] = {"-wal", "-journal", "-shm"};

}  // namespace

Result<FileLock> SnapshotFolder::Lock() const {
  if (!IsFolder(path_)) {
    const Status made = MakeFolder(path_, database_);
    if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
  }
  // Whoever made it may not have come so far.
  RETURN_IF_ERROR(SyncName(path_));
  return FileLock::Take(path_ + kLockName, database_);
}

std::vector<SnapshotInfo> SnapshotFolder::List() const {
  std::vector<SnapshotInfo> snapshots;
  for (const std::string& file : NamesIn(path_)) {
    if (!file.ends_with(kSuffix)) continue;
    const std::string name = file.substr(0, file.size() - (sizeof kSuffix - 1));
    Result<FileState> state = LookAtFile(PathOf(name));
    if (state.ok()) snapshots.push_back({name, state->modified_millis, state->bytes});
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const SnapshotInfo& a, const SnapshotInfo& b) {
    return a.created_at != b.created_at ? a.created_at < b.created_at : a.name < b.name;
  });
  return snapshots;
}

void SnapshotFolder::Tidy() const {
  for (const std::string& file : NamesIn(path_)) {
    const std::string path = path_ + "/" + file;
    const bool is_lost = std::any_of(std::begin(kLogs), std::end(kLogs), [&](const std::string& log) {
      return file.ends_with(kSuffix + log) && !FileExists(path.substr(0, path.size() - log.size()));
    });
    if (is_lost || (!file.ends_with(kSuffix) && file.find(kPartial) != std::string::npos)) RemoveFile(path);
  }
}

Result<bool> SnapshotFolder::Remove(const std::string& name) const {
  const std::string path = PathOf(name);
  if (!FileExists(path)) return false;
  for (const char* log : kLogs) RemoveFile(path + log);
  RemoveFile(path);
  if (FileExists(path)) return Status(Code::kIo, "cannot remove " + path).WithPath(path);
  RETURN_IF_ERROR(SyncFile(path_));
  return true;
}

}  // namespace agentmemdb
