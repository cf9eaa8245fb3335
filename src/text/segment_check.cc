#include "text/segment_check.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "text/tokenizer.h"

namespace agentmemdb {
namespace {

// `at` leads from 0 to `end` in `count` steps, none backwards, none longer than `step_max`.
bool IsPartition(const std::vector<uint32_t>& at, size_t count, size_t end, size_t step_max = SIZE_MAX) {
  if (at.size() != count + 1 || at.front() != 0 || at.back() != end) return false;
  for (size_t i = 0; i < count; ++i) {
    if (at[i] > at[i + 1] || at[i + 1] - at[i] > step_max) return false;
  }
  return true;
}

bool IsDictionary(const std::vector<uint32_t>& at, size_t count, const std::vector<char>& bytes) {
  if (!IsPartition(at, count, bytes.size()) || !IsUtf8({bytes.data(), bytes.size()})) return false;
  const auto entry = [&](size_t i) { return std::string_view(bytes.data() + at[i], at[i + 1] - at[i]); };
  for (size_t i = 0; i < count; ++i) {
    if (entry(i).empty() || !IsUtf8(entry(i)) || (i > 0 && entry(i - 1) >= entry(i))) return false;
  }
  return true;
}

class Checker {
 public:
  explicit Checker(const SegmentArrays& arrays) : a_(arrays) {}

  bool Run() {
    const size_t texts = a_.slots.size(), words = a_.word_term.size(), terms = a_.term_texts.size();
    if (a_.lengths.size() != texts || a_.word_count.size() != words || a_.word_signature.size() != words) return false;
    if (texts > UINT32_MAX - 1 || a_.offsets.size() > UINT32_MAX - 1) return false;
    if (std::adjacent_find(a_.slots.begin(), a_.slots.end(), std::greater_equal<>()) != a_.slots.end()) return false;
    if (!IsPartition(a_.sequence_at, texts, a_.sequences.size())) return false;
    if (!IsDictionary(a_.word_at, words, a_.word_bytes) || !IsDictionary(a_.term_at, terms, a_.term_bytes))
      return false;
    for (size_t i = 0; i < words; ++i) {
      const std::string_view word(a_.word_bytes.data() + a_.word_at[i], a_.word_at[i + 1] - a_.word_at[i]);
      if (a_.word_term[i] >= terms || a_.word_signature[i] != WordSignature(word)) return false;
    }
    return CheckMany() && CheckPostings() && CheckSequences();
  }

 private:
  bool CheckMany() {
    if (a_.many.size() % 2 != 0) return false;
    size_t next = 0;
    for (size_t i = 0; i < a_.frequencies.size(); ++i) {
      if (a_.frequencies[i] == 0) return false;
      if (a_.frequencies[i] != TextSegment::kManyTimes) continue;
      if (next == a_.many.size() || a_.many[next] != i || a_.many[next + 1] < TextSegment::kManyTimes) return false;
      next += 2;
    }
    return next == a_.many.size();
  }

  // Blocks follow one another, and so do the texts in them.
  bool CheckPostings() {
    const size_t postings = a_.offsets.size(), texts = a_.slots.size();
    if (a_.frequencies.size() != postings || a_.blocks.empty()) return false;
    if (!IsPartition(a_.term_block, a_.term_texts.size(), a_.blocks.size() - 1)) return false;
    if (a_.blocks.front().postings != 0 || a_.blocks.back().postings != postings) return false;
    for (size_t term = 0; term < a_.term_texts.size(); ++term) {
      uint64_t next_text = 0, count = 0;
      for (uint32_t b = a_.term_block[term]; b < a_.term_block[term + 1]; ++b) {
        const PostingBlock& block = a_.blocks[b];
        const uint32_t end = a_.blocks[b + 1].postings;
        if (end <= block.postings || end - block.postings > TextSegment::kBlockPostings || end > postings) return false;
        if (!(block.impact_max > 0 && block.impact_max <= 1) || a_.offsets[block.postings] != 0) return false;
        for (uint32_t p = block.postings; p < end; ++p, ++count) {
          const uint64_t text = uint64_t{block.first} + a_.offsets[p];
          if (text < next_text || text >= texts) return false;
          next_text = text + 1;
        }
      }
      if (count != a_.term_texts[term] || count == 0) return false;
    }
    return true;
  }

  bool CheckSequences() {
    std::vector<uint32_t> counts(a_.word_term.size());
    uint64_t tokens = 0, by_postings = 0;
    for (size_t text = 0; text < a_.slots.size(); ++text) {
      uint32_t length = 0;
      for (uint32_t at = a_.sequence_at[text]; at < a_.sequence_at[text + 1];) {
        uint64_t value = 0;
        int shift = 0;
        uint8_t byte;
        do {
          if (at == a_.sequence_at[text + 1] || shift > 28) return false;
          byte = a_.sequences[at++];
          value |= uint64_t{byte & 0x7Fu} << shift;
          shift += 7;
        } while (byte >= 0x80);
        if (value > counts.size()) return false;
        if (value > 0) ++counts[value - 1], ++length;
      }
      if (length != a_.lengths[text]) return false;
      tokens += length;
    }
    size_t many = 0;
    for (const uint8_t frequency : a_.frequencies) {
      by_postings += frequency != TextSegment::kManyTimes ? frequency : a_.many[2 * many++ + 1];
    }
    return tokens == by_postings && counts == a_.word_count;
  }

  const SegmentArrays& a_;
};

}  // namespace

bool IsSound(const SegmentArrays& arrays) { return Checker(arrays).Run(); }

}  // namespace agentmemdb
