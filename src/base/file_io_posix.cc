#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace agentmemdb {
namespace {

// One call writes or reads at most so much: some systems refuse 2 GiB.
constexpr size_t kAtOnce = size_t{1} << 24;

Status IoError(const std::string& path, const std::string& what) {
  return Status(errno == EEXIST ? Code::kAlreadyExists : Code::kIo, what + " " + path + ": " + std::strerror(errno))
      .WithPath(path);
}

// Who may read and write `like`.
mode_t ModeOf(const std::string& like) {
  struct stat info {};
  return stat(like.c_str(), &info) == 0 ? info.st_mode & 0666 : 0600;
}

}  // namespace

Status MakeFolder(const std::string& path, const std::string& like) {
  const mode_t mode = ModeOf(like);
  // Whoever may read files in a folder must be allowed to look into it.
  return mkdir(path.c_str(), mode | (mode & 0444) >> 2) == 0 ? Status() : IoError(path, "cannot create");
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  DIR* stream = opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(stream);
  return names;
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<NewFile> NewFile::Create(const std::string& path, const std::string& like) {
  OpenFile file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, ModeOf(like)));
  if (file.descriptor() < 0) return IoError(path, "cannot create");
  return NewFile(path, std::move(file));
}

Status NewFile::Append(std::span<const std::byte> bytes) {
  RETURN_IF_ERROR(WriteAt(bytes_, bytes));
  bytes_ += bytes.size();
  return {};
}

Status NewFile::WriteAt(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(file_.descriptor(), bytes.data(), std::min(bytes.size(), kAtOnce), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return IoError(path_, "cannot write");
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

Status NewFile::Sync() { return fsync(file_.descriptor()) == 0 ? Status() : IoError(path_, "cannot sync"); }

Result<InputFile> InputFile::Open(const std::string& path) {
  // Not blocking: a pipe of that name would wait for a writer.
  OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.descriptor() < 0)
    return errno == ENOENT ? Status(Code::kNotFound, "there is no file " + path).WithPath(path)
                           : IoError(path, "cannot open");
  struct stat info {};
  if (fstat(file.descriptor(), &info) != 0) return IoError(path, "cannot look at");
  if (!S_ISREG(info.st_mode)) return Status(Code::kIo, path + " is no regular file").WithPath(path);
  return InputFile(std::move(file), static_cast<uint64_t>(info.st_size));
}

bool InputFile::ReadAt(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got =
        pread(file_.descriptor(), bytes.data(), std::min(bytes.size(), kAtOnce), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return true;
}

Result<InputFile> MappedFile::OpenToMap(const std::string& path) {
  Result<InputFile> file = InputFile::Open(path);
  if (file.ok() && file->bytes() == 0) return Status(Code::kIo, path + " is empty").WithPath(path);
  return file;
}

Result<MappedFile> MappedFile::Read(const std::string& path) {
  Result<InputFile> file = OpenToMap(path);
  if (!file.ok()) return file.status();
  const size_t bytes = file->bytes();
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return IoError(path, "cannot find memory for");
  MappedFile memory(static_cast<std::byte*>(data), bytes);
  if (!file->ReadAt(0, std::span(memory.data(), bytes))) return IoError(path, "cannot read");
  return memory;
}

Result<MappedFile> MappedFile::Map(const std::string& path) {
  if (!NetworkFileSystem(path).empty()) return Read(path);
  Result<InputFile> file = OpenToMap(path);
  if (!file.ok()) return file.status();
  const size_t bytes = file->bytes();
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file->file_.descriptor(), 0);
  if (data == MAP_FAILED) return IoError(path, "cannot map");
  return MappedFile(static_cast<std::byte*>(data), bytes);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

Result<FileLock> FileLock::Take(const std::string& path, const std::string& like) {
  OpenFile file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, ModeOf(like)));
  if (file.descriptor() < 0) return IoError(path, "cannot open");
  if (flock(file.descriptor(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(file));
  return errno == EWOULDBLOCK ? Status(Code::kBusy, path + " is locked by another process").WithPath(path)
                              : IoError(path, "cannot lock");
}

}  // namespace agentmemdb
