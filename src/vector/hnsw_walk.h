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
  // The vector of a node as a target, in memory for CodeQuery::values.
  CodeTarget TargetOf(uint32_t node, int8_t* values) const {
    CodeTarget target{.query = {.values = values}, .norm = nodes_->Norm(node)};
    format_->MakeQuery(nodes_->Code(node), &target.query);
    return target;
  }

 private:
  // The least cosine with a vector of that norm whose distance is below `bound`.
  float CosineFor(const CodeTarget& target, float bound, float norm) const;

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
  };

  // `distances` and `target` must live until the walk is over. An object may walk again and again: it keeps its memory.
  void Begin(const CodeDistances& distances, const CodeTarget& target, std::span<const uint32_t> from,
             const Options& options);
  // Expands the nearest candidates. False when none is left that could lead nearer.
  bool Step();
  // Nearest first, at most ef. A walk with `only` may hold the nodes it began at too.
  std::span<const Candidate> found() const { return found_; }
  uint32_t visited() const { return visited_count_; }

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
