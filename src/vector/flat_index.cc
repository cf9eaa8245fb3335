#include "vector/flat_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kRowsBetweenChecks = 256;
constexpr float kRounding = 1e-6f;  // of a number divided by a norm that was summed in another order

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

bool FlatIndex::Holds(Slot slot, VectorView vector) const {
  const float* held = table_.Row(slot);
  return std::equal(vector.begin(), vector.end(), held, [](float a, float b) {
    return std::abs(a - b) <= kRounding * std::max(std::abs(a), std::numeric_limits<float>::min());
  });
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
  VectorSearchResult result;
  TopK best(search.k);
  for (std::optional<Slot> slot = search.allowed->Next(Slot{0}); slot;
       slot = search.allowed->Next(Slot{ToInt(*slot) + 1})) {
    if (!Has(*slot)) continue;
    Offer(*slot, search, &best);
    if (++result.scanned % kRowsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
  }
  result.neighbors = best.Take();
  return result;
}

Result<VectorSearchResult> FlatIndex::Search(const VectorSearch& search, const CancelToken& cancel) const {
  if (search.allowed != nullptr) return SearchAllowed(search, cancel);
  TopK best(search.k);
  uint32_t until_check = kRowsBetweenChecks;
  for (size_t word = 0; word < present_.size(); ++word) {
    for (uint64_t bits = present_[word]; bits != 0; bits &= bits - 1) {
      Offer(Slot{static_cast<uint32_t>(word * 64 + static_cast<size_t>(std::countr_zero(bits)))}, search, &best);
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

VectorIndexStats FlatIndex::stats() const {
  VectorIndexStats stats;
  stats.vectors = count_;
  stats.memory_bytes = table_.bytes() + present_.size() * sizeof(uint64_t);
  return stats;
}

}  // namespace agentmemdb
