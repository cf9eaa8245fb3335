#include "text/bm25_search.h"

#include <algorithm>
#include <map>

#include "text/bm25.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kWindow = 4096;  // texts: their scores stay in the first cache
constexpr uint32_t kSparse = 512;   // postings in a window, up to which each text that was touched is remembered
constexpr float kPhraseBonus = 0.25f;
constexpr float kSlack = 1.0f + 1e-5f;  // bounds and sums are rounded
// Looking up one term in one text takes about as long as this many postings of a scan.
constexpr int64_t kLookupPostings = 20;

}  // namespace

// The k best so far.
class TextScorer::Best {
 public:
  explicit Best(uint32_t k) : k_(k) { heap_.reserve(std::min<uint32_t>(k, 1024) + 1); }

  // A lower score cannot enter; the same may.
  float bound() const { return heap_.size() < k_ ? 0 : heap_.front().score; }
  void Offer(const TextHit& hit) {
    if (heap_.size() == k_) {
      if (!Better(hit, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), Better);
      heap_.pop_back();
    }
    heap_.push_back(hit);
    std::push_heap(heap_.begin(), heap_.end(), Better);
  }
  std::vector<TextHit> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), Better);
    return std::move(heap_);
  }

  uint32_t scored = 0;
  int64_t postings = 0;

 private:
  uint32_t k_;
  std::vector<TextHit> heap_;  // Worst on top.
};

int64_t TextsWith(const TextParts& parts, std::string_view term) {
  int64_t texts = 0;
  for (const auto& part : parts) {
    if (const std::optional<uint32_t> number = part->segment->FindTerm(term)) texts += part->TextsWith(*number);
  }
  return texts;
}

std::vector<QueryTerm> BestTerms(const TextParts& parts, Slot slot, size_t most) {
  std::map<uint32_t, float> frequencies;
  const TextSegment* segment = nullptr;
  int64_t texts = 0;
  for (const auto& part : parts) {
    texts += part->live_texts;
    const std::optional<uint32_t> text = part->LiveTextOf(slot);
    if (!text) continue;
    segment = part->segment.get();
    segment->ForEachToken(*text, [&](std::optional<uint32_t> word) {
      if (word) ++frequencies[segment->arrays().word_term[*word]];
    });
  }
  std::vector<std::pair<float, QueryTerm>> worth;
  for (const auto& [term, frequency] : frequencies) {
    const std::string name(segment->Term(term));
    worth.push_back({frequency * Bm25Idf(texts, TextsWith(parts, name)), {name, 1}});
  }
  std::sort(worth.begin(), worth.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second.term < b.second.term;
  });
  std::vector<QueryTerm> best;
  for (size_t i = 0; i < std::min(most, worth.size()); ++i) best.push_back(worth[i].second);
  return best;
}

TextScorer::TextScorer(TextParts parts, const TextSearch& search) : parts_(std::move(parts)), search_(search) {
  std::sort(parts_.begin(), parts_.end(), [](const auto& a, const auto& b) { return a->live_texts > b->live_texts; });
  int64_t texts = 0;
  uint64_t tokens = 0;
  for (const auto& part : parts_) {
    texts += part->live_texts;
    tokens += part->live_tokens;
    lists_.push_back({part.get(), {}, {}});
  }
  if (texts > 0) average_length_ = static_cast<float>(static_cast<double>(tokens) / static_cast<double>(texts));
  std::vector<std::optional<uint32_t>> found(parts_.size());
  for (size_t i = 0; i < search.terms.size(); ++i) {
    int64_t with_term = 0;
    for (size_t p = 0; p < parts_.size(); ++p) {
      found[p] = parts_[p]->segment->FindTerm(search.terms[i].term);
      if (found[p]) with_term += parts_[p]->TextsWith(*found[p]);
    }
    if (with_term == 0) continue;
    const float weight = search.terms[i].weight * Bm25Idf(texts, with_term) * (kBm25K1 + 1);
    for (size_t p = 0; p < parts_.size(); ++p) {
      if (!found[p]) continue;
      lists_[p].lists.push_back({*found[p], weight, weight * (1 + kPhraseBonus * PhrasesWith(search.terms[i].term))});
      lists_[p].postings += parts_[p]->segment->arrays().term_texts[*found[p]];
    }
  }
  for (PartLists& lists : lists_) {
    postings_ += lists.postings;
    for (const QueryPhrase& phrase : search.phrases) {
      std::vector<std::optional<uint32_t>> numbers;
      bool known = true;
      for (const auto& term : phrase) {
        numbers.push_back(term ? lists.part->segment->FindTerm(*term) : std::nullopt);
        known = known && (!term || numbers.back());
      }
      if (known)
        lists.phrases.push_back(std::move(numbers));
      else if (search.needs_phrases)
        lists.can_match = false;
    }
    lists.can_match = lists.can_match && !lists.lists.empty();
  }
}

float TextScorer::PhrasesWith(const std::string& term) const {
  float phrases = 0;
  for (const QueryPhrase& phrase : search_.phrases)
    phrases += std::find(phrase.begin(), phrase.end(), term) != phrase.end() ? 1.0f : 0.0f;
  return phrases;
}

std::vector<bool> TextScorer::PhrasesOf(const PartLists& lists, uint32_t text) const {
  constexpr uint32_t kGap = UINT32_MAX;
  const TextSegment& segment = *lists.part->segment;
  std::vector<uint32_t> terms;
  segment.ForEachToken(
      text, [&](std::optional<uint32_t> word) { terms.push_back(word ? segment.arrays().word_term[*word] : kGap); });
  std::vector<bool> has;
  for (const auto& phrase : lists.phrases) {
    const auto found =
        std::search(terms.begin(), terms.end(), phrase.begin(), phrase.end(),
                    [](uint32_t term, const std::optional<uint32_t>& wanted) { return !wanted || *wanted == term; });
    has.push_back(found != terms.end());
  }
  return has;
}

// Summed up in one order: the same text has the same score, however it was found.
float TextScorer::Exact(const PartLists& lists, uint32_t text) const {
  const TextSegment& segment = *lists.part->segment;
  const Bm25Norm norm(average_length_);
  const uint32_t length = segment.LengthOf(text);
  std::vector<bool> phrases;
  if (!lists.phrases.empty()) {
    phrases = PhrasesOf(lists, text);
    if (search_.needs_phrases && std::find(phrases.begin(), phrases.end(), false) != phrases.end()) return 0;
  }
  float score = 0;
  for (const List& list : lists.lists) {
    const uint32_t frequency = segment.Frequency(list.term, text);
    if (frequency == 0) continue;
    float weight = list.weight;
    for (size_t i = 0; i < phrases.size(); ++i) {
      const auto& phrase = lists.phrases[i];
      if (phrases[i] && std::find(phrase.begin(), phrase.end(), list.term) != phrase.end())
        weight += kPhraseBonus * list.weight;
    }
    score += weight * norm.Impact(frequency, length);
  }
  return score;
}

float TextScorer::ScoreOf(Slot slot) const {
  for (const PartLists& lists : lists_) {
    const std::optional<uint32_t> text = lists.part->LiveTextOf(slot);
    if (!text) continue;
    return lists.can_match ? Exact(lists, *text) : 0;
  }
  return 0;
}

void TextScorer::Offer(const PartLists& lists, uint32_t text, Best* best) const {
  const Slot slot = lists.part->segment->SlotOf(text);
  if (!lists.part->IsLive(text) || (search_.allowed != nullptr && !search_.allowed->Contains(slot))) return;
  const float score = Exact(lists, text);
  ++best->scored;
  if (score > 0 && score >= best->bound()) best->Offer({score, slot, search_.rows[ToInt(slot)]});
}

// The postings of some terms, from window to window.
class TextScorer::Window {
 public:
  Window(const TextScorer& scorer, const PartLists& lists)
      : scorer_(scorer),
        part_(lists),
        segment_(*lists.part->segment),
        norm_(scorer.average_length_),
        // Where texts are shorter than on average when the segment was made, longer ones are worth more than then.
        stretch_(std::max(1.0f, scorer.average_length_ / segment_.average_length()) * kSlack),
        scores_(kWindow) {
    for (const List& list : lists.lists) {
      const std::span<const PostingBlock> blocks = segment_.BlocksOf(list.term);
      cursors_.push_back({list.weight_max, list.term, blocks.data(), blocks.data() + blocks.size(), 0, 0});
    }
  }

  void Score(uint32_t begin, Best* best) {
    begin_ = begin;
    end_ = std::min(begin + kWindow, segment_.texts());
    float total = 0;
    for (Cursor& cursor : cursors_) {
      MoveTo(&cursor);
      total += cursor.bound;
    }
    if (total <= 0 || total * kSlack < best->bound()) return;
    std::sort(cursors_.begin(), cursors_.end(), [](const Cursor& a, const Cursor& b) { return a.bound < b.bound; });
    // Texts that have none but these terms are not good enough.
    size_t others = 0;
    float others_bound = 0;
    while (others < cursors_.size() && (others_bound + cursors_[others].bound) * kSlack < best->bound())
      others_bound += cursors_[others++].bound;
    int64_t postings = 0;
    for (size_t i = others; i < cursors_.size(); ++i) postings += cursors_[i].postings;
    touched_.clear();
    sparse_ = postings <= kSparse;
    for (size_t i = others; i < cursors_.size(); ++i)
      AddList(cursors_[i], best->bound() - (total - cursors_[i].bound) * kSlack, best);
    if (sparse_) {
      for (const uint32_t text : touched_) {
        const float score = scores_[text];
        scores_[text] = 0;
        Finish(text, score, others, others_bound, best);
      }
    } else {
      SweepAll(others, others_bound, best);
    }
  }

 private:
  struct Cursor {
    float weight;  // the most: what is summed up here is a bound, which Offer makes exact
    uint32_t term;
    const PostingBlock*
        block;  // the first that may reach into the window; the end of its postings is where the next begins
    const PostingBlock* end;
    float bound;       // of what the term adds to a text of the window
    int64_t postings;  // of blocks that reach into it
  };

  void MoveTo(Cursor* cursor) const {
    while (cursor->end - cursor->block > 1 && cursor->block[1].first <= begin_) ++cursor->block;
    cursor->bound = 0;
    cursor->postings = 0;
    for (const PostingBlock* block = cursor->block; block != cursor->end && block->first < end_; ++block) {
      cursor->bound = std::max(cursor->bound, block->impact_max);
      cursor->postings += block[1].postings - block->postings;
    }
    cursor->bound *= cursor->weight * stretch_;
  }

  // `needed`: what a text must have from this term to be good enough, whatever it has from the others.
  void AddList(const Cursor& cursor, float needed, Best* best) {
    const uint16_t* offsets = segment_.arrays().offsets.data();
    for (const PostingBlock* block = cursor.block; block != cursor.end && block->first < end_; ++block) {
      if (block->impact_max * cursor.weight * stretch_ < needed) continue;
      uint32_t posting = block->postings, last = block[1].postings;
      if (block->first < begin_) posting = Below(offsets, posting, last, begin_ - block->first);
      if (block->first + offsets[last - 1] >= end_) last = Below(offsets, posting, last, end_ - block->first);
      best->postings += last - posting;
      if (sparse_)
        AddPostings<true>(cursor.weight, block->first - begin_, posting, last);
      else
        AddPostings<false>(cursor.weight, block->first - begin_, posting, last);
    }
  }

  // The first posting of begin..end whose offset is not below `wanted`.
  static uint32_t Below(const uint16_t* offsets, uint32_t begin, uint32_t end, uint32_t wanted) {
    return static_cast<uint32_t>(
        std::lower_bound(offsets + begin, offsets + end, wanted, [](uint16_t a, uint32_t b) { return a < b; }) -
        offsets);
  }

  // `first` may be below the window: modulo 2^32 the sum is right.
  template <bool kRemember>
  void AddPostings(float weight, uint32_t first, uint32_t posting, uint32_t last) {
    const uint16_t* offsets = segment_.arrays().offsets.data();
    const uint8_t* frequencies = segment_.arrays().frequencies.data();
    const uint32_t* lengths = segment_.arrays().lengths.data() + begin_;
    for (; posting < last; ++posting) {
      const uint32_t text = first + offsets[posting];
      uint32_t frequency = frequencies[posting];
      if (frequency == TextSegment::kManyTimes) frequency = segment_.FrequencyAt(posting);
      if (kRemember && scores_[text] == 0) touched_.push_back(text);
      scores_[text] += weight * norm_.Impact(frequency, lengths[text]);
    }
  }

  void SweepAll(size_t others, float others_bound, Best* best) {
    constexpr uint32_t kStep = 16;
    const uint32_t count = end_ - begin_;
    for (uint32_t text = 0; text < count; text += kStep) {
      float* scores = &scores_[text];
      // Nearly all are not good enough: sixteen are looked at together.
      const float needed = std::max((best->bound() / kSlack - others_bound) / kSlack, 1e-30f);
      bool any = false;
      for (uint32_t i = 0; i < kStep; ++i) any |= scores[i] >= needed;
      if (any) {
        for (uint32_t i = 0; i < kStep; ++i) Finish(text + i, scores[i], others, others_bound, best);
      }
      std::fill(scores, scores + kStep, 0.0f);
    }
  }

  // Adds what the other terms give, as long as that may help.
  void Finish(uint32_t text, float score, size_t others, float others_bound, Best* best) {
    if (score <= 0 || (score + others_bound) * kSlack < best->bound()) return;
    const uint32_t whole = begin_ + text;
    for (size_t i = others; i-- > 0;) {
      const Cursor& cursor = cursors_[i];
      others_bound -= cursor.bound;
      if (const uint32_t frequency = FrequencyIn(cursor, whole); frequency > 0)
        score += cursor.weight * norm_.Impact(frequency, segment_.LengthOf(whole));
      if ((score + std::max(others_bound, 0.0f)) * kSlack < best->bound()) return;
    }
    scorer_.Offer(part_, whole, best);
  }

  // Blocks of one window are few.
  uint32_t FrequencyIn(const Cursor& cursor, uint32_t text) const {
    const PostingBlock* block = cursor.block;
    if (block == cursor.end || block->first > text) return 0;
    while (cursor.end - block > 1 && block[1].first <= text) ++block;
    const uint32_t wanted = text - block->first;
    const uint16_t* offsets = segment_.arrays().offsets.data();
    const uint32_t posting = Below(offsets, block->postings, block[1].postings, wanted);
    return posting < block[1].postings && offsets[posting] == wanted ? segment_.FrequencyAt(posting) : 0;
  }

  const TextScorer& scorer_;
  const PartLists& part_;
  const TextSegment& segment_;
  const Bm25Norm norm_;
  const float stretch_;
  std::vector<float> scores_;  // by text of the window; 0 between windows
  std::vector<uint32_t> touched_;
  std::vector<Cursor> cursors_;
  uint32_t begin_ = 0, end_ = 0;
  bool sparse_ = false;
};

Status TextScorer::ScanPart(const PartLists& lists, const CancelToken& cancel, Best* best) const {
  Window window(*this, lists);
  for (uint32_t begin = 0; begin < lists.part->segment->texts(); begin += kWindow) {
    RETURN_IF_ERROR(cancel.Check());
    window.Score(begin, best);
  }
  return {};
}

void TextScorer::ScoreAllowed(Best* best) const {
  search_.allowed->ForEach([&](Slot slot) {
    for (const PartLists& lists : lists_) {
      if (const std::optional<uint32_t> text = lists.part->LiveTextOf(slot)) {
        if (lists.can_match) Offer(lists, *text, best);
        return;
      }
    }
  });
}

Result<TextSearchResult> TextScorer::Run(const CancelToken& cancel) const {
  Best best(search_.k);
  const auto lookups = [this] { return static_cast<int64_t>(search_.terms.size()) * kLookupPostings; };
  if (search_.allowed != nullptr && static_cast<int64_t>(search_.allowed->Count()) * lookups() < postings_) {
    RETURN_IF_ERROR(cancel.Check());
    ScoreAllowed(&best);
  } else {
    for (const PartLists& lists : lists_) {
      if (lists.can_match) RETURN_IF_ERROR(ScanPart(lists, cancel, &best));
    }
  }
  TextSearchResult result;
  result.scored = best.scored;
  result.postings = best.postings;
  result.hits = best.Take();
  return result;
}

}  // namespace agentmemdb
