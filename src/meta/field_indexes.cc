#include "meta/field_indexes.h"

#include <algorithm>

namespace agentmemdb {

std::shared_ptr<FieldIndex> FieldIndexes::Get(const FieldPath& path) {
  std::lock_guard guard(mutex_);
  const auto found = std::find_if(indexes_.begin(), indexes_.end(),
                                  [&](const auto& index) { return index->path().dotted == path.dotted; });
  if (found != indexes_.end()) {
    indexes_.splice(indexes_.begin(), indexes_, found);
  } else {
    if (too_large_.contains(path.dotted)) return nullptr;
    indexes_.push_front(std::make_shared<FieldIndex>(path));
    if (indexes_.size() > limits::kFieldIndexesMax) indexes_.pop_back();  // Whoever is using it keeps it until then.
  }
  return indexes_.front();
}

void FieldIndexes::Trim() {
  std::lock_guard guard(mutex_);
  for (;;) {
    bytes_ = 0;
    for (const auto& index : indexes_) bytes_ += index->memory_bytes();
    if (bytes_ <= bytes_max_) return;
    if (indexes_.size() == 1) too_large_.insert(indexes_.back()->path().dotted);
    indexes_.pop_back();
  }
}

void FieldIndexes::Forget(Slot slot) {
  for (const auto& index : indexes_) index->Forget(slot);
}

bool FieldIndexes::Agree(Slot slot, RecordValues* record) const {
  std::lock_guard guard(mutex_);
  return std::all_of(indexes_.begin(), indexes_.end(), [&](const auto& index) { return index->Agrees(slot, record); });
}

size_t FieldIndexes::memory_bytes() const {
  std::lock_guard guard(mutex_);
  return bytes_;
}

}  // namespace agentmemdb
