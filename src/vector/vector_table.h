// float32 vectors by slot, in chunks that never move: a pointer to a row stays good until the table dies.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "base/types.h"

namespace agentmemdb {

// Threads: Reserve and Write exclude everything else; reading is free.
class VectorTable {
 public:
  explicit VectorTable(uint32_t dimensions) : dimensions_(dimensions), stride_((dimensions + 15) / 16 * 16) {}

  uint32_t dimensions() const { return dimensions_; }
  size_t bytes() const { return chunks_.size() * kChunkRows * stride_ * sizeof(float); }

  // Makes room for every slot below `bound`. May throw std::bad_alloc; the table is unchanged then.
  void Reserve(uint32_t bound) {
    const size_t chunks = (static_cast<size_t>(bound) + kChunkRows - 1) / kChunkRows;
    chunks_.reserve(chunks);
    while (chunks_.size() < chunks)
      chunks_.emplace_back(
          static_cast<float*>(::operator new (kChunkRows* stride_ * sizeof(float), std::align_val_t{kAlignment})));
  }

  // The row of a slot below the bound reserved: `dimensions` floats.
  float* Row(Slot slot) { return chunks_[ToInt(slot) / kChunkRows].get() + ToInt(slot) % kChunkRows * stride_; }
  const float* Row(Slot slot) const { return const_cast<VectorTable*>(this)->Row(slot); }

 private:
  static constexpr size_t kChunkRows = 256;
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(float* chunk) const { ::operator delete (chunk, std::align_val_t{kAlignment}); }
  };

  uint32_t dimensions_;
  size_t stride_;  // Floats from row to row: a whole number of cache lines.
  std::vector<std::unique_ptr<float, Free>> chunks_;
};

}  // namespace agentmemdb
