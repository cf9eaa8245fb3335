// The walk through one level of the graph to the nodes nearest to a query: HNSW's search of a layer (Malkov and Yashunin 2018,
// algorithm 2) over codes. One sorted pool holds both the candidates and the results; the two best that were not expanded are
// expanded together, so that their neighbours' codes are on the way while others are compared.
//
// Begin, then Step until it says false, then look at found(): the caller may look up in between whether to stop, or advance
// several walks in turn.
//
// Where vectors have sketches, most of the neighbours are found to be too far away by these alone, and their codes are never read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/id_set.h"
#include "base/prefetch.h"
#include "vector/candidate_pool.h"
#include "vector/code.h"
#include "vector/hnsw_nodes.h"
#include "vector/metric.h"

namespace agentmemdb {

// A query against the codes of one collection.
struct CodeTarget {
  CodeQuery query;
  float norm = 1;
};

// Writes what a walk compares of a vector: its code, sketch and norm.
void WriteCode(const CodeFormat& format, const float* vector, uint32_t node, HnswNodes* nodes);

// Estimated distances from codes: by their coarse part, or by all of it.
class CodeDistances {
 public:
  CodeDistances(Metric metric, const CodeFormat* format, const HnswNodes* nodes)
      : metric_(metric), format_(format), nodes_(nodes) {}

  const CodeFormat& format() const { return *format_; }
  const HnswNodes& nodes() const { return *nodes_; }
  void Compare(const CodeTarget& target, bool fine, std::span<const uint32_t> nodes, float* raws) const;
  [[gnu::always_inline]] void Prefetch(uint32_t node, bool fine) const {  // See PrefetchBytes.
    PrefetchBytes(nodes_->Code(node), fine ? format_->code_bytes() : format_->coarse_bytes());
  }
  bool sketched() const { return format_->sketch_bytes() > 0; }
  [[gnu::always_inline]] void PrefetchSketch(uint32_t node) const {
    PrefetchBytes(nodes_->Sketch(node), format_->sketch_bytes());
  }
  // Leaves, in order, the nodes whose distance may be below `bound` by what their sketches tell, and returns how many. A node
  // that is just below it is left out 7 times in 100, one well below hardly ever. There must be sketches.
  size_t DropFar(const CodeTarget& target, float bound, std::span<uint32_t> nodes) const;
  // The distance of what is `ratio` times as far from the target, Euclidean, as what is at `raw`; or of what codes cannot tell from
  // it, if that is farther. ratio >= 1. Infinity where distances have no ratios: by ip of vectors that are not all of length 1.
  float FartherBy(float ratio, const CodeTarget& target, float raw) const;
  // How many times as far `far` is; 0 where that cannot be told.
  float RatioOf(const CodeTarget& target, float near, float far) const;
  // The vector of a node as a target, in memory for CodeQuery::values.
  CodeTarget TargetOf(uint32_t node, int8_t* values) const {
    CodeTarget target{.query = {.values = values}, .norm = nodes_->Norm(node)};
    format_->MakeQuery(nodes_->Code(node), &target.query);
    return target;
  }

 private:
  // The least cosine with a vector of that norm whose distance is below `bound`.
  float CosineFor(const CodeTarget& target, float bound, float norm) const;
  // Half of a squared Euclidean distance of unit vectors is 1 + raw / RawScale(target), by l2 raw / RawScale(target). 0: there is none.
  float RawScale(const CodeTarget& target) const;
  float HalfSquared(float scale, float raw) const { return (metric_ == Metric::kL2 ? 0.0f : 1.0f) + raw / scale; }

  Metric metric_;
  const CodeFormat* format_;
  const HnswNodes* nodes_;
};

class HnswWalk {
 public:
  struct Options {
    int level = 0;
    uint32_t ef = 100;  // >= 1
    bool fine = false;  // compare whole codes
    // Only these are kept; the way leads through the others' neighbours too (two hops). nullptr: all.
    const IdSet* only = nullptr;
    // What is more than `reach` times as far away as the `k`-th nearest so far is left out, and the walk ends where nothing nearer is
    // left to expand (Al-Jazzazi and others, "Distance adaptive beam search for provably accurate graph-based nearest neighbor search",
    // 2025): only queries whose neighbours are all about equally far need ef candidates. k is at most ef; 0: never.
    uint32_t k = 0;
    float reach = 1;
  };

  // `distances` and `target` must live until the walk is over. An object may walk again and again: it keeps its memory.
  void Begin(const CodeDistances& distances, const CodeTarget& target, std::span<const uint32_t> from,
             const Options& options);
  // Expands the nearest candidates. False when none is left that could lead nearer.
  bool Step();
  // Nearest first, at most ef. A walk with `only` may hold the nodes it began at too.
  std::span<const Candidate> found() const { return found_; }
  uint32_t visited() const { return visited_count_; }
  // Of what is farther only some was found: see Options::reach.
  float limit() const { return limit_; }

 private:
  void PrefetchLinks(uint32_t node) const;
  void Collect(uint32_t node);
  void CollectAllowed(uint32_t node);
  bool FirstVisit(uint32_t node);
  // What was collected goes into the pool, where it is near enough.
  void Take();
  // Drops of it what sketches show to be too far, and has the codes of the rest fetched.
  void Sift();

  const CodeDistances* distances_ = nullptr;
  const CodeTarget* target_ = nullptr;
  Options options_;
  CandidatePool pool_;
  float limit_ = 0;  // Farther nodes are out of reach.
  std::vector<Candidate> found_;
  std::vector<uint64_t> visited_;  // a bit for each node
  uint32_t visited_count_ = 0;
  std::vector<uint32_t> collected_, blocked_;
  std::vector<float> raws_;
  std::vector<CandidatePool::Key> near_;
};

// Greedy, from the entry down to the level above `level`: a good node to begin at. The graph must have a node.
uint32_t DescendTo(int level, const CodeDistances& distances, const CodeTarget& target, bool fine);

}  // namespace agentmemdb
