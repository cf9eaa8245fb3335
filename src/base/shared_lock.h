// A readers-writer lock that prefers the writer. std::shared_mutex starves it: with a few overlapping readers the writer
// may never get in.
#pragma once

#include <condition_variable>
#include <mutex>

namespace agentmemdb {

// Meets the SharedMutex requirements that std::shared_lock and std::unique_lock use. Not recursive, in either mode.
class WriterPreferringLock {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    ++writers_waiting_;
    writer_turn_.wait(guard, [this] { return !writing_ && readers_ == 0; });
    --writers_waiting_;
    writing_ = true;
  }

  void unlock() {
    std::lock_guard guard(mutex_);
    writing_ = false;
    if (writers_waiting_ > 0)
      writer_turn_.notify_one();
    else
      reader_turn_.notify_all();
  }

  void lock_shared() {
    std::unique_lock guard(mutex_);
    reader_turn_.wait(guard, [this] { return !writing_ && writers_waiting_ == 0; });
    ++readers_;
  }

  void unlock_shared() {
    std::lock_guard guard(mutex_);
    if (--readers_ == 0 && writers_waiting_ > 0) writer_turn_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable writer_turn_, reader_turn_;
  int readers_ = 0;
  int writers_waiting_ = 0;
  bool writing_ = false;
};

}  // namespace agentmemdb
