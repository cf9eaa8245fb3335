// Merging: what is used is counted, dictionaries are merged from their beginnings, then texts are taken in the order of their
// slots.
#include <algorithm>
#include <optional>

#include "text/segment_writer.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kEntriesAPiece = 5000, kTokensAPiece = 40000;
constexpr uint32_t kUnused = UINT32_MAX;

}  // namespace

struct SegmentMerge::Progress {
  enum class Stage { kCount, kTerms, kWords, kTexts, kFinish };
  Stage stage = Stage::kCount;
  size_t input = 0;            // being counted
  uint32_t text = 0;           // of it
  std::vector<uint32_t> next;  // by input: the next term, word or text
  // By input, then by word or term of it: its number in what is made; while counting, 0 when it is used.
  std::vector<std::vector<uint32_t>> words, terms;
  SegmentArrays dictionary;
  std::optional<SegmentWriter> writer;
  std::vector<uint32_t> tokens;
};

SegmentMerge::SegmentMerge(std::vector<Input> inputs)
    : inputs_(std::move(inputs)), progress_(std::make_unique<Progress>()) {
  for (const Input& input : inputs_) {
    progress_->words.emplace_back(input.segment->words(), kUnused);
    progress_->terms.emplace_back(input.segment->terms(), kUnused);
  }
  progress_->next.assign(inputs_.size(), 0);
  progress_->dictionary.word_at = progress_->dictionary.term_at = {0};
}

SegmentMerge::~SegmentMerge() = default;

bool SegmentMerge::WorkSome() {
  using Stage = Progress::Stage;
  switch (progress_->stage) {
    case Stage::kCount:
      CountSome();
      return true;
    case Stage::kTerms:
      MergeTermsSome();
      return true;
    case Stage::kWords:
      MergeWordsSome();
      return true;
    case Stage::kTexts:
      AddTextsSome();
      return true;
    case Stage::kFinish:
      break;
  }
  return progress_->writer->FinishSome();
}

std::shared_ptr<const TextSegment> SegmentMerge::Take() { return progress_->writer->Take(); }

// Words of texts that are gone are words of nothing.
void SegmentMerge::CountSome() {
  Progress& p = *progress_;
  uint32_t tokens = 0;
  while (tokens < kTokensAPiece) {
    if (p.input == inputs_.size()) {
      p.stage = Progress::Stage::kTerms;
      return;
    }
    const Input& input = inputs_[p.input];
    if (p.text == input.segment->texts()) {
      ++p.input;
      p.text = 0;
      continue;
    }
    const uint32_t text = p.text++;
    if (!input.IsLive(text)) continue;
    input.segment->ForEachToken(text, [&](std::optional<uint32_t> word) {
      ++tokens;
      if (!word) return;
      p.words[p.input][*word] = 0;
      p.terms[p.input][input.segment->arrays().word_term[*word]] = 0;
    });
    ++tokens;
  }
}

namespace {

// One step of merging sorted dictionaries: takes the least entry that is next in any, in all that have it. False: none is left.
template <class Entry, class Take>
bool MergeNext(std::vector<uint32_t>* next, const std::vector<std::vector<uint32_t>>& numbers, Entry entry, Take take) {
  std::optional<std::string_view> least;
  for (size_t i = 0; i < next->size(); ++i) {
    uint32_t& at = (*next)[i];
    while (at < numbers[i].size() && numbers[i][at] == kUnused) ++at;
    if (at < numbers[i].size() && (!least || entry(i, at) < *least)) least = entry(i, at);
  }
  if (!least) return false;
  for (size_t i = 0; i < next->size(); ++i) {
    uint32_t& at = (*next)[i];
    if (at < numbers[i].size() && entry(i, at) == *least) take(i, at++);
  }
  return true;
}

}  // namespace

void SegmentMerge::MergeTermsSome() {
  Progress& p = *progress_;
  const auto entry = [this](size_t i, uint32_t at) { return inputs_[i].segment->Term(at); };
  for (uint32_t made = 0; made < kEntriesAPiece; ++made) {
    const auto number = static_cast<uint32_t>(p.dictionary.term_at.size() - 1);
    std::string_view term;
    const bool any = MergeNext(&p.next, p.terms, entry, [&](size_t i, uint32_t at) {
      term = entry(i, at);
      p.terms[i][at] = number;
    });
    if (!any) {
      p.stage = Progress::Stage::kWords;
      p.next.assign(inputs_.size(), 0);
      return;
    }
    p.dictionary.term_bytes.insert(p.dictionary.term_bytes.end(), term.begin(), term.end());
    p.dictionary.term_at.push_back(static_cast<uint32_t>(p.dictionary.term_bytes.size()));
  }
}

void SegmentMerge::MergeWordsSome() {
  Progress& p = *progress_;
  const auto entry = [this](size_t i, uint32_t at) { return inputs_[i].segment->Word(at); };
  for (uint32_t made = 0; made < kEntriesAPiece; ++made) {
    const auto number = static_cast<uint32_t>(p.dictionary.word_at.size() - 1);
    std::string_view word;
    uint32_t term = 0;
    const bool any = MergeNext(&p.next, p.words, entry, [&](size_t i, uint32_t at) {
      word = entry(i, at);
      term = p.terms[i][inputs_[i].segment->arrays().word_term[at]];
      p.words[i][at] = number;
    });
    if (!any) {
      p.stage = Progress::Stage::kTexts;
      p.next.assign(inputs_.size(), 0);
      p.writer.emplace(std::move(p.dictionary));
      return;
    }
    p.dictionary.word_bytes.insert(p.dictionary.word_bytes.end(), word.begin(), word.end());
    p.dictionary.word_at.push_back(static_cast<uint32_t>(p.dictionary.word_bytes.size()));
    p.dictionary.word_term.push_back(term);
  }
}

void SegmentMerge::AddTextsSome() {
  Progress& p = *progress_;
  for (uint32_t tokens = 0; tokens < kTokensAPiece; tokens += static_cast<uint32_t>(p.tokens.size()) + 1) {
    size_t chosen = inputs_.size();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Input& input = inputs_[i];
      while (p.next[i] < input.segment->texts() && !input.IsLive(p.next[i])) ++p.next[i];
      if (p.next[i] == input.segment->texts()) continue;
      if (chosen == inputs_.size() ||
          ToInt(input.segment->SlotOf(p.next[i])) < ToInt(inputs_[chosen].segment->SlotOf(p.next[chosen])))
        chosen = i;
    }
    if (chosen == inputs_.size()) {
      p.stage = Progress::Stage::kFinish;
      return;
    }
    const TextSegment& segment = *inputs_[chosen].segment;
    const uint32_t text = p.next[chosen]++;
    p.tokens.clear();
    segment.ForEachToken(
        text, [&](std::optional<uint32_t> word) { p.tokens.push_back(word ? p.words[chosen][*word] + 1 : 0); });
    p.writer->AddText(segment.SlotOf(text), p.tokens);
  }
}

}  // namespace agentmemdb
