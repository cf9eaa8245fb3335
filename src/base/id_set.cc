#include "base/id_set.h"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace agentmemdb {

IdSet IdSet::All(uint32_t bound) {
  IdSet set;
  set.words_.assign(bound / kWordBits, ~uint64_t{0});
  if (const uint32_t rest = bound % kWordBits; rest != 0) set.words_.push_back((uint64_t{1} << rest) - 1);
  return set;
}

IdSet IdSet::Between(const double* numbers, size_t bound, double least, double most) {
#if defined(__SSE2__)
  // Compilers make nothing good of 64-bit comparisons that end in bits.
  const __m128d low = _mm_set1_pd(least), high = _mm_set1_pd(most);
  IdSet set = All(static_cast<uint32_t>(bound));
  for (size_t word = 0; word < bound / kWordBits; ++word, numbers += kWordBits) {
    uint64_t bits = 0;
    for (size_t i = 0; i < kWordBits; i += 2) {
      const __m128d two = _mm_loadu_pd(numbers + i);
      const __m128d within = _mm_and_pd(_mm_cmpge_pd(two, low), _mm_cmple_pd(two, high));
      bits |= static_cast<uint64_t>(_mm_movemask_pd(within)) << i;
    }
    set.words_[word] = bits;
  }
  for (size_t i = 0; i < bound % kWordBits; ++i) {
    if (!(numbers[i] >= least && numbers[i] <= most)) set.words_.back() &= ~(uint64_t{1} << i);
  }
  return set;
#else
  return Where(bound, [=](uint32_t slot) { return (numbers[slot] >= least) & (numbers[slot] <= most); });
#endif
}

void IdSet::Reserve(uint32_t bound) {
  if (const size_t words = (size_t{bound} + kWordBits - 1) / kWordBits; words > words_.size()) words_.resize(words);
}

void IdSet::Add(Slot slot) {
  const size_t word = WordOf(slot);
  if (word >= words_.size()) words_.resize(word + 1);
  words_[word] |= BitOf(slot);
}

void IdSet::Remove(Slot slot) {
  if (WordOf(slot) < words_.size()) words_[WordOf(slot)] &= ~BitOf(slot);
}

void IdSet::And(const IdSet& other) {
  if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void IdSet::Or(const IdSet& other) {
  if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
}

void IdSet::AndNot(const IdSet& other) {
  const size_t common = std::min(words_.size(), other.words_.size());
  for (size_t i = 0; i < common; ++i) words_[i] &= ~other.words_[i];
}

void IdSet::Not(const IdSet& universe) {
  words_.resize(universe.words_.size());
  for (size_t i = 0; i < words_.size(); ++i) words_[i] = universe.words_[i] & ~words_[i];
}

size_t IdSet::Count() const {
  size_t count = 0;
  for (const uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
  return count;
}

size_t IdSet::CountCommon(const IdSet& other) const {
  size_t count = 0;
  for (size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i)
    count += static_cast<size_t>(std::popcount(words_[i] & other.words_[i]));
  return count;
}

bool IdSet::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](uint64_t word) { return word == 0; });
}

size_t IdSet::Bound() const {
  for (size_t word = words_.size(); word > 0; --word) {
    const uint64_t bits = words_[word - 1];
    if (bits != 0) return word * kWordBits - static_cast<size_t>(std::countl_zero(bits));
  }
  return 0;
}

std::optional<Slot> IdSet::Next(Slot slot) const {
  uint64_t seen = BitOf(slot) - 1;
  for (size_t word = WordOf(slot); word < words_.size(); ++word, seen = 0) {
    if (const uint64_t bits = words_[word] & ~seen; bits != 0) return Lowest(word, bits);
  }
  return std::nullopt;
}

bool operator==(const IdSet& a, const IdSet& b) {
  const auto& shorter = a.words_.size() < b.words_.size() ? a.words_ : b.words_;
  const auto& longer = a.words_.size() < b.words_.size() ? b.words_ : a.words_;
  const auto rest = longer.begin() + static_cast<std::ptrdiff_t>(shorter.size());
  return std::equal(shorter.begin(), shorter.end(), longer.begin()) &&
         std::all_of(rest, longer.end(), [](uint64_t word) { return word == 0; });
}

}  // namespace agentmemdb
