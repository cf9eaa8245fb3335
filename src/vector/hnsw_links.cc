#include "vector/hnsw_links.h"

#include <algorithm>
#include <array>

namespace agentmemdb {

namespace {

// Candidates are looked at so many at a time: few enough to stop soon after the last place is taken.
constexpr size_t kBlock = 32;

// Keeps of `left` those that are no nearer to `chosen` than to the base: the others can be reached through it.
void Thin(const CodeDistances& distances, const CodeTarget& chosen, std::vector<Candidate>* left) {
  thread_local std::vector<uint32_t> nodes;
  std::array<float, kBlock> raws;
  nodes.clear();
  for (const Candidate& candidate : *left) nodes.push_back(candidate.node);
  distances.Compare(chosen, true, nodes, raws.data());
  size_t kept = 0;
  for (size_t i = 0; i < left->size(); ++i) {
    (*left)[kept] = (*left)[i];
    kept += raws[i] >= (*left)[i].raw;
  }
  left->resize(kept);
}

// Distances by whole codes. As the keys of a pool they sort as plain numbers.
std::vector<CandidatePool::Key> KeysOf(const CodeDistances& distances, const CodeTarget& target,
                                       std::span<const uint32_t> nodes) {
  for (const uint32_t node : nodes) distances.Prefetch(node, true);
  std::vector<float> raws(nodes.size());
  distances.Compare(target, true, nodes, raws.data());
  std::vector<CandidatePool::Key> keys(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) keys[i] = CandidatePool::KeyOf({raws[i], nodes[i]});
  return keys;
}

}  // namespace

std::vector<uint32_t> ChooseNeighbors(const CodeDistances& distances, std::span<const Candidate> candidates,
                                      uint32_t most) {
  const size_t query_bytes = distances.format().query_bytes();
  CodeQueryBuffer memory(most * query_bytes);
  thread_local std::vector<CodeTarget> targets;
  thread_local std::vector<Candidate> left;
  targets.clear();
  const auto is_deleted = [&](const Candidate& candidate) { return distances.nodes().IsDeleted(candidate.node); };
  const bool all_deleted = std::all_of(candidates.begin(), candidates.end(), is_deleted);
  std::vector<uint32_t> chosen;
  for (size_t begin = 0; begin < candidates.size(); begin += kBlock) {
    left.clear();
    for (const Candidate& candidate : candidates.subspan(begin, std::min(kBlock, candidates.size() - begin))) {
      if (all_deleted || !is_deleted(candidate)) left.push_back(candidate);
    }
    for (const CodeTarget& target : targets) Thin(distances, target, &left);
    while (!left.empty()) {
      const uint32_t nearest = left.front().node;
      left.erase(left.begin());
      chosen.push_back(nearest);
      if (chosen.size() == most) return chosen;
      targets.push_back(distances.TargetOf(nearest, memory.query.values + targets.size() * query_bytes));
      Thin(distances, targets.back(), &left);
    }
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
                                 std::span<const uint32_t> nodes) {
  std::vector<CandidatePool::Key> keys = KeysOf(distances, target, nodes);
  std::sort(keys.begin(), keys.end());
  std::vector<Candidate> candidates(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) candidates[i] = CandidatePool::CandidateOf(keys[i]);
  return candidates;
}

std::vector<Candidate> NearestOf(const CodeDistances& distances, uint32_t node, std::vector<uint32_t> nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  CodeQueryBuffer buffer(distances.format().query_bytes());
  return NearestOf(distances, distances.TargetOf(node, buffer.query.values), nodes);
}

uint32_t NearestOne(const CodeDistances& distances, uint32_t node, std::span<const uint32_t> nodes) {
  CodeQueryBuffer buffer(distances.format().query_bytes());
  const std::vector<CandidatePool::Key> keys = KeysOf(distances, distances.TargetOf(node, buffer.query.values), nodes);
  return CandidatePool::NodeOf(*std::min_element(keys.begin(), keys.end()));
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

std::optional<uint32_t> Attach(HnswNodes* nodes, uint32_t node, int level, uint32_t from) {
  std::vector<uint32_t> links = LinksOf(*nodes, from, level);
  if (std::find(links.begin(), links.end(), node) != links.end()) return std::nullopt;
  std::optional<uint32_t> lost;
  if (links.size() == nodes->LinksMax(level)) {
    size_t given_up = links.size() - 1;
    while (given_up > 0 && !IsLinkedBack(*nodes, links[given_up], level, from)) --given_up;
    if (!IsLinkedBack(*nodes, links[given_up], level, from)) given_up = links.size() - 1;
    lost = links[given_up];
    links.erase(links.begin() + static_cast<std::ptrdiff_t>(given_up));
  }
  links.push_back(node);
  nodes->Links(from, level).Assign(links);
  return lost;
}

}  // namespace agentmemdb
