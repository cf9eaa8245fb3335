// Keeps two copies of this library out of each other's way. Two packages in one node_modules may each bring one, and a process
// loads both. What locks files, between processes and inside SQLite, does not hold between the two, so that only one may
// have a file open. docs/decisions/0011.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace agentmemdb {

// Of all who ask for one name in a process, one has it at a time, whichever copy of the library they belong to. Other
// processes have locks of their own, a child that was forked too. It ends with the process, however that ends.
class ProcessLock {
 public:
  // Errors: kBusy (somebody has it; if two ask in the same moment, perhaps neither gets it), kIo (there is no such lock here).
  static Result<ProcessLock> Take(std::string_view name);
  // The two ways to make one. A byte of a file of which the kernel has one for each process: Linux, where /proc is mounted.
  static Result<ProcessLock> TakeByte(std::string_view name);
  // An empty file in a folder for temporary files, which stays there.
  static Result<ProcessLock> TakeFile(std::string_view name, const std::string& folder);

  ProcessLock(ProcessLock&&) = default;
  ProcessLock& operator=(ProcessLock&&) = default;
  ~ProcessLock();

 private:
  explicit ProcessLock(OpenFile file) : file_(std::move(file)) {}
  OpenFile file_;
};

// This copy of the library has a file open. It may hold that any number of times. Threads: any.
class CopyLock {
 public:
  CopyLock() = default;  // holds nothing
  // `path` is canonical. Errors: kUnsupported (another copy in this process holds it), which says where the copies lie. A
  // system that has no ProcessLock has none of these either: then it says yes.
  static Result<CopyLock> Take(const std::string& path);

  CopyLock(CopyLock&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  CopyLock& operator=(CopyLock&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~CopyLock();

 private:
  explicit CopyLock(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace agentmemdb
