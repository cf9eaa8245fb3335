// Cancellation, deadline and progress of one call. Long loops ask Check() at least every 256 candidates or 1 MiB.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/status.h"

namespace agentmemdb {

// Threads: any. Copies share the flag and the progress.
class CancelToken {
 public:
  CancelToken() : shared_(std::make_shared<Shared>()) {}

  void Cancel() const { shared_->cancelled.store(true, std::memory_order_relaxed); }
  void set_deadline_micros(int64_t monotonic_micros) { deadline_micros_ = monotonic_micros; }
  bool cancelled() const { return shared_->cancelled.load(std::memory_order_relaxed); }

  // For loops: state(), and threads that wait for this core get their turn (GiveWay).
  Status Check() const {
    GiveWay();
    return state();
  }
  // kAborted, kTimeout, or ok.
  Status state() const {
    if (cancelled()) return Status(Code::kAborted, "the call was aborted");
    if (deadline_micros_ != 0 && MonotonicMicros() >= deadline_micros_)
      return Status(Code::kTimeout, "the call did not finish within timeoutMs; raise it, or ask for less");
    return {};
  }

  // How far the call is, in a unit of its own: written by the thread that works, read by whoever shows it.
  void Report(int64_t done, int64_t total) const {
    shared_->total.store(total, std::memory_order_relaxed);
    shared_->done.store(done, std::memory_order_relaxed);
  }
  int64_t done() const { return shared_->done.load(std::memory_order_relaxed); }
  int64_t total() const { return shared_->total.load(std::memory_order_relaxed); }

 private:
  struct Shared {
    std::atomic<bool> cancelled{false};
    std::atomic<int64_t> done{0}, total{0};
  };
  std::shared_ptr<Shared> shared_;
  int64_t deadline_micros_ = 0;
};

}  // namespace agentmemdb
