// A collection as an index image holds it, and back.
#include <algorithm>

#include "engine/collection.h"

namespace agentmemdb {
namespace {

constexpr size_t kTextsMin = 1000;  // Fewer are read again in no time.

struct StoredExpiry {
  uint32_t slot, unused;
  TimeMs at;
};

}  // namespace

bool Collection::WantsImage() const {
  return (vectors_ != nullptr && vectors_->WantsImage()) || (vectors_ == nullptr && texts_.known() >= kTextsMin);
}

IndexParts Collection::Write() const {
  IndexParts parts;
  if (vectors_ != nullptr)
    parts = vectors_->Write();
  else
    parts.vectors = [](Bytes*) { return false; };
  if (texts_.active()) {
    for (Section& section : texts_.Write()) parts.sections.push_back(std::move(section));
  }
  const auto live = [this](Slot slot) { return live_.Contains(slot); };
  parts.sections.push_back(ArraySection("rows", rows_.size(), [this](size_t i) {
    return live_.Contains(Slot{static_cast<uint32_t>(i)}) ? rows_[i] : RowId{0};
  }));
  for (Section& section : ids_.Write(live)) parts.sections.push_back(std::move(section));
  std::vector<StoredExpiry> expiries;
  for (const auto& [at, slot] : by_expiry_) expiries.push_back({slot, 0, at});
  const size_t count = expiries.size();
  parts.sections.push_back(
      ArraySection("expiries", count, [expiries = std::move(expiries)](size_t i) { return expiries[i]; }));
  return parts;
}

bool Collection::Read(SectionReader* image, MappedFile vectors) {
  if ((vectors_ != nullptr && !vectors_->Read(image, std::move(vectors))) || !ReadRows(image)) return false;
  const auto bound = static_cast<uint32_t>(rows_.size());
  if (!ids_.Read(image, bound, [this](Slot slot) { return live_.Contains(slot); }) || !ReadExpiries(image))
    return false;
  return !Bm25Index::IsIn(*image) || texts_.Read(image, live_);
}

bool Collection::ReadRows(SectionReader* image) {
  if (!image->ReadArray("rows", &rows_)) return false;
  const auto bound = static_cast<uint32_t>(rows_.size());
  if (vectors_ != nullptr && bound != vectors_->stats().slots) return false;
  const auto live =
      static_cast<size_t>(std::count_if(rows_.begin(), rows_.end(), [](RowId row) { return row != RowId{0}; }));
  slot_of_.Reserve(live, rows_);
  live_.Reserve(bound);
  row_order_.reserve(live);
  free_.reserve(bound);
  for (uint32_t i = 0; i < bound; ++i) {
    const Slot slot{i};
    if (rows_[i] == RowId{0}) {
      // A vector belongs to a record.
      if (HasVectorAt(slot)) return false;
      if (vectors_ == nullptr || vectors_->IsFree(slot)) free_.push_back(slot);
      continue;
    }
    const bool dead = vectors_ != nullptr && !vectors_->Has(slot) && !vectors_->IsFree(slot);
    if (rows_[i] < RowId{0} || dead || slot_of_.Find(rows_[i], rows_)) return false;
    slot_of_.Add(slot, rows_);
    live_.Add(slot);
    row_order_.push_back(rows_[i]);
  }
  if (!std::is_sorted(row_order_.begin(), row_order_.end())) std::sort(row_order_.begin(), row_order_.end());
  return true;
}

bool Collection::ReadExpiries(SectionReader* image) {
  std::vector<StoredExpiry> expiries;
  if (!image->ReadArray("expiries", &expiries)) return false;
  for (const StoredExpiry& expiry : expiries) {
    if (!live_.Contains(Slot{expiry.slot}) || expires_at_.contains(expiry.slot)) return false;
    Expire(Slot{expiry.slot}, expiry.at);
  }
  return true;
}

void Collection::set_image(ImageInfo image) {
  image_ = std::move(image);
  changes_at_image_ = changes();
  writes_at_image_ = writes_;
  texts_at_image_ = texts_.known();
}

}  // namespace agentmemdb
