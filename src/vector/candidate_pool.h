// The nearest candidates a walk has seen, in order, and which of them it has expanded.
//
// A candidate is one number, which sorts as its distance does: the bits of the distance, made an integer that compares the same
// way, then the node, then whether it was expanded. Getting in is then min and max over a row of numbers, without a branch
// that cannot be predicted (CodeKernels::insert).
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "vector/code_kernels.h"

namespace agentmemdb {

struct Candidate {
  float raw;  // estimated, as metric.h compares; finite
  uint32_t node;
};

// Threads: one. An object may be used again and again: it keeps its memory.
class CandidatePool {
 public:
  using Key = int64_t;
  static Key KeyOf(Candidate candidate) {
    return static_cast<Key>(Flip(std::bit_cast<int32_t>(candidate.raw))) << 32 |
           static_cast<Key>(uint64_t{candidate.node} << 1);
  }

  static Candidate CandidateOf(Key key) {
    return {std::bit_cast<float>(Flip(static_cast<int32_t>(key >> 32))), NodeOf(key)};
  }
  static uint32_t NodeOf(Key key) { return static_cast<uint32_t>(key) >> 1; }

  // Empty, with room for `most` >= 1.
  void Reset(uint32_t most);
  // A candidate gets in when its key is below this.
  Key bound() const { return keys_[most_ - 1]; }
  bool full() const { return bound() != kNone; }
  // Whether it has more than `place` candidates; the distance of the one there, if it has.
  bool Has(size_t place) const { return place < most_ && keys_[place] != kNone; }
  float RawAt(size_t place) const { return CandidateOf(keys_[place]).raw; }
  // The distance that bound() stands for, once full.
  float bound_raw() const { return RawAt(most_ - 1); }
  // Puts a candidate that was never in where it belongs; the farthest gives way. Returns whether it is now the next to expand.
  bool Insert(Key key) {
    const size_t place = insert_(keys_, padded_, key);
    keys_[most_] = kNone;
    if (place > next_) return false;
    next_ = place;
    return true;
  }

  // The nearest that was not expanded, which now it is. False when there is none.
  bool Expand(uint32_t* node) {
    SkipExpanded();
    if (keys_[next_] == kNone) return false;
    *node = NodeOf(keys_[next_]);
    keys_[next_] |= kExpanded;
    return true;
  }
  // Whether there is one whose distance is at most `farthest`.
  bool HasNext(float farthest = std::numeric_limits<float>::infinity()) {
    SkipExpanded();
    return Has(next_) && RawAt(next_) <= farthest;
  }
  // Calls with(node) for the nearest that were not expanded, at most `most` of them.
  template <class With>
  void PeekNext(size_t most, With with) {
    SkipExpanded();
    for (size_t i = next_; most > 0 && keys_[i] != kNone; ++i) {
      if ((keys_[i] & kExpanded) != 0) continue;
      with(NodeOf(keys_[i]));
      --most;
    }
  }
  // All of them, nearest first.
  void CopyTo(std::vector<Candidate>* candidates) const;

 private:
  static constexpr Key kExpanded = 1;
  static constexpr Key kNone = INT64_MAX - 1;  // Above every key, and not expanded.
  static constexpr size_t kBlock =
      8;  // Keys that an insertion takes at a time; so many stand before the first, the least of all.
  static constexpr size_t kAlignment = kBlock * sizeof(Key);

  static int32_t Flip(int32_t bits) { return bits ^ (bits >> 31 & INT32_MAX); }
  void SkipExpanded() {
    while ((keys_[next_] & kExpanded) != 0) ++next_;
  }

  struct Free {
    void operator()(Key* keys) const { ::operator delete (keys, std::align_val_t{kAlignment}); }
  };
  decltype(CodeKernels::insert) insert_ = ActiveCodeKernels().insert;
  std::unique_ptr<Key, Free> memory_;
  size_t room_ = 0;      // keys that memory_ holds
  Key* keys_ = nullptr;  // ascending; kNone from the last candidate on
  size_t most_ = 0;
  size_t padded_ = 0;  // most_, rounded up to whole blocks
  size_t next_ = 0;    // everything before was expanded
};

}  // namespace agentmemdb
