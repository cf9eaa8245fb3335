// A set of slots: what a filter makes, and what every search accepts.
//
// One bit per slot up to the largest that was ever added: a set costs bound / 8 bytes however few it holds. Slots are
// dense (types.h); that is why this is a plain bitmap and not a compressed one.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/types.h"

namespace agentmemdb {

// Threads: const members beside one another; the rest alone. Growing may throw std::bad_alloc; nothing is changed then.
class IdSet {
 public:
  IdSet() = default;
  // Every slot below `bound`.
  static IdSet All(uint32_t bound);

  // Every slot below `bound` that `test(uint32_t)` is true of. Quick when the test is simple arithmetic on an array: the compiler
  // then makes many at a time.
  template <class Test>
  static IdSet Where(size_t bound, Test test);

  // Every slot whose number is in least..most; NaN never is.
  static IdSet Between(const double* numbers, size_t bound, double least, double most);

  // Makes room so that adding slots below `bound` cannot fail.
  void Reserve(uint32_t bound);
  // Adding what is there and removing what is not are no errors.
  void Add(Slot slot);
  void Remove(Slot slot);
  bool Contains(Slot slot) const { return WordOf(slot) < words_.size() && (words_[WordOf(slot)] & BitOf(slot)) != 0; }
  // Keeps its room.
  void Clear() { std::fill(words_.begin(), words_.end(), 0); }

  // This becomes: the members of both; of either; of this only; of `universe` that are not here.
  void And(const IdSet& other);
  void Or(const IdSet& other);
  void AndNot(const IdSet& other);
  void Not(const IdSet& universe);

  // Linear in Bound().
  size_t Count() const;
  bool empty() const;
  // Members of both.
  size_t CountCommon(const IdSet& other) const;
  // One past the largest member, 0 when empty.
  size_t Bound() const;
  // The smallest member that is not below `slot`, nullopt if there is none: a walk that can stop and go on.
  std::optional<Slot> Next(Slot slot) const;
  // Calls `visit(Slot)` with each member, ascending. `visit` must not change the set.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    ForEachWhile([&](Slot slot) {
      visit(slot);
      return true;
    });
  }
  // The same until `visit` returns false.
  template <class Visit>
  void ForEachWhile(Visit&& visit) const {
    for (size_t word = 0; word < words_.size(); ++word) {
      for (uint64_t bits = words_[word]; bits != 0; bits &= bits - 1) {
        if (!visit(Lowest(word, bits))) return;
      }
    }
  }

  size_t memory_bytes() const { return words_.capacity() * sizeof(uint64_t); }

  // The same members, whatever room each has.
  friend bool operator==(const IdSet& a, const IdSet& b);

 private:
  static constexpr size_t kWordBits = 64;

  static constexpr size_t WordOf(Slot slot) { return ToInt(slot) / kWordBits; }
  static constexpr uint64_t BitOf(Slot slot) { return uint64_t{1} << (ToInt(slot) % kWordBits); }

  static Slot Lowest(size_t word, uint64_t bits) {
    return Slot{static_cast<uint32_t>(word * kWordBits + static_cast<size_t>(std::countr_zero(bits)))};
  }

  // A bit of each flag, which is 0 or 1.
  static uint64_t Pack(const uint8_t (&flags)[kWordBits]) {
    // The product has in its highest byte the lowest bit of each of the eight bytes.
    constexpr uint64_t kGather = 0x0102040810204080;
    uint64_t bits = 0;
    for (size_t i = 0; i < kWordBits; i += 8) {
      uint64_t eight;
      std::memcpy(&eight, flags + i, 8);
      bits |= (eight * kGather >> 56) << i;
    }
    return bits;
  }

  std::vector<uint64_t> words_;
};

template <class Test>
IdSet IdSet::Where(size_t bound, Test test) {
  IdSet set;
  set.words_.resize((bound + kWordBits - 1) / kWordBits);
  const auto flag = [&](size_t slot) { return static_cast<uint8_t>(test(static_cast<uint32_t>(slot)) ? 1 : 0); };
  uint8_t flags[kWordBits];
  const size_t whole = bound / kWordBits;
  for (size_t word = 0; word < whole; ++word) {
    for (size_t i = 0; i < kWordBits; ++i) flags[i] = flag(word * kWordBits + i);
    set.words_[word] = Pack(flags);
  }
  if (whole == set.words_.size()) return set;
  for (size_t i = 0; i < kWordBits; ++i) flags[i] = whole * kWordBits + i < bound ? flag(whole * kWordBits + i) : 0;
  set.words_[whole] = Pack(flags);
  return set;
}

}  // namespace agentmemdb
