// What the searches of a collection did, for stats.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "vector/vector_index.h"

namespace agentmemdb {

struct SearchCounts {
  std::array<int64_t, kStrategies> answered{};  // by strategy
  int64_t visited = 0, scanned = 0, rescored = 0;
};

// Threads: any.
class SearchCounters {
 public:
  void Add(const VectorSearchResult& found) {
    Raise(&answered_[static_cast<size_t>(found.strategy)], 1);
    Raise(&visited_, found.visited);
    Raise(&scanned_, found.scanned);
    Raise(&rescored_, found.rescored);
  }
  SearchCounts Get() const {
    SearchCounts counts;
    for (size_t i = 0; i < kStrategies; ++i) counts.answered[i] = answered_[i].load(std::memory_order_relaxed);
    counts.visited = visited_.load(std::memory_order_relaxed);
    counts.scanned = scanned_.load(std::memory_order_relaxed);
    counts.rescored = rescored_.load(std::memory_order_relaxed);
    return counts;
  }

 private:
  using Counter = std::atomic<int64_t>;
  static void Raise(Counter* counter, int64_t by) { counter->fetch_add(by, std::memory_order_relaxed); }

  std::array<Counter, kStrategies> answered_{};
  Counter visited_{0}, scanned_{0}, rescored_{0};
};

}  // namespace agentmemdb
