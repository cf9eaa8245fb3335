#include "vector/flat_index.h"

#include <algorithm>
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
  present_.Reserve(bound);
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
  present_.Add(slot);
  ++count_;
}

bool FlatIndex::Remove(Slot slot) {
  CHECK(Has(slot));
  present_.Remove(slot);
  --count_;
  return true;
}

uint32_t FlatIndex::CountAllowed(const IdSet* allowed) const {
  return allowed == nullptr ? count_ : static_cast<uint32_t>(present_.CountCommon(*allowed));
}

Result<VectorSearchResult> FlatIndex::Search(const VectorSearch& search, const CancelToken& cancel) const {
  VectorSearchResult result;
  TopK best(search.k);
  Status status;
  const IdSet& among = search.allowed == nullptr ? present_ : *search.allowed;
  among.ForEachWhile([&](Slot slot) {
    if (!Has(slot)) return true;
    Offer(slot, search, &best);
    if (++result.scanned % kRowsBetweenChecks == 0) status = cancel.Check();
    return status.ok();
  });
  RETURN_IF_ERROR(status);
  result.neighbors = best.Take();
  return result;
}

VectorIndexStats FlatIndex::stats() const {
  VectorIndexStats stats;
  stats.vectors = count_;
  stats.memory_bytes = table_.bytes() + present_.memory_bytes();
  return stats;
}

}  // namespace agentmemdb
