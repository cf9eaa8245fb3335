// Some texts, indexed: their words, their terms, who has which, and each text as the sequence of its words. Never changed once
// it is made; what is deleted is left out when several are merged into one.
//
//   words     as they were read, ascending; each is of one term
//   terms     what words are searched by, ascending; each has blocks of postings
//   block     up to 128 postings of one term, of texts within 65,536 of the first: text = first + offset
//   sequence  of a text: for each token LEB128 of (word + 1), or of 0 for a gap
//
// Texts are numbered by ascending slot. A text is nowhere twice: term frequencies, phrases and what a deletion takes out of the
// statistics are read from its sequence.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sections.h"
#include "base/types.h"

namespace agentmemdb {

struct PostingBlock {
  uint32_t first;     // text
  uint32_t postings;  // where they begin; they end where those of the next block do
  float impact_max;   // of tf / (tf + K), K by the average length of this segment
};

struct SegmentArrays {
  std::vector<uint32_t> slots, lengths;  // by text; lengths in tokens that are no gaps
  std::vector<uint32_t> sequence_at;     // by text, and the end
  std::vector<uint8_t> sequences;
  std::vector<uint32_t> word_at;  // by word, and the end
  std::vector<char> word_bytes;
  std::vector<uint32_t> word_term, word_count, word_signature;
  std::vector<uint32_t> term_at;  // by term, and the end
  std::vector<char> term_bytes;
  std::vector<uint32_t> term_texts;  // texts that have it
  std::vector<uint32_t> term_block;  // by term, and the end
  std::vector<PostingBlock> blocks;  // and one more: the end
  std::vector<uint16_t> offsets;     // by posting
  std::vector<uint8_t> frequencies;  // by posting; kManyTimes: in `many`
  std::vector<uint32_t> many;        // pairs, ascending: posting, frequency

  // One after the other, in the order in which they are written down.
  template <class Self, class Visit>
  static void ForEach(Self& self, Visit visit) {
    visit(self.slots), visit(self.lengths), visit(self.sequence_at), visit(self.sequences);
    visit(self.word_at), visit(self.word_bytes), visit(self.word_term), visit(self.word_count);
    visit(self.word_signature), visit(self.term_at), visit(self.term_bytes), visit(self.term_texts);
    visit(self.term_block), visit(self.blocks), visit(self.offsets), visit(self.frequencies), visit(self.many);
  }
};

// Bits of the characters of a word: a word at edit distance 1 has at most two others.
uint32_t WordSignature(std::string_view word);

// Threads: any.
class TextSegment {
 public:
  static constexpr uint32_t kBlockPostings = 128;
  static constexpr uint8_t kManyTimes = 255;

  // Of arrays that are as this file says.
  explicit TextSegment(SegmentArrays arrays);
  // Of bytes that may be anybody's: nullptr when they are not as this file says. May throw std::bad_alloc.
  static std::shared_ptr<const TextSegment> Read(std::span<const std::byte> bytes);
  // The segment must live until the last part is made.
  static Section Write(std::string name, std::shared_ptr<const TextSegment> segment);

  uint32_t texts() const { return static_cast<uint32_t>(arrays_.slots.size()); }
  uint32_t words() const { return static_cast<uint32_t>(arrays_.word_term.size()); }
  uint32_t terms() const { return static_cast<uint32_t>(arrays_.term_texts.size()); }
  uint64_t tokens() const { return tokens_; }
  float average_length() const { return average_length_; }
  size_t bytes() const { return bytes_; }
  const SegmentArrays& arrays() const { return arrays_; }

  Slot SlotOf(uint32_t text) const { return Slot{arrays_.slots[text]}; }
  uint32_t LengthOf(uint32_t text) const { return arrays_.lengths[text]; }
  std::optional<uint32_t> TextOf(Slot slot) const;
  std::string_view Word(uint32_t word) const { return Entry(arrays_.word_bytes, arrays_.word_at, word); }
  std::string_view Term(uint32_t term) const { return Entry(arrays_.term_bytes, arrays_.term_at, term); }
  std::optional<uint32_t> FindTerm(std::string_view term) const;
  // The first word that is not less.
  uint32_t LowerBoundOfWord(std::string_view word) const;
  std::span<const PostingBlock> BlocksOf(uint32_t term) const {
    return std::span(arrays_.blocks)
        .subspan(arrays_.term_block[term], arrays_.term_block[term + 1] - arrays_.term_block[term]);
  }
  // How often the term of that posting is in its text.
  uint32_t FrequencyAt(uint32_t posting) const {
    const uint8_t frequency = arrays_.frequencies[posting];
    return frequency != kManyTimes ? frequency : ManyAt(posting);
  }
  // How often a term is in a text; 0: not.
  uint32_t Frequency(uint32_t term, uint32_t text) const;

  // Calls visit(word), or visit(nullopt) for a gap, for each token of a text.
  template <class Visit>
  void ForEachToken(uint32_t text, Visit visit) const {
    const uint8_t* at = arrays_.sequences.data() + arrays_.sequence_at[text];
    const uint8_t* end = arrays_.sequences.data() + arrays_.sequence_at[text + 1];
    while (at < end) {
      uint32_t value = *at & 0x7F;
      for (int shift = 7; *at++ >= 0x80; shift += 7) value |= static_cast<uint32_t>(*at & 0x7F) << shift;
      visit(value == 0 ? std::nullopt : std::optional<uint32_t>(value - 1));
    }
  }

 private:
  static std::string_view Entry(const std::vector<char>& bytes, const std::vector<uint32_t>& at, uint32_t i) {
    return {bytes.data() + at[i], at[i + 1] - at[i]};
  }
  uint32_t ManyAt(uint32_t posting) const;

  SegmentArrays arrays_;
  uint64_t tokens_ = 0;
  float average_length_ = 0;
  size_t bytes_ = 0;
};

}  // namespace agentmemdb
