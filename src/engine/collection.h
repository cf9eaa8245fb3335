// One collection in the memory of this process: which slot stands for which row, and the vectors by slot.
//
// A row gets a new slot with every write. Writing is three steps, so that searches wait for microseconds only:
// Reserve (alone: memory), Stage (beside searches: copies the vector), Put (alone: shows it).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/id_set.h"
#include "engine/options.h"
#include "engine/row_slots.h"
#include "engine/search_counters.h"
#include "engine/slot_ids.h"
#include "meta/field_indexes.h"
#include "text/bm25_index.h"
#include "vector/vector_index.h"

namespace agentmemdb {

// The image a collection was read from or written to last.
struct ImageInfo {
  std::string token;
  Version version = 0;
  int64_t bytes = 0;  // of its files
};

struct HybridProfile;  // hybrid.h

// What was found out about a collection by those who asked, kept for the next. Threads: any; one at a time works it out.
struct KnownProfile {
  std::mutex mutex;
  std::shared_ptr<const HybridProfile> profile;
};

// Threads: const members and Stage run beside one another under the database's shared index lock; the rest needs it alone.
class Collection {
 public:
  Collection(CollectionId id, std::string name, CollectionOptions options);

  CollectionId id() const { return id_; }
  const std::string& name() const { return name_; }
  const CollectionOptions& options() const { return options_; }
  const std::string& options_json() const { return options_json_; }
  // Takes over the options that may be given later; the others stay.
  void Alter(const CollectionOptions& options);
  // nullptr for a collection without vectors.
  const VectorIndex* vectors() const { return vectors_.get(); }
  VectorIndex* vectors() { return vectors_.get(); }
  std::span<const RowId> rows() const { return rows_; }
  std::string IdOf(Slot slot) const { return ids_.Get(slot); }
  SearchCounters& searches() const { return searches_; }
  // What filters ask of the records, as far as somebody has asked.
  FieldIndexes& fields() const { return fields_; }
  // The same of words. Its records are learnt by LearnTexts (texts.h).
  Bm25Index& texts() const { return texts_; }
  KnownProfile& profile() const { return profile_; }
  // Raised by every change of a record.
  uint64_t writes() const { return writes_; }
  // Every record, expired ones too.
  const IdSet& live() const { return live_; }
  // About.
  size_t memory_bytes() const;
  bool HasVector(RowId row) const;
  std::optional<Slot> SlotOf(RowId row) const { return slot_of_.Find(row, rows_); }
  std::optional<TimeMs> ExpiresAt(Slot slot) const;
  // Whether what is in memory of a slot that has a vector was made of this one, as the user gave it.
  bool HoldsVector(Slot slot, VectorView vector) const;

  // The records a read at `now` can see: those not expired. nullopt: all of them, the common case.
  std::optional<IdSet> VisibleAmong(TimeMs now) const;
  IdSet Visible(TimeMs now) const { return VisibleAmong(now).value_or(live_); }
  // The first visible record whose row is above `after`, and its slot.
  struct Place {
    RowId row;
    Slot slot;
  };
  std::optional<Place> NextVisible(RowId after, TimeMs now) const;
  // No record has a higher one.
  RowId last_row() const { return row_order_.empty() ? RowId{0} : row_order_.back(); }
  bool ExpiredAt(Slot slot, TimeMs now) const;
  // Up to `most` records that have expired, soonest first.
  std::vector<RowId> Expired(TimeMs now, size_t most) const;
  // Records visible at `now`, damaged ones included; and those of them that have a vector, which damaged ones have not.
  int64_t CountVisible(TimeMs now) const;
  int64_t CountVisibleVectors(TimeMs now) const;
  int64_t count() const { return known() + damaged_; }
  // Records that are in memory.
  int64_t known() const { return static_cast<int64_t>(slot_of_.size()); }
  int64_t damaged() const { return damaged_; }
  // Whether most of its memory is of records that are gone.
  bool IsSparse() const { return rows_.size() > 2 * slot_of_.size() + kSparseMin; }
  // Tells how many records the file says there are: those not put are damaged or vanished.
  void ExpectCount(int64_t records) { damaged_ = std::max<int64_t>(0, records - known()); }

  // Slots for `puts` records to come, with the memory they need. May throw std::bad_alloc; nothing is changed then.
  std::vector<Slot> Reserve(uint32_t puts);
  // Writes the id of the record to be shown, and its vector, if it has one, as the user gave it; normalised here when the
  // metric is cosine. May throw std::bad_alloc.
  void Stage(Slot slot, std::string_view id, VectorView vector);
  // Shows a reserved slot as `row`, in place of what stood for it before. `staged`: it has a vector.
  void Put(Slot slot, RowId row, bool staged, std::optional<TimeMs> expires_at = std::nullopt);
  // A record has changed, but not its vector: what is known of its fields is forgotten, and when it is hidden is this.
  void Touch(RowId row, std::optional<TimeMs> expires_at);
  void Delete(RowId row);
  // All three steps, of a record as the file has it; not of one that cannot belong here. Alone.
  void Load(const RecordRow& record);
  // Takes back a slot that was reserved and not put.
  void Abandon(Slot slot) { free_.push_back(slot); }

  // collection_image.cc
  // Whether it is worth an index image: its indexes take long to make.
  bool WantsImage() const;
  // Whether bytes of its image were found to be others than those written.
  bool damaged_image() const { return vectors_ != nullptr && vectors_->damaged(); }
  // How an index image holds it. It must live, and be as it is (stamp), until the last
  // part is made.
  IndexParts Write() const;
  // Makes an empty collection what was written. Everything is checked before it is used. False: it was not, or not by a
  // collection with the same options; this one is good for nothing then. May throw std::bad_alloc.
  bool Read(SectionReader* image, MappedFile vectors);
  // Raised by every change of what an image would hold, and by what prepares one.
  uint64_t stamp() const { return reservations_ + changes(); }
  // Puts, deletions, linking: how much an image that is written now is worth. Since the image it has, or ever.
  uint64_t changes_since_image() const { return changes() - changes_at_image_; }
  uint64_t writes_since_image() const { return writes_ - writes_at_image_; }
  uint64_t texts_since_image() const { return texts_.known() - std::min(texts_.known(), texts_at_image_); }
  const std::optional<ImageInfo>& image() const { return image_; }
  // It is as the image has it.
  void set_image(ImageInfo image);
  void ForgetImage() { image_.reset(); }

 private:
  static constexpr size_t kSparseMin = 1000;

  uint64_t changes() const { return writes_ + (vectors_ == nullptr ? 0 : vectors_->changes()); }
  bool HasVectorAt(Slot slot) const { return vectors_ != nullptr && vectors_->Has(slot); }
  void DeclareFields();
  bool ReadRows(SectionReader* image);
  bool ReadExpiries(SectionReader* image);
  void Free(Slot slot);
  void Expire(Slot slot, std::optional<TimeMs> expires_at);
  void DropGoneRows();

  CollectionId id_;
  std::string name_;
  CollectionOptions options_;
  std::string options_json_;  // as stored
  std::unique_ptr<VectorIndex> vectors_;
  std::vector<RowId> rows_;  // by slot
  SlotIds ids_;
  std::vector<Slot> free_;
  IdSet live_;                                       // slots that stand for a row
  RowSlots slot_of_;                                 // of live rows
  std::vector<RowId> row_order_;                     // ascending; rows that are gone stay until there are many
  std::unordered_map<uint32_t, TimeMs> expires_at_;  // by slot: only those that expire
  std::set<std::pair<TimeMs, uint32_t>> by_expiry_;  // the same, soonest first
  mutable FieldIndexes fields_;
  mutable Bm25Index texts_;
  mutable KnownProfile profile_;
  mutable SearchCounters searches_;
  std::vector<float> unit_;  // scratch of Stage
  int64_t damaged_ = 0;
  uint64_t writes_ = 0, reservations_ = 0;
  std::optional<ImageInfo> image_;
  uint64_t changes_at_image_ = 0, writes_at_image_ = 0;
  size_t texts_at_image_ = 0;
};

}  // namespace agentmemdb
