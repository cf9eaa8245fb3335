// The keyword index of a collection: which texts there are, by slot, in segments that never change. Texts are learnt by those who
// ask, as fields are (meta/field_index.h): a record that was written is forgotten at once, and read when somebody next needs it.
//
// What is learnt together becomes a segment; small ones are merged at once, large ones in the background, so that a text is
// written again about log8(texts) times. What is forgotten is taken out of the statistics at once: scores are always those of an
// index of the living texts alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id_set.h"
#include "base/sections.h"
#include "text/segment_writer.h"
#include "text/text_segment.h"

namespace agentmemdb {

// A segment, and what of it is gone. Changed by Forget alone.
struct TextPart {
  explicit TextPart(std::shared_ptr<const TextSegment> whole);

  bool IsLive(uint32_t text) const { return (live[text / 64] >> text % 64 & 1) != 0; }
  std::optional<uint32_t> LiveTextOf(Slot slot) const;
  int64_t TextsWith(uint32_t term) const;
  int64_t CountOf(uint32_t word) const;
  void Forget(uint32_t text);
  size_t memory_bytes() const;

  std::shared_ptr<const TextSegment> segment;
  std::vector<uint64_t> live;
  uint32_t live_texts;
  uint64_t live_tokens;
  std::vector<uint32_t> gone_texts, gone_words;  // by term, by word; empty: nothing is gone
};

using TextParts = std::vector<std::shared_ptr<const TextPart>>;

struct LearntText {
  Slot slot;
  std::optional<std::string_view> text;  // nullopt: the record has none
};

struct TextIndexStats {
  int64_t texts = 0, tokens = 0, terms = 0, segments = 0;  // terms: of all segments, together
  int64_t memory_bytes = 0;
};

// Threads: any, beside one another; Forget and Read alone (the engine's index lock).
class Bm25Index {
 public:
  explicit Bm25Index(TextOptions options) : options_(std::move(options)) {}

  const TextOptions& options() const { return options_; }
  // Whether somebody has asked: until then nobody learns, and it takes no memory.
  bool active() const { return active_; }
  void Activate() { active_ = true; }

  // One thread at a time learns.
  std::unique_lock<std::mutex> BeginLearning() { return std::unique_lock(learning_); }
  // How many records are known.
  size_t known() const;
  // Takes out of `slots` those whose record is known.
  void RemoveKnown(IdSet* slots) const;
  // Learns records that are not known; with BeginLearning. May throw std::bad_alloc; nothing is changed then.
  void Learn(std::span<const LearntText> texts);
  void Forget(Slot slot);

  // Does one small piece, about a millisecond, of merging segments where there are many. Returns whether there is more to do. May
  // throw std::bad_alloc: what was begun is begun anew then.
  bool MergeSome() { return WorkAtMerge(/*gone=*/false); }
  bool HasMerge() const;
  // The same, until nothing is left of texts that are gone.
  bool TidySome() { return WorkAtMerge(/*gone=*/true); }

  // What there is to search. Good as long as nothing is forgotten.
  TextParts parts() const;
  TextIndexStats stats() const;
  // Whether it holds this text for a slot, if it knows the slot at all.
  bool Agrees(Slot slot, const std::optional<std::string_view>& text) const;

  // Index images. What is known, and the largest parts.
  std::vector<Section> Write() const;
  static bool IsIn(const SectionReader& image);
  // Makes an empty index what was written. False: it was not, or not as the options want it.
  bool Read(SectionReader* image, const IdSet& live);

 private:
  using Parts = std::vector<std::shared_ptr<TextPart>>;

  // One, or two where there are many texts; nullptr for one whose texts are none. May throw std::bad_alloc.
  std::vector<std::shared_ptr<const TextSegment>> MakeSegments(std::span<const LearntText> texts) const;
  // With merging_.
  Parts MergeWanted(const Parts& parts, bool gone) const;
  bool WorkAtMerge(bool gone);
  void MergeSmall(Parts* parts) const;
  void Publish(std::shared_ptr<const TextSegment> made);

  const TextOptions options_;
  std::atomic<bool> active_{false};
  std::mutex learning_;  // Before merging_, and that before mutex_.
  mutable std::mutex merging_;
  Parts merged_;  // Under merging_: what is being merged.
  std::unique_ptr<SegmentMerge> merge_;
  mutable std::shared_mutex mutex_;
  IdSet known_;  // Under mutex_.
  size_t known_count_ = 0;
  Parts parts_;  // Under mutex_, and changed under merging_ too.
};

}  // namespace agentmemdb
