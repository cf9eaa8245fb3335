// Durations counted by size: eight buckets to each doubling, so that a quantile is right within a tenth.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace agentmemdb {

// Threads: one at a time.
class Histogram {
 public:
  void Add(int64_t micros) {
    ++counts_[BucketOf(micros)];
    ++count_;
  }
  int64_t count() const { return count_; }

  // The duration that the given share (0..1) of all stayed within, rounded up to its bucket's end; 0 when empty.
  int64_t Quantile(double share) const {
    const auto wanted = static_cast<int64_t>(std::ceil(share * static_cast<double>(count_)));
    int64_t seen = 0;
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      seen += counts_[bucket];
      if (seen >= wanted && seen > 0) return EndOf(bucket);
    }
    return 0;
  }

 private:
  static constexpr size_t kPerDoubling = 8;
  static constexpr size_t kBuckets = 40 * kPerDoubling;

  // 0..7 as they are; then the position of the highest bit, and the three bits below it.
  static size_t BucketOf(int64_t micros) {
    if (micros < static_cast<int64_t>(kPerDoubling)) return static_cast<size_t>(micros < 0 ? 0 : micros);
    const auto value = static_cast<uint64_t>(micros);
    const auto shift = static_cast<size_t>(std::bit_width(value)) - 4;
    const size_t bucket = (shift + 1) * kPerDoubling + ((value >> shift) & (kPerDoubling - 1));
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static int64_t EndOf(size_t bucket) {
    if (bucket < kPerDoubling) return static_cast<int64_t>(bucket);
    const size_t shift = bucket / kPerDoubling - 1;
    return (static_cast<int64_t>(bucket % kPerDoubling + kPerDoubling + 1) << shift) - 1;
  }

  std::array<uint32_t, kBuckets> counts_{};
  int64_t count_ = 0;
};

}  // namespace agentmemdb
