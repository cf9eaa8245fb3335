// One handle on a database: what its calls share, and how many of them may wait. Touched on the JavaScript thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/status.h"
#include "engine/database.h"

namespace agentmemdb::binding {

// What open() was told about the handle; the engine is shared with others.
struct HandleOptions {
  bool read_only = false;
  int64_t pending_max = 10000;                     // calls
  int64_t pending_bytes_max = int64_t{256} << 20;  // of their input
  int64_t batch_max = limits::kBatchRecordsMax;    // records of one call
};

struct Handle {
  std::shared_ptr<Database> database;
  HandleOptions options;
  bool closing = false;
  int64_t pending = 0;              // accepted and not settled
  int64_t background = 0;           // of them, those that nobody waits for
  int64_t pending_bytes = 0;        // of input, held by calls that are gathered or accepted
  bool refused = false;             // a call found no room, and nobody was told since that there is some
  bool copying_log = false;         // is accepted and not settled
  std::function<void()> when_idle;  // set by close(): runs when pending reaches 0
};

// The bytes of input that one call holds, from gathering them to being settled.
class InputBytes {
 public:
  InputBytes() = default;
  explicit InputBytes(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  InputBytes(InputBytes&& other) noexcept { *this = std::move(other); }
  InputBytes& operator=(InputBytes&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~InputBytes() { Release(); }

  void Add(size_t bytes);
  void Release();
  int64_t bytes() const { return bytes_; }
  Handle* handle() const { return handle_.get(); }

 private:
  std::shared_ptr<Handle> handle_;
  int64_t bytes_ = 0;
};

// Whether a call may wait: others are fewer than may, and hold less input than may. So one call can be larger than the
// limit, and none is kept waiting by small ones for ever. Errors: kQueueFull.
Status CheckRoom(Handle* handle, const InputBytes& own);
// Whether calls were refused and half of the room is free again. Says so once.
bool Drained(Handle* handle);

// Limits of one bulk call. `argument` names what there is too much of. Errors: kLimit.
Status CheckBatchCount(const Handle& handle, size_t count, const char* argument);
Status CheckBatchBytes(const InputBytes& own, const char* argument);

}  // namespace agentmemdb::binding
