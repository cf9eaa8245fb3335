// Waiting for other processes.
#pragma once

#include <cstdint>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/status.h"

namespace agentmemdb {

// Repeats `attempt` () -> Status while it is kBusy, for about `timeout_ms`, looking at `cancel` in between.
template <class Attempt>
Status RetryWhileBusy(int timeout_ms, const CancelToken& cancel, Attempt attempt) {
  constexpr int kStepMs = 10;
  const int64_t deadline = MonotonicMicros() + int64_t{1000} * timeout_ms;
  for (;;) {
    Status status = attempt();
    if (status.code() != Code::kBusy || MonotonicMicros() >= deadline) return status;
    RETURN_IF_ERROR(cancel.Check());
    SleepMs(kStepMs);
  }
}

}  // namespace agentmemdb
