#include "vector/vector_table.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/crc32c.h"

namespace agentmemdb {

VectorTable::VectorTable(uint32_t dimensions) : dimensions_(dimensions), stride_((dimensions + 15) / 16 * 16) {}

void VectorTable::Reserve(uint32_t bound) {
  const size_t rows = bound - std::min(bound, mapped_rows_);
  const size_t chunks = (rows + kChunkRows - 1) / kChunkRows;
  chunks_.reserve(chunks);
  while (chunks_.size() < chunks)
    chunks_.emplace_back(static_cast<float*>(::operator new (kChunkRows* row_bytes(), std::align_val_t{kAlignment})));
}

uint32_t VectorTable::BlockShift() const {
  return static_cast<uint32_t>(std::bit_width(std::max<size_t>(1, kBlockBytes / row_bytes())) - 1);
}

PartMaker VectorTable::Write(uint32_t rows, std::function<bool(Slot)> has,
                             std::shared_ptr<std::vector<uint32_t>> crcs) const {
  const uint32_t block_rows = uint32_t{1} << BlockShift();
  return
      [this, rows, block_rows, has = std::move(has), crcs = std::move(crcs), next = uint32_t{0}](Bytes* part) mutable {
        const size_t begin = part->size();
        const uint32_t end = next + std::min(block_rows, rows - next);
        part->resize(begin + (end - next) * row_bytes());
        for (std::byte* to = part->data() + begin; next < end; ++next, to += row_bytes()) {
          if (has(Slot{next})) std::memcpy(to, Row(Slot{next}), dimensions_ * sizeof(float));
        }
        crcs->push_back(Crc32c(0, part->data() + begin, part->size() - begin));
        return next < rows;
      };
}

bool VectorTable::Map(MappedFile file, uint32_t rows, std::vector<uint32_t> crcs, std::shared_ptr<void>* freed) {
  const uint32_t shift = BlockShift();
  const size_t blocks = (static_cast<size_t>(rows) + (size_t{1} << shift) - 1) >> shift;
  if (file.bytes() != static_cast<size_t>(rows) * row_bytes() || crcs.size() != blocks) return false;
  auto mapping = std::make_unique<Mapping>();
  mapping->verified.reset(new std::atomic<uint8_t>[blocks] {});
  mapping->file = std::move(file);
  mapping->crcs = std::move(crcs);
  mapping->block_shift = shift;
  CHECK(chunks_.empty() || mapped_rows_ + (chunks_.size() - 1) * kChunkRows < rows);
  auto old = std::make_shared<std::pair<decltype(chunks_), decltype(mapping_)>>();
  std::swap(old->first, chunks_);
  std::swap(old->second, mapping_);
  if (freed != nullptr) *freed = std::move(old);
  mapping_ = std::move(mapping);
  mapped_rows_ = rows;
  return true;
}

void VectorTable::Verify(Slot slot) const {
  const size_t block = ToInt(slot) >> mapping_->block_shift;
  std::lock_guard guard(mapping_->mutex);
  if (mapping_->verified[block].load(std::memory_order_relaxed) != 0) return;
  const size_t block_bytes = row_bytes() << mapping_->block_shift, begin = block * block_bytes;
  const size_t bytes = std::min(block_bytes, mapping_->file.bytes() - begin);
  if (Crc32c(0, mapping_->file.data() + begin, bytes) != mapping_->crcs[block])
    mapping_->damaged.store(true, std::memory_order_relaxed);
  mapping_->verified[block].store(1, std::memory_order_release);
}

}  // namespace agentmemdb
