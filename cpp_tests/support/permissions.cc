#include "support/permissions.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <stdexcept>

namespace agentmemdb {
namespace {

constexpr unsigned kNobody = 65534;

std::string forbidden;

bool IsForbidden(const char* path) { return std::string(path).compare(0, forbidden.size(), forbidden) == 0; }

int Refuse() {
  errno = EACCES;
  return -1;
}

int OpenToRead(const char* path, int flags, int mode) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  const bool makes = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  return IsForbidden(path) && (writes || makes) ? Refuse() : open(path, flags, mode);
}

int AccessToRead(const char* path, int mode) {
  return IsForbidden(path) && (mode & W_OK) != 0 ? Refuse() : access(path, mode);
}

int KeepFile(const char* path) { return IsForbidden(path) ? Refuse() : unlink(path); }

template <class Function>
void Replace(const char* name, Function* function) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  if (vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(function)) != SQLITE_OK)
    throw std::runtime_error(std::string("SQLite has no system call ") + name);
}

}  // namespace

void StopBeingRoot() {
  if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0))
    throw std::runtime_error("cannot become nobody");
}

void GiveUpWriting(const std::string& folder) {
  if (geteuid() == 0) return StopBeingRoot();
  forbidden = folder + "/";
  Replace("open", OpenToRead);
  Replace("access", AccessToRead);
  Replace("unlink", KeepFile);
}

}  // namespace agentmemdb
