#include "vector/flat_index.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kRowsBetweenChecks = 256;

}  // namespace

FlatIndex::FlatIndex(Metric metric, uint32_t dimensions)
    : table_(dimensions), kernel_(ActiveKernels().ForMetric(metric)) {}

void FlatIndex::Reserve(uint32_t bound, uint32_t) {
  table_.Reserve(bound);
  if (const size_t words = (static_cast<size_t>(bound) + 63) / 64; words > present_.size()) present_.resize(words);
}

void FlatIndex::Stage(Slot slot, VectorView vector) {
  CHECK(!Has(slot) && vector.size() == table_.dimensions());
  std::copy(vector.begin(), vector.end(), table_.Row(slot));
}

void FlatIndex::Add(Slot slot) {
  CHECK(!Has(slot));
  present_[ToInt(slot) / 64] |= uint64_t{1} << (ToInt(slot) % 64);
  ++count_;
}

bool FlatIndex::Remove(Slot slot) {
  CHECK(Has(slot));
  present_[ToInt(slot) / 64] &= ~(uint64_t{1} << (ToInt(slot) % 64));
  --count_;
  return true;
}

uint32_t FlatIndex::CountAllowed(const IdSet* allowed) const {
  if (allowed == nullptr) return count_;
  uint32_t count = 0;
  allowed->ForEach([&](Slot slot) { count += Has(slot); });
  return count;
}

Result<VectorSearchResult> FlatIndex::SearchAllowed(const VectorSearch& search, const CancelToken& cancel) const {
  std::vector<Slot> slots;
  search.allowed->ForEach([&](Slot slot) {
    if (Has(slot)) slots.push_back(slot);
  });
  TopK best(search.k);
  RETURN_IF_ERROR(Scan(slots, search, cancel, &best));
  VectorSearchResult result;
  result.neighbors = best.Take();
  result.scanned = static_cast<uint32_t>(slots.size());
  return result;
}

Result<VectorSearchResult> FlatIndex::Search(const VectorSearch& search, const CancelToken& cancel) const {
  if (search.allowed != nullptr) return SearchAllowed(search, cancel);
  TopK best(search.k);
  uint32_t until_check = kRowsBetweenChecks;
  for (size_t word = 0; word < present_.size(); ++word) {
    for (uint64_t bits = present_[word]; bits != 0; bits &= bits - 1) {
      const Slot slot{static_cast<uint32_t>(word * 64 + static_cast<size_t>(std::countr_zero(bits)))};
      const float raw = kernel_(search.query.data(), table_.Row(slot), table_.dimensions());
      if (raw <= best.Bound()) best.Offer({raw, slot, search.rows[ToInt(slot)]});
      if (--until_check == 0) {
        RETURN_IF_ERROR(cancel.Check());
        until_check = kRowsBetweenChecks;
      }
    }
  }
  VectorSearchResult result;
  result.neighbors = best.Take();
  result.scanned = count_;
  return result;
}

Status FlatIndex::Scan(std::span<const Slot> slots, const VectorSearch& search, const CancelToken& cancel,
                       TopK* best) const {
  uint32_t until_check = kRowsBetweenChecks;
  for (const Slot slot : slots) {
    if (--until_check == 0) {
      RETURN_IF_ERROR(cancel.Check());
      until_check = kRowsBetweenChecks;
    }
    if (!Has(slot) || (search.allowed != nullptr && !search.allowed->Contains(slot))) continue;
    const float raw = kernel_(search.query.data(), table_.Row(slot), table_.dimensions());
    if (raw <= best->Bound()) best->Offer({raw, slot, search.rows[ToInt(slot)]});
  }
  return {};
}

VectorIndexStats FlatIndex::stats() const {
  VectorIndexStats stats;
  stats.vectors = count_;
  stats.memory_bytes = table_.bytes() + present_.size() * sizeof(uint64_t);
  return stats;
}

}  // namespace agentmemdb
