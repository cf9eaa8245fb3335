// The field indexes of one collection: made for the paths that filters ask of, dropped when others are asked for more.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "meta/field_index.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kFieldIndexesMax = 64;
constexpr size_t kFieldIndexBytesMax = size_t{256} << 20;  // of all together
}  // namespace limits

// Threads: any, beside one another; Forget alone (the engine's index lock).
class FieldIndexes {
 public:
  explicit FieldIndexes(size_t bytes_max = limits::kFieldIndexBytesMax) : bytes_max_(bytes_max) {}

  // Made when there is none. nullptr: it takes more memory than all of them may.
  std::shared_ptr<FieldIndex> Get(const FieldPath& path);
  // After indexes have learnt: drops those asked for longest ago until the rest takes no more memory than it may.
  void Trim();
  void Forget(Slot slot);
  // Whether what they know of a record is what it holds.
  bool Agree(Slot slot, RecordValues* record) const;
  // About, as of the last Trim.
  size_t memory_bytes() const;

 private:
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<FieldIndex>> indexes_;  // the last asked for first
  std::set<std::string> too_large_;
  size_t bytes_ = 0;
};

}  // namespace agentmemdb
