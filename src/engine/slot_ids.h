// The users' ids of the records of a collection, by slot: a search that includes nothing else need not ask the file.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sections.h"
#include "base/types.h"

namespace agentmemdb {

// Up to 16 bytes, and UUIDs of any length of text, take no memory beyond their place.
// Threads: Reserve and Set exclude everything else for their slots; Get runs beside others.
class SlotIds {
 public:
  SlotIds() = default;
  ~SlotIds();
  SlotIds(const SlotIds&) = delete;
  SlotIds& operator=(const SlotIds&) = delete;

  // Makes room for slots below `bound`. May throw std::bad_alloc; nothing is changed then.
  void Reserve(uint32_t bound);
  // 1..512 bytes. May throw std::bad_alloc; the slot keeps what it had then.
  void Set(Slot slot, std::string_view id);
  // What was set last.
  std::string Get(Slot slot) const;
  // How the ids of slots for which used(slot) are written down. `this` must live, and stay as it is, until that is done.
  std::vector<Section> Write(std::function<bool(Slot)> used) const;
  // Makes an empty object what was written, of slots below `bound`: every id of those used is one that could have been set.
  // False: it was not. May throw std::bad_alloc.
  bool Read(SectionReader* image, uint32_t bound, const std::function<bool(Slot)>& used);
  size_t memory_bytes() const { return kinds_.capacity() * (1 + sizeof(Place)) + heap_bytes_; }

 private:
  using Place = std::array<char, 16>;
  // How a place is to be read: up to 16, that many bytes of it.
  static constexpr uint8_t kUuid = 17;  // 16 bytes, written as canonical text
  static constexpr uint8_t kHeap = 18;  // a pointer to what Allocate made

  void Free(Slot slot);

  std::vector<Place> places_;
  std::vector<uint8_t> kinds_;
  std::atomic<size_t> heap_bytes_{0};
};

}  // namespace agentmemdb
