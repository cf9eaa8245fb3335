// The k nearest seen so far.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/types.h"

namespace agentmemdb {

struct Neighbor {
  float raw;  // metric.h: smaller is nearer
  Slot slot;
  RowId row;
};

// The order of every result: nearest first, equal distances newest row first.
inline bool Nearer(const Neighbor& a, const Neighbor& b) {
  return a.raw != b.raw ? a.raw < b.raw : ToInt(a.row) > ToInt(b.row);
}

class TopK {
 public:
  explicit TopK(uint32_t k) : k_(k) { heap_.reserve(std::min<uint32_t>(k, 1024) + 1); }

  bool full() const { return heap_.size() >= k_; }
  // A raw distance above this cannot enter.
  float Bound() const { return full() ? heap_.front().raw : std::numeric_limits<float>::infinity(); }

  void Offer(const Neighbor& candidate) {
    if (heap_.size() == k_) {
      if (!Nearer(candidate, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), Nearer);
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end(), Nearer);
  }

  // Nearest first; leaves this empty.
  std::vector<Neighbor> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), Nearer);
    return std::move(heap_);
  }

 private:
  uint32_t k_;
  std::vector<Neighbor> heap_;  // Farthest on top.
};

}  // namespace agentmemdb
