#include "base/clock.h"

#include <chrono>
#include <ctime>
#include <thread>

namespace agentmemdb {
namespace {

constexpr int64_t kBetweenWaysMicros = 100, kHurryMicros = 10000;
thread_local int64_t gives_way_at = 0;

}  // namespace

TimeMs NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

int64_t MonotonicMicros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

int64_t ThreadCpuMicros() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000 + time.tv_nsec / 1000;
#else
  return MonotonicMicros();
#endif
}

void SleepMs(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

void GiveWay() {
  const int64_t now = MonotonicMicros();
  if (now < gives_way_at) return;
  gives_way_at = now + kBetweenWaysMicros;
  std::this_thread::yield();
}

Hurry::Hurry() { gives_way_at = MonotonicMicros() + kHurryMicros; }

Hurry::~Hurry() { gives_way_at = 0; }

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool TryLockFor(std::unique_lock<std::timed_mutex>* lock, int milliseconds) {
  // By the wall clock: the thread sanitizer does not know the function that waits by the other one.
  return lock->try_lock_until(std::chrono::system_clock::now() + std::chrono::milliseconds(milliseconds));
}

}  // namespace agentmemdb
