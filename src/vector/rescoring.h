// From many candidates, known by estimates, to the few nearest, compared exactly: first with whole codes where a walk reads a
// part of them only, then with the float32 vectors of half as many again as are asked for.
#pragma once

#include <vector>

#include "vector/flat_index.h"
#include "vector/hnsw_walk.h"

namespace agentmemdb {

// What is compared again, for k results: with whole codes, then with vectors. Fewer lose recall, more gain none (measured on
// 100,000 x 384 and 1,000,000 x 128, recall@10 0.95 and 0.99).
struct RescoringPlan {
  RescoringPlan(uint32_t k, bool planes);
  size_t codes;
  size_t vectors;
};

// Nodes may repeat in `candidates`, which are used up; each has a vector and is allowed. Returns how many vectors were compared.
uint32_t Rescore(std::vector<Candidate>* candidates, const CodeDistances& distances, const CodeTarget& target,
                 const FlatIndex& vectors, const VectorSearch& search, TopK* best);

}  // namespace agentmemdb
