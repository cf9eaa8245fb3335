// The only door to the operating system's files. SQLite's own file access stays inside storage/.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace agentmemdb {

// The same file has the same identity, whatever name it is reached by.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Another state, other bytes: as far as the file system's clock tells.
struct FileState {
  FileIdentity identity;
  int64_t bytes = 0;
  int64_t changed_nanos = 0;
  bool operator==(const FileState&) const = default;
};

// Absolute path of `path` with every link of its folder, and of the file itself if it exists, resolved.
// Errors: kIo when the folder does not exist or cannot be read.
Result<std::string> CanonicalPath(const std::string& path);

// kNotFound when there is no such file, kIo otherwise.
Result<FileState> LookAtFile(const std::string& path);
// Whether this process may write to an existing file.
bool MayWrite(const std::string& path);
bool IsFolder(const std::string& path);
bool FileExists(const std::string& path);
// Nothing happens when there is no such file.
void RemoveFile(const std::string& path);
// Makes the file's bytes survive power loss. Errors: kIo.
Status SyncFile(const std::string& path);
// Gives a file its name, which no other file may have, and makes that survive power loss.
// Errors: kAlreadyExists, kIo.
Status RenameNew(const std::string& from, const std::string& to);
// 0 when there is no such file.
int64_t FileBytes(const std::string& path);

}  // namespace agentmemdb
