#include "meta/field_indexes.h"

#include <algorithm>

namespace agentmemdb {

template <class Visit>
void FieldIndexes::ForEach(const Visit& visit) const {
  for (const auto& index : declared_) visit(*index);
  for (const auto& index : indexes_) visit(*index);
}

std::shared_ptr<FieldIndex> FieldIndexes::Get(const FieldPath& path) {
  std::lock_guard guard(mutex_);
  const auto is_of_path = [&](const auto& index) { return index->path().dotted == path.dotted; };
  if (const auto made = std::find_if(declared_.begin(), declared_.end(), is_of_path); made != declared_.end())
    return *made;
  const auto found = std::find_if(indexes_.begin(), indexes_.end(), is_of_path);
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
    size_t dropped_first = 0;
    bytes_ = 0;
    for (const auto& index : indexes_) dropped_first += index->memory_bytes();
    ForEach([this](const FieldIndex& index) { bytes_ += index.memory_bytes(); });
    if (dropped_first <= bytes_max_) return;
    if (indexes_.size() == 1) too_large_.insert(indexes_.back()->path().dotted);
    indexes_.pop_back();
  }
}

void FieldIndexes::Declare(const FieldPath& path) {
  std::lock_guard guard(mutex_);
  const auto is_of_path = [&](const auto& index) { return index->path().dotted == path.dotted; };
  if (std::any_of(declared_.begin(), declared_.end(), is_of_path)) return;
  const auto found = std::find_if(indexes_.begin(), indexes_.end(), is_of_path);
  declared_.push_back(found != indexes_.end() ? *found : std::make_shared<FieldIndex>(path));
  if (found != indexes_.end()) indexes_.erase(found);
}

void FieldIndexes::LearnDeclared(Slot slot, const RecordFields& record) {
  RecordValues values(record);
  for (const auto& index : declared_) index->Learn(slot, &values);
}

void FieldIndexes::Forget(Slot slot) {
  for (const auto& index : declared_) index->Forget(slot);
  for (const auto& index : indexes_) index->Forget(slot);
}

bool FieldIndexes::Agree(Slot slot, RecordValues* record) const {
  std::lock_guard guard(mutex_);
  bool agree = true;
  ForEach([&](const FieldIndex& index) { agree = agree && index.Agrees(slot, record); });
  return agree;
}

size_t FieldIndexes::memory_bytes() const {
  std::lock_guard guard(mutex_);
  return bytes_;
}

std::vector<FieldIndexStats> FieldIndexes::stats() const {
  std::lock_guard guard(mutex_);
  std::vector<FieldIndexStats> all;
  ForEach([&](const FieldIndex& index) {
    all.push_back({index.path().dotted, all.size() < declared_.size(), index.CountDistinct(), index.memory_bytes()});
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return all;
}

}  // namespace agentmemdb
