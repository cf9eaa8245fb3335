#include "vector/hnsw_links.h"

#include <algorithm>

namespace agentmemdb {

std::vector<uint32_t> ChooseNeighbors(const CodeDistances& distances, std::span<const Candidate> candidates,
                                      uint32_t most) {
  thread_local std::vector<Candidate> left;
  thread_local std::vector<uint32_t> others;
  thread_local std::vector<float> raws;
  left.clear();
  for (const Candidate& candidate : candidates) {
    if (!distances.nodes().IsDeleted(candidate.node)) left.push_back(candidate);
  }
  std::vector<uint32_t> chosen;
  CodeQueryBuffer buffer(distances.format().query_bytes());
  size_t first = 0;
  while (first < left.size()) {
    const uint32_t nearest = left[first++].node;
    chosen.push_back(nearest);
    if (chosen.size() == most) break;
    others.clear();
    for (size_t i = first; i < left.size(); ++i) others.push_back(left[i].node);
    raws.resize(others.size());
    distances.Compare(distances.TargetOf(nearest, &buffer), true, others, raws.data());
    // Those nearer to the one just chosen than to the base can be reached through it.
    size_t kept = first;
    for (size_t i = first; i < left.size(); ++i) {
      if (raws[i - first] >= left[i].raw) left[kept++] = left[i];
    }
    left.resize(kept);
  }
  return chosen;
}

std::vector<uint32_t> NodesOf(std::span<const Candidate> candidates) {
  std::vector<uint32_t> nodes;
  nodes.reserve(candidates.size());
  for (const Candidate& candidate : candidates) nodes.push_back(candidate.node);
  return nodes;
}

std::vector<Candidate> NearestOf(const CodeDistances& distances, const CodeTarget& target,
                                 std::vector<uint32_t> nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  for (const uint32_t node : nodes) distances.Prefetch(node, true);
  std::vector<float> raws(nodes.size());
  distances.Compare(target, true, nodes, raws.data());
  std::vector<Candidate> candidates;
  candidates.reserve(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) candidates.push_back({raws[i], nodes[i]});
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.raw < b.raw; });
  return candidates;
}

std::vector<Candidate> NearestOf(const CodeDistances& distances, uint32_t node, std::vector<uint32_t> nodes) {
  CodeQueryBuffer buffer(distances.format().query_bytes());
  return NearestOf(distances, distances.TargetOf(node, &buffer), std::move(nodes));
}

std::vector<uint32_t> LinksOf(const HnswNodes& nodes, uint32_t node, int level) {
  const LinkList list = nodes.Links(node, level);
  std::vector<uint32_t> links(list.count());
  for (uint32_t i = 0; i < links.size(); ++i) links[i] = list[i];
  return links;
}

bool IsLinkedBack(const HnswNodes& nodes, uint32_t node, int level, uint32_t except) {
  const LinkList links = nodes.Links(node, level);
  for (uint32_t i = 0, count = links.count(); i < count; ++i) {
    if (links[i] == except) continue;
    const LinkList back = nodes.Links(links[i], level);
    for (uint32_t j = 0, back_count = back.count(); j < back_count; ++j) {
      if (back[j] == node) return true;
    }
  }
  return false;
}

void Attach(HnswNodes* nodes, uint32_t node, int level, uint32_t from) {
  std::vector<uint32_t> links = LinksOf(*nodes, from, level);
  if (std::find(links.begin(), links.end(), node) != links.end()) return;
  if (links.size() == nodes->LinksMax(level)) {
    size_t given_up = links.size() - 1;
    while (given_up > 0 && !IsLinkedBack(*nodes, links[given_up], level, from)) --given_up;
    if (!IsLinkedBack(*nodes, links[given_up], level, from)) given_up = links.size() - 1;
    links.erase(links.begin() + static_cast<std::ptrdiff_t>(given_up));
  }
  links.push_back(node);
  nodes->Links(from, level).Assign(links);
}

}  // namespace agentmemdb
