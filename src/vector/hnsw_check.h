// Whether a graph is what it should be.
#pragma once

#include <cstdint>

#include "base/id_set.h"
#include "vector/hnsw_nodes.h"
#include "vector/vector_index.h"

namespace agentmemdb {

// `linked`: the nodes of the graph. Nothing may change meanwhile.
VectorIndexCheck CheckGraph(const HnswNodes& nodes, const IdSet& linked);

}  // namespace agentmemdb
