#include <fcntl.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#endif
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/file.h"

namespace agentmemdb {
namespace {

Status IoError(const std::string& path, const std::string& what) {
  return Status(Code::kIo, what + " " + path + ": " + std::strerror(errno)).WithPath(path);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

#ifdef __linux__

// linux/magic.h, and the sources of those that it leaves out.
struct {
  uint32_t magic;
  const char* name;
} constexpr kNetworkFileSystems[] = {
    {0x6969, "nfs"},
    {0x517b, "smb"},
    {0xff534d42, "smb"},
    {0xfe534d42, "smb"},
    {0x01021997, "9p"},
    {0x5346414f, "afs"},
    {0x6b414653, "afs"},
    {0x73757245, "coda"},
    {0x00c36400, "ceph"},
    {0x0bd00bd0, "lustre"},
    {0x47504653, "gpfs"},
    {0x564c, "ncp"},
    {0x19830326, "beegfs"},
    {0x01161970, "gfs2"},
    {0x7461636f, "ocfs2"},
    {0x786f4256, "vboxsf"},
    {0xbacbacbc, "vmhgfs"},
    // sshfs and its like. The kernel does not say which it is, nor whether others write to the files.
    {0x65735546, "fuse"},
};

std::string NetworkNameOf(const struct statfs& info) {
  for (const auto& each : kNetworkFileSystems) {
    if (each.magic == static_cast<uint32_t>(info.f_type)) return each.name;
  }
  return {};
}

#else

std::string NetworkNameOf(const struct statfs& info) {
  return (info.f_flags & MNT_LOCAL) != 0 ? std::string() : info.f_fstypename;
}

#endif

}  // namespace

Result<std::string> CanonicalPath(const std::string& path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) != nullptr) return std::string(resolved);
  if (errno != ENOENT) return IoError(path, "cannot resolve");
  const std::string folder = FolderOf(path);
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  // A link whose target is to be created: the database is the target, by whatever name it is opened next. Links in a
  // circle end above, with ELOOP.
  if (const ssize_t length = readlink(path.c_str(), resolved, sizeof resolved); length > 0) {
    const std::string target(resolved, static_cast<size_t>(length));
    return CanonicalPath(target.front() == '/' ? target : folder + "/" + target);
  }
  if (realpath(folder.c_str(), resolved) == nullptr) return IoError(folder, "cannot open the folder");
  std::string canonical = resolved;
  if (canonical.back() != '/') canonical.push_back('/');
  return canonical + name;
}

Result<FileState> LookAtFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return Status(Code::kNotFound, "there is no file " + path).WithPath(path);
    return IoError(path, "cannot look at");
  }
#ifdef __APPLE__
  const timespec changed = info.st_ctimespec, modified = info.st_mtimespec;
#else
  const timespec changed = info.st_ctim, modified = info.st_mtim;
#endif
  return FileState{{static_cast<uint64_t>(info.st_dev), static_cast<uint64_t>(info.st_ino)},
                   static_cast<int64_t>(info.st_size),
                   int64_t{1000000000} * changed.tv_sec + changed.tv_nsec,
                   int64_t{1000} * modified.tv_sec + modified.tv_nsec / 1000000};
}

bool MayWrite(const std::string& path) { return access(path.c_str(), W_OK) == 0; }

bool IsFolder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool FileExists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

std::string NetworkFileSystem(const std::string& path) {
  struct statfs info {};
  if (statfs(path.c_str(), &info) != 0 && statfs(FolderOf(path).c_str(), &info) != 0) return {};
  return NetworkNameOf(info);
}

void RemoveFile(const std::string& path) { unlink(path.c_str()); }

Status SyncFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return IoError(path, "cannot open");
  const int synced = fsync(file);
  const Status status = synced == 0 ? Status() : IoError(path, "cannot sync");
  close(file);
  return status;
}

Status SyncName(const std::string& path) { return SyncFile(FolderOf(path)); }

Status RenameNew(const std::string& from, const std::string& to) {
  // A hard link fails when the name is taken; rename would replace the other file.
  if (link(from.c_str(), to.c_str()) != 0) {
    if (errno == EEXIST) return Status(Code::kAlreadyExists, "there is already a file " + to).WithPath(to);
    return IoError(to, "cannot create");
  }
  Status status = SyncName(to);
  unlink((status.ok() ? from : to).c_str());
  return status;
}

int64_t FileBytes(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_size) : 0;
}

}  // namespace agentmemdb
