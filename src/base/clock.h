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
// Whether the lock was got within that time.
bool TryLockFor(std::unique_lock<std::timed_mutex>* lock, int milliseconds);

}  // namespace agentmemdb
