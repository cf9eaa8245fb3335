#include "engine/collection.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "engine/read.h"
#include "vector/hnsw_index.h"

namespace agentmemdb {

Collection::Collection(CollectionId id, std::string name, CollectionOptions options)
    : id_(id),
      name_(std::move(name)),
      options_(std::move(options)),
      options_json_(options_.ToJson()),
      texts_(options_.text) {
  if (options_.dimensions != 0)
    vectors_ = std::make_unique<HnswIndex>(options_.metric, options_.dimensions, options_.hnsw);
  DeclareFields();
}

void Collection::DeclareFields() {
  for (const std::string& path : options_.indexes) fields_.Declare(*ParseFieldPath(path, "options.indexes"));
}

void Collection::Alter(const CollectionOptions& options) {
  options_.embedder_model = options.embedder_model;
  options_.indexes = options.indexes;
  options_.alpha = options.alpha;
  DeclareFields();
  options_json_ = options_.ToJson();
}

size_t Collection::memory_bytes() const {
  constexpr size_t kHashNode = 2 * sizeof(void*) + sizeof(int64_t), kTreeNode = 4 * sizeof(void*) + 2 * sizeof(int64_t);
  return (vectors_ == nullptr ? 0 : vectors_->stats().memory_bytes) + rows_.capacity() * sizeof(RowId) +
         free_.capacity() * sizeof(Slot) + live_.memory_bytes() + ids_.memory_bytes() + slot_of_.memory_bytes() +
         row_order_.capacity() * sizeof(RowId) + by_expiry_.size() * (kHashNode + kTreeNode) + fields_.memory_bytes() +
         static_cast<size_t>(texts_.stats().memory_bytes);
}

bool Collection::HasVector(RowId row) const {
  const std::optional<Slot> slot = slot_of_.Find(row, rows_);
  return slot && HasVectorAt(*slot);
}

std::optional<TimeMs> Collection::ExpiresAt(Slot slot) const {
  const auto found = expires_at_.find(ToInt(slot));
  return found == expires_at_.end() ? std::nullopt : std::optional(found->second);
}

bool Collection::HoldsVector(Slot slot, VectorView vector) const {
  if (!HasVectorAt(slot)) return false;
  if (options_.metric != Metric::kCosine) return vectors_->Holds(slot, vector);
  std::vector<float> unit(vector.size());
  Normalise(vector, unit.data());
  return vectors_->Holds(slot, unit);
}

std::vector<Slot> Collection::Reserve(uint32_t puts) {
  ++reservations_;
  if (vectors_ != nullptr) vectors_->TakeFreed(&free_);
  const auto reused = static_cast<uint32_t>(std::min<size_t>(puts, free_.size()));
  const auto first_new = static_cast<uint32_t>(rows_.size());
  const uint32_t bound = first_new + puts - reused;
  std::vector<Slot> slots;
  slots.reserve(puts);
  slot_of_.Reserve(slot_of_.size() + puts, rows_);
  // Growing by half and more at a time: reserving exactly would copy everything with every commit.
  if (bound > free_.capacity()) free_.reserve(bound + bound / 2);
  live_.Reserve(bound);
  if (const size_t wanted = row_order_.size() + puts; wanted > row_order_.capacity()) row_order_.reserve(wanted * 2);
  if (vectors_ != nullptr) vectors_->Reserve(bound, puts);
  ids_.Reserve(bound);
  rows_.resize(bound);  // The last that can fail.
  slots.assign(free_.end() - reused, free_.end());
  free_.resize(free_.size() - reused);
  for (uint32_t i = first_new; i < bound; ++i) slots.push_back(Slot{i});
  return slots;
}

void Collection::Stage(Slot slot, std::string_view id, VectorView vector) {
  ids_.Set(slot, id);
  if (vector.empty()) return;
  if (options_.metric != Metric::kCosine) return vectors_->Stage(slot, vector);
  unit_.resize(vector.size());
  Normalise(vector, unit_.data());
  vectors_->Stage(slot, unit_);
}

void Collection::Put(Slot slot, RowId row, bool staged, std::optional<TimeMs> expires_at) {
  ++writes_;
  rows_[ToInt(slot)] = row;
  if (const std::optional<Slot> old = slot_of_.Find(row, rows_)) {
    slot_of_.Replace(*old, slot, rows_);
    Free(*old);
  } else {
    slot_of_.Add(slot, rows_);
    // Rows are given in ascending order; a damaged record that was replaced is the exception.
    const auto at = row_order_.empty() || row_order_.back() < row
                        ? row_order_.end()
                        : std::lower_bound(row_order_.begin(), row_order_.end(), row);
    if (at == row_order_.end() || *at != row) row_order_.insert(at, row);
  }
  live_.Add(slot);
  Expire(slot, expires_at);
  if (staged) vectors_->Add(slot);
}

void Collection::Load(const RecordRow& record) {
  const size_t bytes = options_.dimensions * sizeof(float);
  if (record.vector && record.vector->size() != bytes) return;
  const Slot slot = Reserve(1).front();
  std::vector<float> vector(record.vector ? options_.dimensions : 0);
  if (!vector.empty()) std::memcpy(vector.data(), record.vector->data(), bytes);
  Stage(slot, record.id, vector);
  Put(slot, record.row, !vector.empty(), record.expires_at);
  const RecordFields fields = FieldsOf(record);
  if (!options_.indexes.empty()) fields_.LearnDeclared(slot, fields);
}

void Collection::Touch(RowId row, std::optional<TimeMs> expires_at) {
  const std::optional<Slot> slot = slot_of_.Find(row, rows_);
  if (!slot) return;
  ++writes_;
  fields_.Forget(*slot);
  texts_.Forget(*slot);
  Expire(*slot, expires_at);
}

void Collection::Expire(Slot slot, std::optional<TimeMs> expires_at) {
  if (const auto old = expires_at_.find(ToInt(slot)); old != expires_at_.end()) {
    by_expiry_.erase({old->second, ToInt(slot)});
    expires_at_.erase(old);
  }
  if (!expires_at) return;
  expires_at_[ToInt(slot)] = *expires_at;
  by_expiry_.insert({*expires_at, ToInt(slot)});
}

void Collection::Delete(RowId row) {
  const std::optional<Slot> slot = slot_of_.Find(row, rows_);
  if (!slot) return;  // A damaged record: it was never put.
  ++writes_;
  slot_of_.Remove(*slot, rows_);
  Free(*slot);
  if (row_order_.size() > 1024 && row_order_.size() > 2 * slot_of_.size()) DropGoneRows();
}

void Collection::DropGoneRows() {
  std::erase_if(row_order_, [this](RowId row) { return !slot_of_.Find(row, rows_); });
}

bool Collection::ExpiredAt(Slot slot, TimeMs now) const {
  const auto found = expires_at_.find(ToInt(slot));
  return found != expires_at_.end() && found->second <= now;
}

std::optional<IdSet> Collection::VisibleAmong(TimeMs now) const {
  if (by_expiry_.empty() || by_expiry_.begin()->first > now) return std::nullopt;
  IdSet visible = live_;
  for (const auto& [expires_at, slot] : by_expiry_) {
    if (expires_at > now) break;
    visible.Remove(Slot{slot});
  }
  return visible;
}

int64_t Collection::CountVisible(TimeMs now) const {
  int64_t visible = count();
  for (auto expiring = by_expiry_.begin(); expiring != by_expiry_.end() && expiring->first <= now; ++expiring)
    --visible;
  return visible;
}

int64_t Collection::CountVisibleVectors(TimeMs now) const {
  int64_t visible = vectors_ == nullptr ? 0 : vectors_->stats().vectors;
  for (auto expiring = by_expiry_.begin(); expiring != by_expiry_.end() && expiring->first <= now; ++expiring)
    visible -= HasVectorAt(Slot{expiring->second}) ? 1 : 0;
  return visible;
}

std::vector<RowId> Collection::Expired(TimeMs now, size_t most) const {
  std::vector<RowId> rows;
  for (auto expiring = by_expiry_.begin(); expiring != by_expiry_.end() && expiring->first <= now && rows.size() < most;
       ++expiring)
    rows.push_back(rows_[expiring->second]);
  return rows;
}

std::optional<Collection::Place> Collection::NextVisible(RowId after, TimeMs now) const {
  for (auto row = std::upper_bound(row_order_.begin(), row_order_.end(), after); row != row_order_.end(); ++row) {
    const std::optional<Slot> slot = slot_of_.Find(*row, rows_);
    if (slot && !ExpiredAt(*slot, now)) return Place{*row, *slot};
  }
  return std::nullopt;
}

void Collection::Free(Slot slot) {
  live_.Remove(slot);
  fields_.Forget(slot);
  texts_.Forget(slot);
  Expire(slot, std::nullopt);
  if (!HasVectorAt(slot) || vectors_->Remove(slot)) free_.push_back(slot);
}

}  // namespace agentmemdb
