// Makes a segment: of a dictionary and of texts as numbers; of texts; of other segments.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id_set.h"
#include "text/text_segment.h"
#include "text/tokenizer.h"

namespace agentmemdb {

// What both ways end in. All may throw std::bad_alloc.
class SegmentWriter {
 public:
  // Of `dictionary` only the words (word_at, word_bytes, word_term) and the terms (term_at, term_bytes) are looked at. Each must
  // come to be used.
  explicit SegmentWriter(SegmentArrays dictionary);
  // Slots ascending; `tokens`: word + 1 each, 0 for a gap.
  void AddText(Slot slot, std::span<const uint32_t> tokens);
  // Does one piece, about a millisecond, of what is left when all texts are added. Returns whether there is more.
  bool FinishSome();
  std::shared_ptr<const TextSegment> Take();

 private:
  struct Pair {
    uint32_t term, frequency;
  };

  void Place();
  void WriteTerm(uint32_t term);
  void WriteBlock(uint32_t begin, uint32_t end);

  SegmentArrays arrays_;
  std::vector<Pair> pairs_;        // of every text in turn, terms ascending
  std::vector<uint32_t> pair_at_;  // by text, and the end
  std::vector<uint32_t> scratch_;
  uint64_t tokens_ = 0;
  float average_length_ = 0;
  // Of finishing.
  bool placing_ = false;
  uint32_t next_text_ = 0, next_term_ = 0;
  std::vector<uint32_t> texts_, frequencies_, place_;  // by posting; by term: the next posting
};

// Threads: one at a time.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(const TextOptions& options) : analyzer_(options) {}

  // Each slot once.
  void Add(Slot slot, std::string_view text);
  size_t texts() const { return texts_.size(); }
  // nullptr when nothing was added. Leaves the builder empty.
  std::shared_ptr<const TextSegment> Build();

 private:
  struct Text {
    Slot slot;
    size_t begin, end;  // in tokens_
  };

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };

  uint32_t NumberOf(std::string_view word);
  SegmentArrays MakeDictionary(std::vector<uint32_t>* rank);

  Analyzer analyzer_;
  Tokens read_;
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> numbers_;  // of words, from 1
  std::vector<const std::string*> words_;                                     // by number - 1
  std::vector<uint32_t> tokens_;
  std::vector<Text> texts_;
};

// One segment of the living texts of several, in small pieces. Threads: one at a time.
class SegmentMerge {
 public:
  struct Input {
    std::shared_ptr<const TextSegment> segment;
    std::vector<uint64_t> live;  // a bit for each text
    bool IsLive(uint32_t text) const { return (live[text / 64] >> text % 64 & 1) != 0; }
  };

  // At least one text lives.
  explicit SegmentMerge(std::vector<Input> inputs);
  ~SegmentMerge();

  const std::vector<Input>& inputs() const { return inputs_; }
  // About a millisecond. Returns whether there is more. May throw std::bad_alloc: it is good for nothing then.
  bool WorkSome();
  std::shared_ptr<const TextSegment> Take();

 private:
  struct Progress;
  void CountSome();
  void MergeTermsSome();
  void MergeWordsSome();
  void AddTextsSome();

  std::vector<Input> inputs_;
  std::unique_ptr<Progress> progress_;
};

}  // namespace agentmemdb
