// The only door to time.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/types.h"

namespace agentmemdb {

// Wall clock. One value per call of a user, so that a record's times agree.
TimeMs NowMs();
// For durations and deadlines; unrelated to the wall clock.
int64_t MonotonicMicros();
// CPU time of the calling thread.
int64_t ThreadCpuMicros();
void SleepMs(int milliseconds);
// Lets a thread that was woken on this core run first: at most once in 100 us, and free of charge when none waits. Without it,
// as many busy workers as cores keep the event loop's thread waiting until a slice of the kernel's ends, 1 to 3 ms each time.
void GiveWay();
// What its thread does while one lives is short, and somebody waits for it: GiveWay does nothing for the first 10 ms.
class Hurry {
 public:
  Hurry();
  ~Hurry();
  Hurry(const Hurry&) = delete;
  Hurry& operator=(const Hurry&) = delete;
};
// One round of a loop that watches an atomic number, for microseconds: leaves the core to its other hardware thread.
void Pause();
// Whether the lock was got within that time.
bool TryLockFor(std::unique_lock<std::timed_mutex>* lock, int milliseconds);

}  // namespace agentmemdb
