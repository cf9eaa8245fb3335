// float32 vectors by slot: those of an image in its file, mapped, the others in chunks of memory. Neither moves: a pointer to a
// row stays good until the table dies, or begins to use another file.
//
// The file is not verified when the table begins to use it, for that would read all of it. Its rows lie in blocks, each with a
// checksum, and a block is verified when one of its rows is asked for the first time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "base/file.h"
#include "base/sections.h"
#include "base/types.h"

namespace agentmemdb {

// Threads: Reserve, Write and Map exclude everything else; reading is free.
class VectorTable {
 public:
  explicit VectorTable(uint32_t dimensions);

  uint32_t dimensions() const { return dimensions_; }
  // Of memory that is this process's own, about.
  size_t bytes() const { return chunks_.size() * kChunkRows * stride_ * sizeof(float); }

  // Makes room for every slot below `bound`. May throw std::bad_alloc; the table is unchanged then.
  void Reserve(uint32_t bound);

  // The row of a slot below the bound reserved: `dimensions` floats.
  const float* Row(Slot slot) const {
    if (ToInt(slot) >= mapped_rows_) return ChunkRow(slot);
    if (mapping_->verified[ToInt(slot) >> mapping_->block_shift].load(std::memory_order_acquire) == 0) Verify(slot);
    return MappedRow(slot);
  }
  // The same, to write to. What is written to a row of the file stays in this process.
  float* Row(Slot slot) { return const_cast<float*>(static_cast<const VectorTable*>(this)->Row(slot)); }

  // As if every row of the file were asked for.
  void VerifyAll() const {
    for (uint32_t row = 0; row < mapped_rows_; ++row) (void)Row(Slot{row});
  }
  // Whether a row was asked for whose block failed its check. What such a row holds is anything, but finite memory.
  bool damaged() const { return mapping_ != nullptr && mapping_->damaged.load(std::memory_order_relaxed); }

  // How the first rows are written to a file: a block in each part, whose checksum is appended to `crcs`. Rows for which
  // has(slot) is false are written as zeros.
  PartMaker Write(uint32_t rows, std::function<bool(Slot)> has, std::shared_ptr<std::vector<uint32_t>> crcs) const;
  // From now on rows below `rows` are those of a file that was written so. False, and nothing has changed, when that cannot
  // be by its size. May throw std::bad_alloc. No slot from `rows` on may have been reserved. The memory that held them goes to
  // `freed`, unless that is nullptr.
  bool Map(MappedFile file, uint32_t rows, std::vector<uint32_t> crcs, std::shared_ptr<void>* freed = nullptr);

 private:
  static constexpr size_t kChunkRows = 256;
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kBlockBytes = size_t{64} << 10;
  struct Free {
    void operator()(float* chunk) const { ::operator delete (chunk, std::align_val_t{kAlignment}); }
  };
  struct Mapping {
    MappedFile file;
    std::vector<uint32_t> crcs;                        // by block
    uint32_t block_shift;                              // rows of a block, as a power of two
    std::unique_ptr<std::atomic<uint8_t>[]> verified;  // by block
    std::mutex mutex;  // One thread at a time verifies, and nobody writes to a block before it is verified.
    std::atomic<bool> damaged{false};
  };

  size_t row_bytes() const { return stride_ * sizeof(float); }
  // About 64 KiB, and a whole number of rows.
  uint32_t BlockShift() const;
  void Verify(Slot slot) const;
  float* ChunkRow(Slot slot) const {
    const size_t row = ToInt(slot) - mapped_rows_;
    return chunks_[row / kChunkRows].get() + row % kChunkRows * stride_;
  }
  float* MappedRow(Slot slot) const { return reinterpret_cast<float*>(mapping_->file.data()) + ToInt(slot) * stride_; }

  uint32_t dimensions_;
  size_t stride_;  // Floats from row to row: a whole number of cache lines.
  uint32_t mapped_rows_ = 0;
  std::unique_ptr<Mapping> mapping_;
  std::vector<std::unique_ptr<float, Free>> chunks_;  // from mapped_rows_ on
};

}  // namespace agentmemdb
