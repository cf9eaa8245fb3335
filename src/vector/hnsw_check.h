// Whether a graph is what it should be.
#pragma once

#include <cstdint>

#include "base/id_set.h"
#include "vector/hnsw_nodes.h"

namespace agentmemdb {

struct GraphCheck {
  uint32_t nodes = 0;        // linked, dead ones included
  uint32_t wrong_links = 0;  // to nodes that are not linked or do not reach the level, to itself, twice, or too many
  uint32_t unreachable = 0;  // living nodes that no way on level 0 leads to from the entry
  bool ok() const { return wrong_links == 0 && unreachable == 0; }
};

// `linked`: the nodes of the graph. Nothing may change meanwhile.
GraphCheck CheckGraph(const HnswNodes& nodes, const IdSet& linked);

}  // namespace agentmemdb
