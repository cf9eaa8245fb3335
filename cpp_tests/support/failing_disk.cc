#include "support/failing_disk.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>

namespace agentmemdb {
namespace {

std::string* failing_word = nullptr;  // nullptr: no disk fails, and nothing is counted
int failing_call = 0, failing_error = 0;
std::atomic<int> calls{0};

bool Fails(int file) {
  if (failing_word == nullptr) return false;
  char path[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof path);
  if (length <= 0 || std::string(path, static_cast<size_t>(length)).find(*failing_word) == std::string::npos)
    return false;
  if (++calls < failing_call || failing_call == 0) return false;
  errno = failing_error;
  return true;
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
  if (agentmemdb::Fails(file)) return -1;
  return static_cast<int>(syscall(SYS_fsync, file));
}

__attribute__((visibility("default"))) ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (agentmemdb::Fails(file)) return -1;
  return syscall(SYS_pwrite64, file, bytes, size, offset);
}

__attribute__((visibility("default"))) ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) {
  return pwrite(file, bytes, size, offset);
}
}
#endif
