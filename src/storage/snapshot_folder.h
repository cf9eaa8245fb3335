// The files of snapshots: <file>-snapshots/<name>.db, each a database of its own that nothing refers to.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/types.h"

namespace agentmemdb {

struct SnapshotInfo {
  std::string name;
  TimeMs created_at = 0;
  int64_t bytes = 0;
};

// The snapshots of one database. Names are of the characters that collections have in theirs. Threads: any.
class SnapshotFolder {
 public:
  explicit SnapshotFolder(const std::string& database) : database_(database), path_(database + "-snapshots") {}

  std::string PathOf(const std::string& name) const { return path_ + "/" + name + kSuffix; }
  // Makes the folder if need be. One process at a time makes or removes snapshots. Errors: kBusy, kIo.
  Result<FileLock> Lock() const;
  // Oldest first.
  std::vector<SnapshotInfo> List() const;
  // With the lock. Removes what processes have left that were killed while they made one, or had one open.
  void Tidy() const;
  // With the lock. Returns whether there was one. Errors: kIo.
  Result<bool> Remove(const std::string& name) const;

 private:
  static constexpr char kSuffix[] = ".db";

  std::string database_, path_;
};

}  // namespace agentmemdb
