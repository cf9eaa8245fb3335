// Work that a thread of its own does while the caller goes on.
#pragma once

#include <functional>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace agentmemdb {

// Threads: the one that made it.
class Beside {
 public:
  // `work` must not throw. It begins at once; where there is no thread to be had, in Join().
  explicit Beside(std::function<void()> work) : work_(std::move(work)) {
    try {
      thread_.emplace(work_);
    } catch (const std::system_error&) {
    }
  }
  ~Beside() { Join(); }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  // Returns when the work is done. Once is enough.
  void Join() {
    if (joined_) return;
    joined_ = true;
    if (thread_)
      thread_->join();
    else
      work_();
  }

 private:
  std::function<void()> work_;
  std::optional<std::thread> thread_;
  bool joined_ = false;
};

}  // namespace agentmemdb
