// Which slot stands for a row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/types.h"

namespace agentmemdb {

// A hash table of slots alone, 6 to 12 bytes a row: what a slot's row is says `rows`, by slot, which its owner keeps and gives
// with every call. Threads: const members beside one another; the rest alone.
class RowSlots {
 public:
  size_t size() const { return count_; }
  size_t memory_bytes() const { return table_.capacity() * sizeof(uint32_t); }

  std::optional<Slot> Find(RowId row, std::span<const RowId> rows) const;
  // Makes room for `count` rows in all. May throw std::bad_alloc; nothing is changed then.
  void Reserve(size_t count, std::span<const RowId> rows);
  // Of a row that has none, with room for it.
  void Add(Slot slot, std::span<const RowId> rows);
  // Of a row that has another, `old`.
  void Replace(Slot old, Slot slot, std::span<const RowId> rows);
  void Remove(Slot slot, std::span<const RowId> rows);

 private:
  size_t HomeOf(RowId row) const;
  // The place of a slot that is there.
  size_t PlaceOf(Slot slot, std::span<const RowId> rows) const;

  std::vector<uint32_t> table_;  // a power of two of places, at most two in three used
  size_t count_ = 0;
};

}  // namespace agentmemdb
