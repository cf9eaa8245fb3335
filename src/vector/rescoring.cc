#include "vector/rescoring.h"

#include <algorithm>

namespace agentmemdb {
namespace {

constexpr size_t kVectorsAhead = 4;  // Fetched before they are compared.

bool NearerCandidate(const Candidate& a, const Candidate& b) {
  return a.raw != b.raw ? a.raw < b.raw : a.node > b.node;
}

// Leaves the `most` nearest, sorted, each node once.
void KeepNearest(std::vector<Candidate>* candidates, size_t most) {
  std::sort(candidates->begin(), candidates->end(), NearerCandidate);
  const auto same = [](const Candidate& a, const Candidate& b) { return a.node == b.node; };
  candidates->erase(std::unique(candidates->begin(), candidates->end(), same), candidates->end());
  if (candidates->size() > most) candidates->resize(most);
}

}  // namespace

RescoringPlan::RescoringPlan(uint32_t k, bool planes)
    : codes(std::max<size_t>(30, size_t{3} * k)),
      vectors(planes ? std::max<size_t>(15, k + size_t{k} / 2) : std::max<size_t>(30, size_t{3} * k)) {}

uint32_t Rescore(std::vector<Candidate>* candidates, const CodeDistances& distances, const CodeTarget& target,
                 const FlatIndex& vectors, const VectorSearch& search, TopK* best) {
  const bool planes = distances.format().planes();
  const RescoringPlan plan(search.k, planes);
  const size_t dimensions = vectors.table().dimensions(), vector_bytes = dimensions * sizeof(float);
  if (planes) {
    KeepNearest(candidates, plan.codes);
    thread_local std::vector<uint32_t> nodes;
    thread_local std::vector<float> raws;
    nodes.clear();
    for (const Candidate& candidate : *candidates) {
      nodes.push_back(candidate.node);
      distances.Prefetch(candidate.node, true);
    }
    // Most of the nearest stay the nearest: their vectors are on the way while codes are compared.
    for (size_t i = 0; i < std::min(plan.vectors * 2 / 3, nodes.size()); ++i)
      PrefetchBytes(vectors.Vector(Slot{nodes[i]}), vector_bytes);
    raws.resize(nodes.size());
    distances.Compare(target, true, nodes, raws.data());
    for (size_t i = 0; i < nodes.size(); ++i) (*candidates)[i].raw = raws[i];
  }
  KeepNearest(candidates, plan.vectors);
  for (size_t i = 0; i < candidates->size(); ++i) {
    if (i + kVectorsAhead < candidates->size())
      PrefetchBytes(vectors.Vector(Slot{(*candidates)[i + kVectorsAhead].node}), vector_bytes);
    const Slot slot{(*candidates)[i].node};
    const float raw = vectors.kernel()(search.query.data(), vectors.Vector(slot), dimensions);
    if (raw <= best->Bound()) best->Offer({raw, slot, search.rows[ToInt(slot)]});
  }
  return static_cast<uint32_t>(candidates->size());
}

}  // namespace agentmemdb
