#include "support/clock_jump.h"

#include <dlfcn.h>

#include <atomic>
#include <ctime>

namespace agentmemdb {
namespace {

std::atomic<int64_t> ahead_seconds{0};

}  // namespace

void SetClockAhead(int64_t milliseconds) { ahead_seconds = milliseconds / 1000; }

}  // namespace agentmemdb

// In place of that of the C library, which the C++ library asks.
#ifdef __GLIBC__
extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept(true) {
#else
extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) {
#endif
  using Function = int(clockid_t, timespec*);
  static auto* const original = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = original(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += static_cast<time_t>(agentmemdb::ahead_seconds.load());
  return result;
}
