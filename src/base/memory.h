// The door to the operating system's memory: one range of addresses that grows.
#pragma once

#include <cstddef>

namespace agentmemdb {

// Bytes that read as zero until written. Growing within what is reserved moves nothing; beyond that it moves the range.
// Threads: Grow excludes everything else; the bytes are the owner's business.
class GrowingMemory {
 public:
  GrowingMemory() = default;
  ~GrowingMemory();
  GrowingMemory(const GrowingMemory&) = delete;
  GrowingMemory& operator=(const GrowingMemory&) = delete;

  // At least `bytes` from then on; what is there stays. Throws std::bad_alloc, and nothing has changed then.
  void Grow(size_t bytes);
  // Whether Grow(bytes) would move the range.
  bool WouldMove(size_t bytes) const { return bytes > reserved_; }

  // Has the system find memory for some of the bytes now, where it can: who writes there first does not wait for it. Changes
  // nothing that can be read. Threads: any, beside those who read and write there.
  void Populate(size_t begin, size_t end) const;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void Move(size_t size);

  std::byte* data_ = nullptr;  // page-aligned
  size_t size_ = 0;            // usable
  size_t reserved_ = 0;
};

}  // namespace agentmemdb
