// Cancellation and deadline of one call. Long loops ask Stopped() at least every 256 candidates or 1 MiB.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/status.h"

namespace agentmemdb {

// Threads: any. Copies share the flag.
class CancelToken {
 public:
  CancelToken() : cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

  void Cancel() const { cancelled_->store(true, std::memory_order_relaxed); }
  void set_deadline_micros(int64_t monotonic_micros) { deadline_micros_ = monotonic_micros; }
  bool cancelled() const { return cancelled_->load(std::memory_order_relaxed); }

  // kAborted, kTimeout, or ok.
  Status Check() const {
    if (cancelled()) return Status(Code::kAborted, "the call was aborted");
    if (deadline_micros_ != 0 && MonotonicMicros() >= deadline_micros_)
      return Status(Code::kTimeout, "the call did not finish within timeoutMs; raise it, or ask for less");
    return {};
  }
  bool Stopped() const { return !Check().ok(); }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_;
  int64_t deadline_micros_ = 0;
};

}  // namespace agentmemdb
