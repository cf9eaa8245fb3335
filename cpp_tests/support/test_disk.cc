#include "support/test_disk.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <map>
#include <mutex>
#include <optional>

namespace agentmemdb {
namespace {

using Kind = DiskEvent::Kind;

// The function of that name that this program's own stands before.
template <class Function>
Function* Original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::string AskForPath(int file) {
  char path[PATH_MAX];
#ifdef F_GETPATH
  return fcntl(file, F_GETPATH, path) == 0 ? path : "";
#else
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof path);
  return {path, length > 0 ? static_cast<size_t>(length) : 0};
#endif
}

enum class Verdict { kPass, kHalf, kFail };

class Disk {
 public:
  static Disk& Get() {
    static auto* const disk = new Disk;
    return *disk;
  }
  // Looked at before anything else: most calls of the program are about other files.
  static bool watching() { return watching_; }

  void Fail(const DiskFault& fault) {
    const std::lock_guard guard(mutex_);
    fault_ = fault;
    calls_ = failures_ = 0;
    first_failure_.clear();
    paths_.clear();
    watching_ = true;
  }
  void Heal() {
    const std::lock_guard guard(mutex_);
    fault_.reset();
    watching_ = !folder_.empty();
  }
  int calls() const { return calls_; }
  int failures() const { return failures_; }
  std::string first_failure() {
    const std::lock_guard guard(mutex_);
    return first_failure_;
  }

  void Record(const std::string& folder) {
    const std::lock_guard guard(mutex_);
    folder_ = folder;
    numbers_.clear();
    events_.clear();
    paths_.clear();
    watching_ = true;
  }
  std::vector<DiskEvent> StopRecording() {
    const std::lock_guard guard(mutex_);
    folder_.clear();
    watching_ = fault_.has_value();
    return std::move(events_);
  }
  size_t events() {
    const std::lock_guard guard(mutex_);
    return events_.size();
  }

  // The path that an open file was opened by.
  void Opened(int file, const std::string& path) {
    const std::lock_guard guard(mutex_);
    paths_[file] = path;
  }
  std::string PathOf(int file) {
    const std::lock_guard guard(mutex_);
    std::string& path = paths_[file];
    if (path.empty()) path = AskForPath(file);  // Opened before anybody watched.
    return path;
  }

  // Whether a call on that file is to be carried out. Sets errno where not.
  Verdict Ask(unsigned call, const char* name, const std::string& path) {
    const std::lock_guard guard(mutex_);
    if (!fault_ || (fault_->calls & call) == 0 || path.find(fault_->word) == std::string::npos) return Verdict::kPass;
    const int number = ++calls_;
    if (fault_->nth == 0 || number < fault_->nth || (number > fault_->nth && !fault_->for_good)) return Verdict::kPass;
    if (number == fault_->nth && fault_->half && (call & (kDiskRead | kDiskWrite)) != 0) return Verdict::kHalf;
    if (failures_++ == 0) first_failure_ = std::string(name) + " " + path;
    errno = fault_->error;
    return Verdict::kFail;
  }

  bool Watches(const std::string& path) {
    const std::lock_guard guard(mutex_);
    return (fault_ && path.find(fault_->word) != std::string::npos) || Recorded(path);
  }

  // What was done, and came off. `path` is absolute.
  void Note(DiskEvent event) {
    const std::lock_guard guard(mutex_);
    if (!Recorded(event.path)) return;
    struct stat info {};
    if (!event.to.empty() && stat(event.to.c_str(), &info) == 0) event.file = numbers_[{info.st_dev, info.st_ino}];
    event.path = Relative(event.path);
    if (!event.to.empty()) event.to = Relative(event.to);
    events_.push_back(std::move(event));
  }
  void NoteCreated(int file, const std::string& path) {
    const std::lock_guard guard(mutex_);
    if (!Recorded(path)) return;
    // The file system may give a new file the number of one that is gone.
    const int number = numbers_[IdentityOf(file)] = ++last_number_;
    events_.push_back({Kind::kCreate, number, Relative(path), "", 0, ""});
  }
  void NoteOn(int file, const std::string& path, DiskEvent event) {
    const std::lock_guard guard(mutex_);
    if (!Recorded(path)) return;
    const auto found = numbers_.find(IdentityOf(file));
    if (found == numbers_.end()) return;  // A folder.
    event.file = found->second;
    events_.push_back(std::move(event));
  }

 private:
  using Identity = std::pair<uint64_t, uint64_t>;
  static Identity IdentityOf(int file) {
    struct stat info {};
    fstat(file, &info);
    return {info.st_dev, info.st_ino};
  }
  bool Recorded(const std::string& path) const {
    return !folder_.empty() && path.compare(0, folder_.size(), folder_) == 0;
  }
  std::string Relative(const std::string& path) const {
    return path.size() <= folder_.size() ? "" : path.substr(folder_.size() + 1);
  }

  static inline std::atomic<bool> watching_{false};
  std::mutex mutex_;
  std::optional<DiskFault> fault_;
  std::atomic<int> calls_{0}, failures_{0};
  std::string first_failure_;
  std::map<int, std::string> paths_;  // by descriptor
  std::string folder_;                // recorded; "": none
  std::map<Identity, int> numbers_;
  int last_number_ = 0;
  std::vector<DiskEvent> events_;
};

std::string PathOf(int file) { return Disk::Get().PathOf(file); }

bool Refuses(unsigned call, const char* name, const std::string& path) {
  return Disk::Get().Ask(call, name, path) == Verdict::kFail;
}

int Open(const char* name, const char* path, int flags, mode_t mode) {
  static auto* const original = Original<int(const char*, int, ...)>("open");
#ifdef __GLIBC__
  flags |= O_LARGEFILE;
#endif
  if (!Disk::watching()) return original(path, flags, mode);
  const unsigned to_write = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0 ? kDiskOpenToWrite : 0u;
  if (Refuses(kDiskOpen | to_write, name, path)) return -1;
  const bool creates = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  const int file = original(path, flags, mode);
  if (file >= 0) Disk::Get().Opened(file, path);
  if (file >= 0 && creates) Disk::Get().NoteCreated(file, path);
  if (file >= 0 && !creates && (flags & O_TRUNC) != 0)
    Disk::Get().NoteOn(file, path, {Kind::kTruncate, 0, "", "", 0, ""});
  return file;
}

ssize_t Read(int file, void* bytes, size_t size, off_t offset) {
  static auto* const original = Original<ssize_t(int, void*, size_t, off_t)>("pread");
  if (!Disk::watching()) return original(file, bytes, size, offset);
  const Verdict verdict = Disk::Get().Ask(kDiskRead, "pread", PathOf(file));
  return verdict == Verdict::kFail ? -1
                                   : original(file, bytes, verdict == Verdict::kHalf ? (size + 1) / 2 : size, offset);
}

ssize_t Write(int file, const void* bytes, size_t size, off_t offset) {
  static auto* const original = Original<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  if (!Disk::watching()) return original(file, bytes, size, offset);
  const std::string path = PathOf(file);
  const Verdict verdict = Disk::Get().Ask(kDiskWrite, "pwrite", path);
  if (verdict == Verdict::kFail) return -1;
  const ssize_t written = original(file, bytes, verdict == Verdict::kHalf ? (size + 1) / 2 : size, offset);
  if (written > 0)
    Disk::Get().NoteOn(file, path,
                       {Kind::kWrite, 0, "", "", static_cast<uint64_t>(offset),
                        std::string(static_cast<const char*>(bytes), static_cast<size_t>(written))});
  return written;
}

int Sync(const char* name, int file) {
  static auto* const original = Original<int(int)>("fsync");
  if (!Disk::watching()) return original(file);
  const std::string path = PathOf(file);
  if (Refuses(kDiskSync, name, path)) return -1;
  if (!Disk::Get().Watches(path)) return original(file);
  struct stat info {};
  if (fstat(file, &info) != 0) return -1;
  if (S_ISDIR(info.st_mode))
    Disk::Get().Note({Kind::kSyncFolder, 0, path, "", 0, ""});
  else
    Disk::Get().NoteOn(file, path, {Kind::kSync, 0, "", "", 0, ""});
  return 0;
}

int Truncate(int file, off_t size) {
  static auto* const original = Original<int(int, off_t)>("ftruncate");
  if (!Disk::watching()) return original(file, size);
  const std::string path = PathOf(file);
  if (Refuses(kDiskTruncate, "ftruncate", path)) return -1;
  const int result = original(file, size);
  if (result == 0) Disk::Get().NoteOn(file, path, {Kind::kTruncate, 0, "", "", static_cast<uint64_t>(size), ""});
  return result;
}

int Control(int file, int command, void* argument) {
  static auto* const original = Original<int(int, int, ...)>("fcntl");
  bool locks = command == F_SETLK || command == F_SETLKW;
#ifdef F_OFD_SETLK
  locks = locks || command == F_OFD_SETLK || command == F_OFD_SETLKW;
#endif
  return locks && Disk::watching() && Refuses(kDiskLock, "fcntl", PathOf(file)) ? -1
                                                                                : original(file, command, argument);
}

int NewName(const char* function, Kind kind, const char* path, const char* to) {
  auto* const original = Original<int(const char*, const char*)>(function);
  if (!Disk::watching()) return original(path, to);
  if (Refuses(kDiskName, function, to)) return -1;
  const int result = original(path, to);
  if (result == 0) Disk::Get().Note({kind, 0, path, to, 0, ""});
  return result;
}

}  // namespace

void FailDisk(const DiskFault& fault) { Disk::Get().Fail(fault); }
void HealDisk() { Disk::Get().Heal(); }
int DiskCalls() { return Disk::Get().calls(); }
int DiskFailures() { return Disk::Get().failures(); }
std::string FirstDiskFailure() { return Disk::Get().first_failure(); }
void RecordDisk(const std::string& folder) { Disk::Get().Record(folder); }
size_t DiskEvents() { return Disk::Get().events(); }
std::vector<DiskEvent> StopRecordingDisk() { return Disk::Get().StopRecording(); }

}  // namespace agentmemdb

// In place of those of the C library, for everything that is linked into this program.
#define IN_PLACE __attribute__((visibility("default")))
#ifdef __GLIBC__
#define NO_THROW noexcept(true)
#else
#define NO_THROW
#endif

extern "C" {

IN_PLACE int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return agentmemdb::Open("open", path, flags, mode);
}

IN_PLACE ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  return agentmemdb::Read(file, bytes, size, offset);
}

IN_PLACE ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return agentmemdb::Write(file, bytes, size, offset);
}

IN_PLACE int fsync(int file) { return agentmemdb::Sync("fsync", file); }

IN_PLACE int fdatasync(int file) { return agentmemdb::Sync("fdatasync", file); }

IN_PLACE int ftruncate(int file, off_t size) NO_THROW { return agentmemdb::Truncate(file, size); }

IN_PLACE int fcntl(int file, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return agentmemdb::Control(file, command, argument);
}

IN_PLACE int flock(int file, int operation) NO_THROW {
  static auto* const original = agentmemdb::Original<int(int, int)>("flock");
  using agentmemdb::Disk;
  if (Disk::watching() && agentmemdb::Refuses(agentmemdb::kDiskLock, "flock", agentmemdb::PathOf(file))) return -1;
  return original(file, operation);
}

IN_PLACE int access(const char* path, int mode) NO_THROW {
  static auto* const original = agentmemdb::Original<int(const char*, int)>("access");
  using agentmemdb::Disk;
  const bool asks = (mode & W_OK) != 0 && Disk::watching();
  return asks && agentmemdb::Refuses(agentmemdb::kDiskOpenToWrite, "access", path) ? -1 : original(path, mode);
}

IN_PLACE int link(const char* path, const char* to) NO_THROW {
  return agentmemdb::NewName("link", agentmemdb::Kind::kLink, path, to);
}

IN_PLACE int rename(const char* path, const char* to) NO_THROW {
  return agentmemdb::NewName("rename", agentmemdb::Kind::kRename, path, to);
}

IN_PLACE int mkdir(const char* path, mode_t mode) NO_THROW {
  static auto* const original = agentmemdb::Original<int(const char*, mode_t)>("mkdir");
  using agentmemdb::Disk;
  if (!Disk::watching()) return original(path, mode);
  if (agentmemdb::Refuses(agentmemdb::kDiskName, "mkdir", path)) return -1;
  const int result = original(path, mode);
  if (result == 0) Disk::Get().Note({agentmemdb::Kind::kMakeFolder, 0, path, "", 0, ""});
  return result;
}

IN_PLACE int unlink(const char* path) NO_THROW {
  static auto* const original = agentmemdb::Original<int(const char*)>("unlink");
  using agentmemdb::Disk;
  if (!Disk::watching()) return original(path);
  if (agentmemdb::Refuses(agentmemdb::kDiskRemove, "unlink", path)) return -1;
  const int result = original(path);
  if (result == 0) Disk::Get().Note({agentmemdb::Kind::kRemove, 0, path, "", 0, ""});
  return result;
}

// SQLite waits a while between attempts at a lock: for other processes, not for a disk that a test has broken.
IN_PLACE int nanosleep(const timespec* time, timespec* rest) {
  static auto* const original = agentmemdb::Original<int(const timespec*, timespec*)>("nanosleep");
  return agentmemdb::Disk::watching() ? 0 : original(time, rest);
}

// The names that the C library has for large files.
#ifdef __GLIBC__
IN_PLACE int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return agentmemdb::Open("open64", path, flags, mode);
}

IN_PLACE ssize_t pread64(int file, void* bytes, size_t size, off64_t offset) {
  return agentmemdb::Read(file, bytes, size, offset);
}

IN_PLACE ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  return agentmemdb::Write(file, bytes, size, offset);
}

IN_PLACE int ftruncate64(int file, off64_t size) NO_THROW { return agentmemdb::Truncate(file, size); }

IN_PLACE int fcntl64(int file, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return agentmemdb::Control(file, command, argument);
}
#endif
}
