#include "text/segment_writer.h"

#include <algorithm>

#include "text/bm25.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kPostingsAPiece = 20000;

void AppendNumber(std::vector<uint8_t>* bytes, uint32_t value) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<uint8_t>(value | 0x80));
  bytes->push_back(static_cast<uint8_t>(value));
}

void AppendEntry(std::string_view entry, std::vector<uint32_t>* at, std::vector<char>* bytes) {
  bytes->insert(bytes->end(), entry.begin(), entry.end());
  at->push_back(static_cast<uint32_t>(bytes->size()));
}

// A name to sort by bytes, and its number. Most comparisons are of its first bytes, which are here and not where the name is.
struct Entry {
  Entry(std::string_view the_name, uint32_t the_number) : name(the_name), number(the_number) {
    for (size_t i = 0; i < sizeof first; ++i)
      first = first << 8 | (i < name.size() ? static_cast<uint8_t>(name[i]) : 0u);
  }
  bool operator<(const Entry& other) const { return first != other.first ? first < other.first : name < other.name; }

  uint64_t first = 0;
  std::string_view name;
  uint32_t number;
};

}  // namespace

SegmentWriter::SegmentWriter(SegmentArrays dictionary) : arrays_(std::move(dictionary)), pair_at_{0} {
  const size_t words = arrays_.word_term.size(), terms = arrays_.term_at.size() - 1;
  arrays_.word_count.resize(words);
  arrays_.word_signature.resize(words);
  for (size_t i = 0; i < words; ++i) {
    const std::string_view word(arrays_.word_bytes.data() + arrays_.word_at[i],
                                arrays_.word_at[i + 1] - arrays_.word_at[i]);
    arrays_.word_signature[i] = WordSignature(word);
  }
  arrays_.term_texts.resize(terms);
  arrays_.sequence_at = {0};
}

void SegmentWriter::AddText(Slot slot, std::span<const uint32_t> tokens) {
  scratch_.clear();
  for (const uint32_t token : tokens) {
    AppendNumber(&arrays_.sequences, token);
    if (token == 0) continue;
    ++arrays_.word_count[token - 1];
    scratch_.push_back(arrays_.word_term[token - 1]);
  }
  arrays_.sequence_at.push_back(static_cast<uint32_t>(arrays_.sequences.size()));
  arrays_.slots.push_back(ToInt(slot));
  arrays_.lengths.push_back(static_cast<uint32_t>(scratch_.size()));
  tokens_ += scratch_.size();
  std::sort(scratch_.begin(), scratch_.end());
  for (size_t i = 0; i < scratch_.size();) {
    size_t end = i + 1;
    while (end < scratch_.size() && scratch_[end] == scratch_[i]) ++end;
    pairs_.push_back({scratch_[i], static_cast<uint32_t>(end - i)});
    ++arrays_.term_texts[scratch_[i]];
    i = end;
  }
  pair_at_.push_back(static_cast<uint32_t>(pairs_.size()));
}

bool SegmentWriter::FinishSome() {
  const uint32_t texts = static_cast<uint32_t>(arrays_.slots.size());
  const uint32_t terms = static_cast<uint32_t>(arrays_.term_texts.size());
  if (!placing_) {
    placing_ = true;
    average_length_ = static_cast<float>(static_cast<double>(tokens_) / texts);
    place_.assign(size_t{terms} + 1, 0);
    for (uint32_t term = 0; term < terms; ++term) place_[term + 1] = place_[term] + arrays_.term_texts[term];
    texts_.resize(pairs_.size());
    frequencies_.resize(pairs_.size());
    arrays_.offsets.reserve(pairs_.size());
    arrays_.frequencies.reserve(pairs_.size());
    arrays_.term_block = {0};
    return true;
  }
  if (next_text_ < texts) {
    Place();
    return true;
  }
  for (uint32_t postings = 0; next_term_ < terms && postings < kPostingsAPiece; ++next_term_) {
    postings += arrays_.term_texts[next_term_];
    WriteTerm(next_term_);
  }
  if (next_term_ < terms) return true;
  arrays_.blocks.push_back({0, static_cast<uint32_t>(arrays_.offsets.size()), 0});
  return false;
}

// From one list for each text to one list for each term.
void SegmentWriter::Place() {
  const uint32_t begin = pair_at_[next_text_];
  for (; next_text_ < arrays_.slots.size() && pair_at_[next_text_] - begin < kPostingsAPiece; ++next_text_) {
    for (uint32_t i = pair_at_[next_text_]; i < pair_at_[next_text_ + 1]; ++i) {
      const uint32_t place = place_[pairs_[i].term]++;
      texts_[place] = next_text_;
      frequencies_[place] = pairs_[i].frequency;
    }
  }
}

void SegmentWriter::WriteTerm(uint32_t term) {
  const uint32_t end = place_[term], begin = end - arrays_.term_texts[term];
  for (uint32_t i = begin; i < end;) {
    uint32_t block_end = std::min(end, i + TextSegment::kBlockPostings);
    while (texts_[block_end - 1] - texts_[i] > UINT16_MAX) --block_end;
    WriteBlock(i, block_end);
    i = block_end;
  }
  arrays_.term_block.push_back(static_cast<uint32_t>(arrays_.blocks.size()));
}

void SegmentWriter::WriteBlock(uint32_t begin, uint32_t end) {
  PostingBlock block{texts_[begin], static_cast<uint32_t>(arrays_.offsets.size()), 0};
  for (uint32_t i = begin; i < end; ++i) {
    const uint32_t frequency = frequencies_[i];
    if (frequency >= TextSegment::kManyTimes) {
      arrays_.many.push_back(static_cast<uint32_t>(arrays_.offsets.size()));
      arrays_.many.push_back(frequency);
    }
    arrays_.offsets.push_back(static_cast<uint16_t>(texts_[i] - block.first));
    arrays_.frequencies.push_back(static_cast<uint8_t>(std::min<uint32_t>(frequency, TextSegment::kManyTimes)));
    block.impact_max =
        std::max(block.impact_max, Bm25Norm(average_length_).Impact(frequency, arrays_.lengths[texts_[i]]));
  }
  arrays_.blocks.push_back(block);
}

std::shared_ptr<const TextSegment> SegmentWriter::Take() {
  return std::make_shared<const TextSegment>(std::move(arrays_));
}

uint32_t SegmentBuilder::NumberOf(std::string_view word) {
  if (const auto found = numbers_.find(word); found != numbers_.end()) return found->second;
  const auto place = numbers_.emplace(word, static_cast<uint32_t>(words_.size() + 1)).first;
  words_.push_back(&place->first);
  return place->second;
}

void SegmentBuilder::Add(Slot slot, std::string_view text) {
  analyzer_.Tokenize(text, &read_);
  const size_t begin = tokens_.size();
  for (const Token& token : read_.list) tokens_.push_back(token.size == 0 ? 0 : NumberOf(read_.Word(token)));
  texts_.push_back({slot, begin, tokens_.size()});
}

// rank: by number - 1, the word's place in order.
SegmentArrays SegmentBuilder::MakeDictionary(std::vector<uint32_t>* rank) {
  std::vector<Entry> words;
  for (uint32_t i = 0; i < words_.size(); ++i) words.emplace_back(*words_[i], i);
  std::sort(words.begin(), words.end());
  rank->resize(words_.size());
  SegmentArrays arrays;
  arrays.word_at = arrays.term_at = {0};
  // Words beside one another often have one term: it is sorted once. `made` has what of those differ, `term_of` which it is of a word.
  std::vector<std::string> made;
  std::vector<uint32_t> term_of;
  for (uint32_t i = 0; i < words.size(); ++i) {
    (*rank)[words[i].number] = i;
    AppendEntry(words[i].name, &arrays.word_at, &arrays.word_bytes);
    std::string term = analyzer_.Term(words[i].name);
    if (made.empty() || term != made.back()) made.push_back(std::move(term));
    term_of.push_back(static_cast<uint32_t>(made.size() - 1));
  }
  std::vector<Entry> terms;
  for (uint32_t i = 0; i < made.size(); ++i) terms.emplace_back(made[i], i);
  std::sort(terms.begin(), terms.end());
  std::vector<uint32_t> place(made.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    if (i == 0 || terms[i].name != terms[i - 1].name) AppendEntry(terms[i].name, &arrays.term_at, &arrays.term_bytes);
    place[terms[i].number] = static_cast<uint32_t>(arrays.term_at.size() - 2);
  }
  for (const uint32_t term : term_of) arrays.word_term.push_back(place[term]);
  return arrays;
}

std::shared_ptr<const TextSegment> SegmentBuilder::Build() {
  if (texts_.empty()) return nullptr;
  std::vector<uint32_t> rank;
  SegmentWriter writer(MakeDictionary(&rank));
  std::sort(texts_.begin(), texts_.end(), [](const Text& a, const Text& b) { return ToInt(a.slot) < ToInt(b.slot); });
  for (uint32_t& token : tokens_) token = token == 0 ? 0 : rank[token - 1] + 1;
  for (const Text& text : texts_)
    writer.AddText(text.slot, std::span(tokens_).subspan(text.begin, text.end - text.begin));
  while (writer.FinishSome()) continue;
  numbers_.clear();
  words_.clear();
  tokens_.clear();
  texts_.clear();
  return writer.Take();
}

}  // namespace agentmemdb
