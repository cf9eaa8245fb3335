// Approximate search: a graph over the vectors (HNSW; Malkov and Yashunin 2018), held by hnswlib, which is hidden here.
//
// A vector added is searchable at once: it waits in the tail, which every search scans exactly, until LinkOne() has put it
// into the graph. Below `min_size` vectors there is no graph, and every search is exact.
// A vector removed leaves a dead node behind if it was linked; dead nodes are walked through and never returned.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/shared_lock.h"
#include "vector/flat_index.h"

namespace agentmemdb {

struct HnswConfig {
  uint32_t m = 16;                 // links per node and level, twice that on level 0
  uint32_t ef_construction = 200;  // candidates kept while linking
  uint32_t min_size = 5000;        // vectors from which on the graph answers
};

class HnswIndex final : public VectorIndex {
 public:
  HnswIndex(Metric metric, uint32_t dimensions, const HnswConfig& config);
  ~HnswIndex() override;

  void Reserve(uint32_t bound, uint32_t adds) override;
  void Stage(Slot slot, VectorView vector) override { flat_.Stage(slot, vector); }
  void Add(Slot slot) override;
  bool Remove(Slot slot) override;
  Result<VectorSearchResult> Search(const VectorSearch& search, const CancelToken& cancel) const override;
  Result<bool> LinkOne() override;
  bool HasUnlinked() const override;
  uint64_t AddedMark() const override;
  uint64_t LinkedMark() const override;
  VectorIndexStats stats() const override;

 private:
  class Graph;

  bool WantsGraph() const { return flat_.count() >= config_.min_size; }
  void DropConsumedTail();
  std::span<const Slot> Tail() const { return std::span(tail_).subspan(tail_head_); }
  Result<VectorSearchResult> SearchGraphAndTail(const VectorSearch& search, const CancelToken& cancel) const;

  HnswConfig config_;
  FlatIndex flat_;  // Every vector, linked or not.

  // Readers share, linking one vector excludes them: hnswlib is not safe to search while it inserts.
  mutable WriterPreferringLock graph_lock_;
  std::unique_ptr<Graph> graph_;  // Made with the first link.
  // Slots waiting to be linked, oldest first, from tail_head_ on. A slot removed meanwhile is left as kNoSlot.
  std::vector<Slot> tail_;
  size_t tail_head_ = 0;
  uint64_t tail_base_ = 0;               // Mark of tail_[0].
  std::vector<uint32_t> tail_position_;  // By slot, kLinked once it is in the graph.
  uint32_t tail_holes_ = 0;              // kNoSlot entries from tail_head_ on.
};

}  // namespace agentmemdb
