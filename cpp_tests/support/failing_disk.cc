#include "support/failing_disk.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>

namespace agentmemdb {
namespace {

std::string* failing_word = nullptr;  // nullptr: no disk fails, and nothing is counted
int failing_call = 0, failing_error = 0;
std::atomic<int> calls{0};

std::string PathOf(int file) {
  char path[PATH_MAX];
#ifdef F_GETPATH
  return fcntl(file, F_GETPATH, path) == 0 ? path : "";
#else
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof path);
  return {path, length > 0 ? static_cast<size_t>(length) : 0};
#endif
}

bool Fails(int file) {
  if (failing_word == nullptr || PathOf(file).find(*failing_word) == std::string::npos) return false;
  if (++calls < failing_call || failing_call == 0) return false;
  errno = failing_error;
  return true;
}

// The function of that name that this program's own stands before.
template <class Function>
Function* Original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

ssize_t Write(int file, const void* bytes, size_t size, off_t offset) {
  static auto* const original = Original<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return Fails(file) ? -1 : original(file, bytes, size, offset);
}

}  // namespace

void FailDisk(const std::string& word, int n, int error) {
  delete failing_word;
  failing_word = new std::string(word);
  failing_call = n;
  failing_error = error;
  calls = 0;
}

int DiskCalls() { return calls; }

}  // namespace agentmemdb

// In place of those of the C library, for everything that is linked into this program.
extern "C" {

__attribute__((visibility("default"))) int fsync(int file) {
  static auto* const original = agentmemdb::Original<int(int)>("fsync");
  return agentmemdb::Fails(file) ? -1 : original(file);
}

__attribute__((visibility("default"))) ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return agentmemdb::Write(file, bytes, size, offset);
}

// SQLite's, where the C library has it.
__attribute__((visibility("default"))) ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) {
  return agentmemdb::Write(file, bytes, size, offset);
}
}
