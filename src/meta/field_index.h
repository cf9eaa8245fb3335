// Answers the leaves of filters on one path, for all records at once, from columns in memory.
//
// A record whose path reaches one number has it in a column of numbers: a comparison is a pass over that column, about a
// nanosecond for each record, whatever it finds. All else has a code in a column of codes, one for each distinct list of things
// reached (a string; "missing"; the elements of an array and the array itself): the leaf is put to each list once, then the
// column is passed over. So every leaf has exactly the meaning of filter_eval.h.
//
// It is filled by those who ask: a record that was written is forgotten at once, and read when somebody next needs it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "base/id_set.h"
#include "meta/filter.h"
#include "meta/record_values.h"
#include "meta/sort_order.h"

namespace agentmemdb {

// What AnyAtPath gives (field_path.h).
struct ReachedValue {
  std::optional<Value> value;  // nullopt: missing
  bool of_array = false;

  const Value* get() const { return value ? &*value : nullptr; }
};

// Threads: any, beside one another; Forget alone (the engine's index lock).
class FieldIndex {
 public:
  explicit FieldIndex(FieldPath path) : path_(std::move(path)) {}

  const FieldPath& path() const { return path_; }
  // Takes out of `slots` those whose record is known.
  void RemoveKnown(IdSet* slots) const;
  // Learns a record. Nothing is learnt of one that is damaged (RecordValues).
  void Learn(Slot slot, RecordValues* record);
  void Forget(Slot slot) { known_.Remove(slot); }
  // Whether nothing else is known of a record than what it holds.
  bool Agrees(Slot slot, RecordValues* record) const;
  // Of the known records those that match `leaf`, a kField on this path; others may be named too. Stops early once cancelled.
  IdSet Find(const Filter& leaf, const CancelToken& cancel = {}) const;
  // Of the known records; of more than 10,000 numbers about. Cost: a pass over the columns.
  size_t CountDistinct() const;
  // About.
  size_t memory_bytes() const;

  // The known records by what they have here. While it lives, the index learns nothing; where one thread has several, it makes
  // them in the order of their indexes' addresses.
  class Keys {
   public:
    Keys(const FieldIndex& index, bool descending);

    std::strong_ordering Compare(Slot a, Slot b) const;
    std::strong_ordering Compare(Slot a, const std::optional<Value>& key) const;
    // nullopt: an empty array.
    std::optional<Value> Get(Slot slot) const;

   private:
    const FieldIndex& index_;
    std::shared_lock<std::shared_mutex> guard_;
    std::vector<SortKey> of_code_;
  };

 private:
  using Reached = std::vector<ReachedValue>;
  struct Entry {
    Reached reached;
    uint32_t slots = 0;  // that have this code
    const std::string* key = nullptr;
  };

  Reached ReachedIn(RecordValues* record) const;
  void Reserve(Slot slot);
  void Replace(Slot slot, uint32_t code);
  uint32_t CodeFor(Reached reached);
  void Drop(uint32_t code);
  std::vector<uint8_t> PassingCodes(const Filter& leaf, const CancelToken& cancel, uint32_t* count) const;
  void AddNumbers(const Filter& leaf, IdSet* found) const;
  void AddCodes(const Filter& leaf, const CancelToken& cancel, IdSet* found) const;

  const FieldPath path_;
  mutable std::shared_mutex mutex_;
  IdSet known_;
  std::vector<double> numbers_;                         // by slot; NaN: reaches something else
  std::vector<uint32_t> codes_;                         // by slot; 0: a number, or nothing known
  std::vector<Entry> entries_ = std::vector<Entry>(1);  // by code
  std::vector<uint32_t> free_codes_;
  std::unordered_map<std::string, uint32_t> code_of_;  // by what is reached, written out
  std::set<uint32_t> several_;                         // codes of lists that are not one thing
  size_t entry_bytes_ = 0;
};

}  // namespace agentmemdb
