// Building the graph: HNSW's insertion (Malkov and Yashunin 2018, algorithms 1 and 4) with hnswlib's rules, in batches. Every
// node of a batch first looks for its neighbours in the graph as it was before the batch, which changes nothing; then all of
// them are linked, each list changed by one thread. So several threads may work at once, and the graph they build is the same
// as one thread's, bit for bit.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "vector/hnsw_walk.h"

namespace agentmemdb {

class HnswLinker {
 public:
  // `nodes` is what `distances` compares.
  HnswLinker(HnswNodes* nodes, const CodeDistances* distances, uint32_t ef_construction);

  // How many nodes a batch may have while the graph has `linked`: few enough to miss little by not seeing one another.
  static uint32_t BatchMax(uint64_t linked);

  // How fast distances grow around a vector: its j-th nearest is about j^distance_growth() times as far away as its nearest. The inverse of the
  // data's intrinsic dimension, in the way of Levina and Bickel ("Maximum likelihood estimation of intrinsic dimension", 2004), from what
  // linking finds: a mean over about the last thousand nodes. 0: not known. Threads: any.
  float distance_growth() const { return distance_growth_.load(std::memory_order_relaxed); }
  // As an image holds it; the graph excludes everything else.
  void set_distance_growth(float growth) { distance_growth_.store(growth, std::memory_order_relaxed); }

  // Whether a batch was begun and is not done.
  bool busy() const;
  // Begins a batch, its codes written, none of them linked. The one before must be done. May throw std::bad_alloc.
  void Begin(std::span<const uint32_t> batch);

  enum class Progress { kWorked, kOthersWork, kDone };
  // One small piece of the batch: tens to hundreds of microseconds. Threads: any number of them at once, beside searches.
  // kOthersWork: nothing to do until another thread has finished its piece. May throw std::bad_alloc; the piece is done later.
  Progress Work();

 private:
  // One node of the batch and the neighbours chosen for it, by level.
  struct Node {
    uint32_t node;
    int level;
    std::vector<std::vector<uint32_t>> chosen;
    float distance_growth = 0;  // around it; 0: too few were found to tell
  };
  // What a list is to get: links from `to` to node.
  struct BackLink {
    uint32_t to, node;
    int level;
  };

  // Some lists, all of one node's in one piece.
  struct Piece {
    std::span<const BackLink> links;
    std::vector<uint32_t> dropped;  // nodes that lost a link to them, then those of them that lost the last
  };
  enum class Phase { kIdle, kFind, kLinkOwn, kLinkBack, kCheck, kAttach };

  // Of this phase.
  size_t pieces() const;
  void Do(size_t piece);
  void FindNeighbors(Node* node) const;
  float DistanceGrowthOf(const CodeTarget& target, std::span<const Candidate> found) const;
  void LinkOwn();
  void LinkBack(Piece* piece);
  void AddLink(const BackLink& link, std::vector<uint32_t>* dropped);
  void FindOrphans(Piece* piece) const;
  void AttachOrphans();

  HnswNodes* nodes_;
  const CodeDistances* distances_;
  uint32_t ef_construction_;

  mutable std::mutex mutex_;
  std::vector<Node> batch_;
  std::vector<BackLink> back_links_;   // by node
  std::vector<Piece> pieces_;          // of them
  size_t claimed_ = 0, finished_ = 0;  // pieces of this phase
  std::vector<size_t> failed_;         // pieces to be claimed again
  Phase phase_ = Phase::kIdle;
  uint64_t levels_drawn_ = 0;
  std::atomic<float> distance_growth_{0};
};

}  // namespace agentmemdb
