#include "engine/row_slots.h"

#include <bit>
#include <limits>
#include <utility>

namespace agentmemdb {
namespace {

constexpr uint32_t kEmpty = std::numeric_limits<uint32_t>::max();
constexpr size_t kPlacesMin = 16;

}  // namespace

// Rows are numbered one after the other: multiplying spreads them (Fibonacci hashing).
size_t RowSlots::HomeOf(RowId row) const {
  const uint64_t hash = static_cast<uint64_t>(ToInt(row)) * 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(hash >> (64 - std::bit_width(table_.size() - 1)));
}

std::optional<Slot> RowSlots::Find(RowId row, std::span<const RowId> rows) const {
  if (count_ == 0) return std::nullopt;
  for (size_t place = HomeOf(row);; place = (place + 1) & (table_.size() - 1)) {
    const uint32_t slot = table_[place];
    if (slot == kEmpty) return std::nullopt;
    if (rows[slot] == row) return Slot{slot};
  }
}

size_t RowSlots::PlaceOf(Slot slot, std::span<const RowId> rows) const {
  size_t place = HomeOf(rows[ToInt(slot)]);
  while (table_[place] != ToInt(slot)) place = (place + 1) & (table_.size() - 1);
  return place;
}

void RowSlots::Reserve(size_t count, std::span<const RowId> rows) {
  const size_t wanted = count + count / 2;
  if (wanted <= table_.size()) return;
  std::vector<uint32_t> old(std::max(kPlacesMin, std::bit_ceil(wanted)), kEmpty);
  std::swap(old, table_);
  count_ = 0;
  for (const uint32_t slot : old) {
    if (slot != kEmpty) Add(Slot{slot}, rows);
  }
}

void RowSlots::Add(Slot slot, std::span<const RowId> rows) {
  size_t place = HomeOf(rows[ToInt(slot)]);
  while (table_[place] != kEmpty) place = (place + 1) & (table_.size() - 1);
  table_[place] = ToInt(slot);
  ++count_;
}

void RowSlots::Replace(Slot old, Slot slot, std::span<const RowId> rows) { table_[PlaceOf(old, rows)] = ToInt(slot); }

void RowSlots::Remove(Slot slot, std::span<const RowId> rows) {
  size_t hole = PlaceOf(slot, rows);
  // What follows without a gap moves up, unless it would come before its home.
  for (size_t place = hole;;) {
    place = (place + 1) & (table_.size() - 1);
    if (table_[place] == kEmpty) break;
    const size_t home = HomeOf(rows[table_[place]]);
    const size_t from_home = (place - home) & (table_.size() - 1), from_hole = (place - hole) & (table_.size() - 1);
    if (from_home < from_hole) continue;
    table_[hole] = table_[place];
    hole = place;
  }
  table_[hole] = kEmpty;
  --count_;
}

}  // namespace agentmemdb
