#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/copy_lock.h"

namespace agentmemdb {
namespace {

// FNV-1a: every version of this library has to come to the same number.
uint64_t HashOf(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

Status NoLock(const std::string& path) {
  return Status(Code::kIo, "cannot lock " + path + ": " + std::strerror(errno)).WithPath(path);
}

Status Taken(const std::string& path) {
  return Status(Code::kBusy, path + " is locked by another copy").WithPath(path);
}

}  // namespace

#ifdef F_OFD_SETLK

// Of this file one may only read. So each who asks takes a lock that others may have as well, and then looks for them.
Result<ProcessLock> ProcessLock::TakeByte(std::string_view name) {
  static const std::string path = "/proc/self/stat";
  OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor() < 0) return NoLock(path);
  struct flock byte {};
  byte.l_type = F_RDLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = static_cast<off_t>(HashOf(name) >> 2);
  byte.l_len = 1;
  if (fcntl(file.descriptor(), F_OFD_SETLK, &byte) != 0) return NoLock(path);
  ProcessLock lock(std::move(file));
  byte.l_type = F_WRLCK;
  if (fcntl(lock.file_.descriptor(), F_OFD_GETLK, &byte) != 0) return NoLock(path);
  if (byte.l_type != F_UNLCK) return Taken(path);
  return lock;
}

#else

Result<ProcessLock> ProcessLock::TakeByte(std::string_view) {
  return Status(Code::kIo, "this system has no locks of open files");
}

#endif

Result<ProcessLock> ProcessLock::TakeFile(std::string_view name, const std::string& folder) {
  const std::string path = folder + "/agentmemdb-" + std::to_string(getuid()) + "-" + std::to_string(getpid()) + "-" +
                           std::to_string(HashOf(name)) + ".lock";
  OpenFile file(open(path.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  struct stat info {};
  if (file.descriptor() < 0 || fstat(file.descriptor(), &info) != 0) return NoLock(path);
  // Who made it for us would decide whether we may open our files.
  if (info.st_uid != getuid()) return Status(Code::kIo, path + " is somebody else's").WithPath(path);
  if (flock(file.descriptor(), LOCK_EX | LOCK_NB) == 0) return ProcessLock(std::move(file));
  return errno == EWOULDBLOCK ? Taken(path) : NoLock(path);
}

// Closing would do, if a child of the process that is just being started had not the same open file for a moment.
ProcessLock::~ProcessLock() {
  if (file_.descriptor() < 0) return;
#ifdef F_OFD_SETLK
  struct flock all {};
  all.l_type = F_UNLCK;
  all.l_whence = SEEK_SET;
  fcntl(file_.descriptor(), F_OFD_SETLK, &all);
#endif
  flock(file_.descriptor(), LOCK_UN);
}

}  // namespace agentmemdb
