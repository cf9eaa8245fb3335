#include "text/bm25_index.h"

#include <algorithm>
#include <bit>

#include "base/beside.h"

namespace agentmemdb {
namespace {

// As many segments of about one size become one.
constexpr size_t kFanIn = 8;
constexpr uint32_t kSmallTexts = 512;  // together: they are merged where they are learnt
// A segment of which this part is gone is written anew.
constexpr uint32_t kGoneMin = 64, kGoneShare = 4;
// More in one segment would not fit its numbers.
constexpr uint64_t kTokensMax = uint64_t{1} << 28;
constexpr size_t kPartsInImage = 16;
constexpr size_t kTextsMadeBeside = 1000;  // fewer are not worth a thread

int TierOf(const TextPart& part) { return (std::bit_width(part.live_texts) + 2) / 3; }

bool IsMostlyGone(const TextPart& part) {
  const uint32_t gone = part.segment->texts() - part.live_texts;
  return gone >= kGoneMin && gone * kGoneShare >= part.segment->texts();
}

std::vector<SegmentMerge::Input> InputsOf(const std::vector<std::shared_ptr<TextPart>>& parts) {
  std::vector<SegmentMerge::Input> inputs;
  for (const auto& part : parts) inputs.push_back({part->segment, part->live});
  return inputs;
}

template <class Parts>
void RemoveParts(const Parts& gone, Parts* parts) {
  std::erase_if(*parts, [&](const auto& part) { return std::find(gone.begin(), gone.end(), part) != gone.end(); });
}

// nullptr: none of them has a text.
std::shared_ptr<const TextSegment> MakeSegment(const TextOptions& options, std::span<const LearntText> texts) {
  SegmentBuilder builder(options);
  for (const LearntText& each : texts) {
    if (each.text) builder.Add(each.slot, *each.text);
  }
  return builder.Build();
}

std::string PartName(size_t i) { return "text" + std::to_string(i); }

}  // namespace

TextPart::TextPart(std::shared_ptr<const TextSegment> whole)
    : segment(std::move(whole)),
      live((segment->texts() + 63) / 64, ~uint64_t{0}),
      live_texts(segment->texts()),
      live_tokens(segment->tokens()) {
  if (segment->texts() % 64 != 0) live.back() >>= 64 - segment->texts() % 64;
}

std::optional<uint32_t> TextPart::LiveTextOf(Slot slot) const {
  const std::optional<uint32_t> text = segment->TextOf(slot);
  return text && IsLive(*text) ? text : std::nullopt;
}

int64_t TextPart::TextsWith(uint32_t term) const {
  return int64_t{segment->arrays().term_texts[term]} - (gone_texts.empty() ? 0 : gone_texts[term]);
}

int64_t TextPart::CountOf(uint32_t word) const {
  return int64_t{segment->arrays().word_count[word]} - (gone_words.empty() ? 0 : gone_words[word]);
}

void TextPart::Forget(uint32_t text) {
  if (gone_texts.empty()) {
    gone_texts.resize(segment->terms());
    gone_words.resize(segment->words());
  }
  live[text / 64] &= ~(uint64_t{1} << text % 64);
  --live_texts;
  live_tokens -= segment->LengthOf(text);
  std::vector<uint32_t> terms;
  segment->ForEachToken(text, [&](std::optional<uint32_t> word) {
    if (!word) return;
    ++gone_words[*word];
    terms.push_back(segment->arrays().word_term[*word]);
  });
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  for (const uint32_t term : terms) ++gone_texts[term];
}

size_t TextPart::memory_bytes() const {
  return segment->bytes() + live.capacity() * sizeof(uint64_t) +
         (gone_texts.capacity() + gone_words.capacity()) * sizeof(uint32_t) + sizeof(*this) + sizeof(*segment);
}

size_t Bm25Index::known() const {
  std::shared_lock guard(mutex_);
  return known_count_;
}

void Bm25Index::RemoveKnown(IdSet* slots) const {
  std::shared_lock guard(mutex_);
  slots->AndNot(known_);
}

// Two segments of many texts take half the time of one where there are two cores, and are merged with others soon.
std::vector<std::shared_ptr<const TextSegment>> Bm25Index::MakeSegments(std::span<const LearntText> texts) const {
  if (texts.size() < kTextsMadeBeside) return {MakeSegment(options_, texts)};
  const auto second_half = texts.subspan(texts.size() / 2);
  std::shared_ptr<const TextSegment> second;
  bool out_of_memory = false;
  Beside beside([&] {
    try {
      second = MakeSegment(options_, second_half);
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
  });
  std::shared_ptr<const TextSegment> first = MakeSegment(options_, texts.first(texts.size() / 2));
  beside.Join();
  if (out_of_memory) throw std::bad_alloc();
  return {std::move(first), std::move(second)};
}

void Bm25Index::Learn(std::span<const LearntText> texts) {
  uint32_t bound = 0;
  for (const LearntText& each : texts) bound = std::max(bound, ToInt(each.slot) + 1);
  const std::vector<std::shared_ptr<const TextSegment>> made = MakeSegments(texts);
  std::lock_guard merging(merging_);
  Parts parts = parts_;
  for (const auto& segment : made) {
    if (segment != nullptr) parts.push_back(std::make_shared<TextPart>(segment));
  }
  MergeSmall(&parts);
  std::lock_guard guard(mutex_);
  known_.Reserve(bound);
  parts_.swap(parts);  // From here on nothing fails.
  for (const LearntText& each : texts) known_.Add(each.slot);
  known_count_ += texts.size();
}

void Bm25Index::Forget(Slot slot) {
  if (!known_.Contains(slot)) return;
  known_.Remove(slot);
  --known_count_;
  for (const auto& part : parts_) {
    const std::optional<uint32_t> text = part->LiveTextOf(slot);
    if (!text) continue;
    part->Forget(*text);
    if (part->live_texts == 0) std::erase(parts_, std::shared_ptr<TextPart>(part));
    return;
  }
}

Bm25Index::Parts Bm25Index::MergeWanted(const Parts& parts, bool gone) const {
  std::vector<Parts> tiers;
  Parts candidates = parts;
  RemoveParts(merged_, &candidates);
  for (const auto& part : candidates) {
    if (gone ? part->live_texts < part->segment->texts() : IsMostlyGone(*part)) return {part};
    const auto tier = static_cast<size_t>(TierOf(*part));
    if (tiers.size() <= tier) tiers.resize(tier + 1);
    tiers[tier].push_back(part);
  }
  for (Parts& tier : tiers) {
    if (tier.size() < kFanIn) continue;
    uint64_t tokens = 0;
    for (const auto& part : tier) tokens += part->live_tokens;
    if (tokens <= kTokensMax) return std::move(tier);
  }
  return {};
}

void Bm25Index::MergeSmall(Parts* parts) const {
  for (;;) {
    const Parts wanted = MergeWanted(*parts, /*gone=*/false);
    uint64_t texts = 0, tokens = 0;
    for (const auto& part : wanted) {
      texts += part->live_texts;
      tokens += part->live_tokens;
    }
    if (wanted.empty() || texts > kSmallTexts || tokens > uint64_t{kSmallTexts} * 64) return;
    SegmentMerge merge(InputsOf(wanted));
    while (merge.WorkSome()) continue;
    auto made = std::make_shared<TextPart>(merge.Take());
    RemoveParts(wanted, parts);
    parts->push_back(std::move(made));
  }
}

bool Bm25Index::HasMerge() const {
  std::lock_guard merging(merging_);
  return merge_ != nullptr || !MergeWanted(parts_, /*gone=*/false).empty();
}

bool Bm25Index::WorkAtMerge(bool gone) {
  std::unique_lock merging(merging_, std::try_to_lock);
  if (!merging) return true;  // Another thread is at it.
  if (merge_ == nullptr) {
    merged_.clear();
    merged_ = MergeWanted(parts_, gone);
    if (merged_.empty()) return false;
    merge_ = std::make_unique<SegmentMerge>(InputsOf(merged_));
  }
  try {
    if (merge_->WorkSome()) return true;
    Publish(merge_->Take());
  } catch (const std::bad_alloc&) {
    merge_.reset();
    merged_.clear();
    throw;
  }
  merge_.reset();
  merged_.clear();
  return !MergeWanted(parts_, gone).empty();
}

// What was forgotten meanwhile is forgotten of what was made.
void Bm25Index::Publish(std::shared_ptr<const TextSegment> made) {
  auto part = std::make_shared<TextPart>(std::move(made));
  for (size_t i = 0; i < merged_.size(); ++i) {
    const SegmentMerge::Input& before = merge_->inputs()[i];
    for (size_t word = 0; word < before.live.size(); ++word) {
      for (uint64_t bits = before.live[word] & ~merged_[i]->live[word]; bits != 0; bits &= bits - 1) {
        const auto text = static_cast<uint32_t>(word * 64 + static_cast<size_t>(std::countr_zero(bits)));
        part->Forget(*part->LiveTextOf(before.segment->SlotOf(text)));
      }
    }
  }
  Parts parts = parts_;
  RemoveParts(merged_, &parts);
  if (part->live_texts > 0) parts.push_back(std::move(part));
  std::lock_guard guard(mutex_);
  parts_.swap(parts);
}

TextParts Bm25Index::parts() const {
  std::shared_lock guard(mutex_);
  return TextParts(parts_.begin(), parts_.end());
}

TextIndexStats Bm25Index::stats() const {
  TextIndexStats stats;
  for (const auto& part : parts()) {
    ++stats.segments;
    stats.texts += part->live_texts;
    stats.tokens += static_cast<int64_t>(part->live_tokens);
    stats.terms += part->segment->terms();
    stats.memory_bytes += static_cast<int64_t>(part->memory_bytes());
  }
  std::shared_lock guard(mutex_);
  stats.memory_bytes += static_cast<int64_t>(known_.memory_bytes());
  return stats;
}

bool Bm25Index::Agrees(Slot slot, const std::optional<std::string_view>& text) const {
  {
    std::shared_lock guard(mutex_);
    if (!known_.Contains(slot)) return true;
  }
  for (const auto& part : parts()) {
    const std::optional<uint32_t> number = part->LiveTextOf(slot);
    if (!number) continue;
    if (!text) return false;
    Tokens tokens;
    Analyzer(options_).Tokenize(*text, &tokens);
    size_t next = 0;
    bool same = true;
    part->segment->ForEachToken(*number, [&](std::optional<uint32_t> word) {
      same = same && next < tokens.list.size() &&
             tokens.Word(tokens.list[next]) == (word ? part->segment->Word(*word) : std::string_view());
      ++next;
    });
    return same && next == tokens.list.size();
  }
  return !text;
}

std::vector<Section> Bm25Index::Write() const {
  std::shared_lock guard(mutex_);
  Parts parts = parts_;
  IdSet known = known_;
  guard.unlock();
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a->live_texts > b->live_texts; });
  while (parts.size() > kPartsInImage) {
    for (uint32_t text = 0; text < parts.back()->segment->texts(); ++text) {
      if (parts.back()->IsLive(text)) known.Remove(parts.back()->segment->SlotOf(text));
    }
    parts.pop_back();
  }
  std::vector<Slot> slots;
  known.ForEach([&](Slot slot) { slots.push_back(slot); });
  std::vector<Section> sections;
  const size_t count = slots.size();
  sections.push_back(ArraySection("text.known", count, [slots = std::move(slots)](size_t i) { return slots[i]; }));
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t words = parts[i]->live.size();
    sections.push_back(
        ArraySection(PartName(i) + ".live", words, [live = parts[i]->live](size_t w) { return live[w]; }));
    sections.push_back(TextSegment::Write(PartName(i), parts[i]->segment));
  }
  return sections;
}

bool Bm25Index::IsIn(const SectionReader& image) { return image.BytesOf("text.known").has_value(); }

bool Bm25Index::Read(SectionReader* image, const IdSet& live) {
  std::vector<Slot> slots;
  if (!image->ReadArray("text.known", &slots)) return false;
  IdSet rest;  // known, and of no part so far
  for (const Slot slot : slots) {
    if (!live.Contains(slot) || known_.Contains(slot)) return false;
    known_.Add(slot);
    rest.Add(slot);
  }
  for (size_t i = 0; i < kPartsInImage && image->BytesOf(PartName(i)); ++i) {
    std::vector<std::byte> bytes;
    if (!image->ReadArray(PartName(i), &bytes)) return false;
    const std::shared_ptr<const TextSegment> segment = TextSegment::Read(bytes);
    if (segment == nullptr) return false;
    auto part = std::make_shared<TextPart>(segment);
    std::vector<uint64_t> living;
    if (!image->ReadArray(PartName(i) + ".live", &living, part->live.size())) return false;
    for (uint32_t text = 0; text < segment->texts(); ++text) {
      const Slot slot = segment->SlotOf(text);
      if ((living[text / 64] >> text % 64 & 1) == 0) {
        part->Forget(text);
        continue;
      }
      if (!rest.Contains(slot)) return false;
      rest.Remove(slot);
    }
    if (part->live_texts > 0) parts_.push_back(std::move(part));
  }
  known_count_ = slots.size();
  active_ = true;
  return true;
}

}  // namespace agentmemdb
