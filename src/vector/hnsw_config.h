// What a user may choose about a graph.
#pragma once

#include <cstdint>

namespace agentmemdb {

struct HnswConfig {
  uint32_t m = 16;                 // links per node and level, twice that on level 0
  uint32_t ef_construction = 128;  // candidates kept while linking
  uint32_t min_size = 5000;        // vectors from which on the graph answers
};

}  // namespace agentmemdb
