// The only door to the operating system's files. SQLite's own file access stays inside storage/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

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
  int64_t changed_nanos = 0;    // the file or what is known of it
  int64_t modified_millis = 0;  // its bytes; since the epoch
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
// What serves the file over a network, or may: "nfs", "smb". Empty when the system of this machine alone writes to it. For a
// file that is not there yet, where it would be.
std::string NetworkFileSystem(const std::string& path);
// Nothing happens when there is no such file.
void RemoveFile(const std::string& path);
// Makes the file's bytes survive power loss. Errors: kIo.
Status SyncFile(const std::string& path);
// Makes its name survive power loss, and with it those of all files in the same folder. Errors: kIo.
Status SyncName(const std::string& path);
// Gives a file its name, which no other file may have, and makes that survive power loss.
// Errors: kAlreadyExists, kIo.
Status RenameNew(const std::string& from, const std::string& to);
// 0 when there is no such file.
int64_t FileBytes(const std::string& path);

// Makes a folder, for those who may use the file `like`. Errors: kAlreadyExists, kIo.
Status MakeFolder(const std::string& path, const std::string& like);
// Names of what is in a folder; none when it cannot be read.
std::vector<std::string> NamesIn(const std::string& folder);

// An open file. Closes it.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OpenFile();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// A file that is being written. Threads: one at a time.
class NewFile {
 public:
  // A file of a new name, for those who may use the file `like`. Errors: kAlreadyExists, kIo.
  static Result<NewFile> Create(const std::string& path, const std::string& like);
  // Errors of all: kIo.
  Status Append(std::span<const std::byte> bytes);
  // Over what was appended before.
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes);
  // Makes what was written survive power loss; the file's name does when its folder is synced too.
  Status Sync();
  uint64_t bytes() const { return bytes_; }

 private:
  NewFile(std::string path, OpenFile file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  OpenFile file_;
  uint64_t bytes_ = 0;
};

// A file that is read. Threads: one at a time.
class InputFile {
 public:
  // Errors: kNotFound, kIo (also when it is no regular file).
  static Result<InputFile> Open(const std::string& path);
  uint64_t bytes() const { return bytes_; }
  // False when the file does not have, or does not give, all of them.
  bool ReadAt(uint64_t offset, std::span<std::byte> bytes) const;

 private:
  friend class MappedFile;
  InputFile(OpenFile file, uint64_t bytes) : file_(std::move(file)), bytes_(bytes) {}
  OpenFile file_;
  uint64_t bytes_;
};

// A file as memory that may be written to: the pages written are this process's own, and the file never changes. The file must
// not become shorter meanwhile. The file may be removed.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  // Errors: kNotFound, kIo (also when it is empty). On a network file system it is read instead.
  static Result<MappedFile> Map(const std::string& path);
  // All of it is read at once: a server that goes away cannot end the process in the middle of a page later.
  static Result<MappedFile> Read(const std::string& path);
  std::byte* data() const { return data_; }  // page-aligned
  size_t bytes() const { return bytes_; }

 private:
  MappedFile(std::byte* data, size_t bytes) : data_(data), bytes_(bytes) {}
  static Result<InputFile> OpenToMap(const std::string& path);
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

// Held by one process at a time, and given up when it ends, however it does.
class FileLock {
 public:
  // kBusy: another has it. Errors: kBusy, kIo.
  static Result<FileLock> Take(const std::string& path, const std::string& like);

 private:
  explicit FileLock(OpenFile file) : file_(std::move(file)) {}
  OpenFile file_;
};

}  // namespace agentmemdb
