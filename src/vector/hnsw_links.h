// What lists of links are made of: which neighbours a node keeps, and that every node can be come to.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "vector/hnsw_walk.h"

namespace agentmemdb {

// HNSW's heuristic (Malkov and Yashunin 2018, algorithm 4): of `candidates`, nearest to the base first, those nearer to it than
// to one chosen before, at most `most`. None that is deleted, unless all are: a way through those is better than none.
std::vector<uint32_t> ChooseNeighbors(const CodeDistances& distances, std::span<const Candidate> candidates,
                                      uint32_t most);

std::vector<uint32_t> NodesOf(std::span<const Candidate> candidates);

// `nodes` with their distances from `target` by whole codes, nearest first.
std::vector<Candidate> NearestOf(const CodeDistances& distances, const CodeTarget& target,
                                 std::span<const uint32_t> nodes);
// The same from `node`, each once.
std::vector<Candidate> NearestOf(const CodeDistances& distances, uint32_t node, std::vector<uint32_t> nodes);
// The nearest to `node` of some, one at least, by whole codes.
uint32_t NearestOne(const CodeDistances& distances, uint32_t node, std::span<const uint32_t> nodes);

std::vector<uint32_t> LinksOf(const HnswNodes& nodes, uint32_t node, int level);

// Whether one of the nodes that `node` links to on that level, other than `except`, links back.
bool IsLinkedBack(const HnswNodes& nodes, uint32_t node, int level, uint32_t except);

// Makes `from` link to `node`. Where there is no room, the farthest link goes whose node is linked back by another: the node that
// lost it is returned.
std::optional<uint32_t> Attach(HnswNodes* nodes, uint32_t node, int level, uint32_t from);

}  // namespace agentmemdb
