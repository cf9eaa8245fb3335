#include "vector/hnsw_check.h"

#include <algorithm>

#include "vector/hnsw_links.h"

namespace agentmemdb {
namespace {

uint32_t CountWrongLinks(const HnswNodes& nodes, const IdSet& linked, uint32_t node, int level) {
  std::vector<uint32_t> links = LinksOf(nodes, node, level);
  uint32_t wrong = links.size() > nodes.LinksMax(level);
  for (const uint32_t link : links)
    wrong += link == node || !linked.Contains(Slot{link}) || nodes.LevelOf(link) < level;
  std::sort(links.begin(), links.end());
  wrong += static_cast<uint32_t>(links.end() - std::unique(links.begin(), links.end()));
  return wrong;
}

}  // namespace

VectorIndexCheck CheckGraph(const HnswNodes& nodes, const IdSet& linked) {
  VectorIndexCheck check;
  linked.ForEach([&](Slot slot) {
    ++check.nodes;
    for (int level = nodes.LevelOf(ToInt(slot)); level >= 0; --level)
      check.wrong_links += CountWrongLinks(nodes, linked, ToInt(slot), level);
  });
  IdSet reached;
  std::vector<uint32_t> border;
  if (const HnswNodes::Entry entry = nodes.entry(); entry.level >= 0) {
    reached.Add(Slot{entry.node});
    border.push_back(entry.node);
  }
  while (!border.empty()) {
    const uint32_t node = border.back();
    border.pop_back();
    for (const uint32_t link : LinksOf(nodes, node, 0)) {
      if (reached.Contains(Slot{link}) || !linked.Contains(Slot{link})) continue;
      reached.Add(Slot{link});
      border.push_back(link);
    }
  }
  linked.ForEach([&](Slot slot) { check.unreachable += !nodes.IsDeleted(ToInt(slot)) && !reached.Contains(slot); });
  return check;
}

}  // namespace agentmemdb
