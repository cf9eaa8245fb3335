#include "binding/handle.h"

#include <string>

namespace agentmemdb::binding {

void InputBytes::Add(size_t bytes) {
  if (handle_ == nullptr) return;
  bytes_ += static_cast<int64_t>(bytes);
  handle_->pending_bytes += static_cast<int64_t>(bytes);
}

void InputBytes::Release() {
  if (handle_ != nullptr) handle_->pending_bytes -= bytes_;
  bytes_ = 0;
}

Status CheckRoom(Handle* handle, const InputBytes& own) {
  const int64_t calls = handle->pending - handle->background;
  const int64_t bytes = handle->pending_bytes - own.bytes();
  Status status;
  if (calls >= handle->options.pending_max)
    status = Status(Code::kQueueFull,
                    std::to_string(calls) + " calls wait on this handle; await some of them, or raise maxPending");
  else if (bytes >= handle->options.pending_bytes_max)
    status = Status(Code::kQueueFull, "calls that wait on this handle hold " + std::to_string(bytes) +
                                          " bytes of input; await some of them, or raise maxPendingBytes");
  handle->refused = handle->refused || !status.ok();
  return status;
}

bool Drained(Handle* handle) {
  const HandleOptions& options = handle->options;
  const int64_t calls = handle->pending - handle->background;  // Nobody is told when background work ends.
  if (!handle->refused || calls > options.pending_max / 2 || handle->pending_bytes > options.pending_bytes_max / 2)
    return false;
  handle->refused = false;
  return true;
}

Status CheckBatchCount(const Handle& handle, size_t count, const char* argument) {
  if (static_cast<int64_t>(count) <= handle.options.batch_max) return {};
  return Status(Code::kLimit, std::string(argument) + " must be at most " + std::to_string(handle.options.batch_max) +
                                  " a call (maxBatch), got " + std::to_string(count) +
                                  "; split them over several calls")
      .WithArgument(argument);
}

Status CheckBatchBytes(const InputBytes& own, const char* argument) {
  if (own.bytes() <= static_cast<int64_t>(limits::kBatchBytesMax)) return {};
  return Status(Code::kLimit, std::string(argument) + " must be at most 256 MiB a call; split them over several calls")
      .WithArgument(argument);
}

}  // namespace agentmemdb::binding
