#include "vector/hnsw_linker.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "vector/hnsw_links.h"

namespace agentmemdb {
namespace {

constexpr uint64_t kLevelSeed = 100;
constexpr uint64_t kBatchMost = 1024;
constexpr uint64_t kBatchShare = 200;  // A batch is at most this part of the graph.
constexpr size_t kLinksAPiece = 64;
// Growth is measured from this many nearest on, to as many times that at least; the mean forgets by this part with each node.
constexpr size_t kGrowthFrom = 10, kGrowthLeast = 4;
constexpr float kGrowthOver = 1000;

}  // namespace

HnswLinker::HnswLinker(HnswNodes* nodes, const CodeDistances* distances, uint32_t ef_construction)
    : nodes_(nodes), distances_(distances), ef_construction_(std::max(ef_construction, nodes->m())) {}

uint32_t HnswLinker::BatchMax(uint64_t linked) {
  return static_cast<uint32_t>(std::clamp<uint64_t>(linked / kBatchShare, 1, kBatchMost));
}

void HnswLinker::Begin(std::span<const uint32_t> batch) {
  std::lock_guard guard(mutex_);
  batch_.clear();
  for (const uint32_t node : batch) {
    const int level = nodes_->LevelFor(Random(kLevelSeed + levels_drawn_++).Unit());
    batch_.push_back({node, level, std::vector<std::vector<uint32_t>>(static_cast<size_t>(level) + 1)});
  }
  failed_.reserve(batch_.size() * (nodes_->LinksMax(0) + 1));
  phase_ = batch_.empty() ? Phase::kIdle : Phase::kFind;
  claimed_ = finished_ = 0;
}

bool HnswLinker::busy() const {
  std::lock_guard guard(mutex_);
  return phase_ != Phase::kIdle;
}

HnswLinker::Progress HnswLinker::Work() {
  size_t piece;
  {
    std::lock_guard guard(mutex_);
    if (phase_ == Phase::kIdle) return Progress::kDone;
    if (!failed_.empty()) {
      piece = failed_.back();
      failed_.pop_back();
    } else if (claimed_ < pieces()) {
      piece = claimed_++;
    } else {
      return Progress::kOthersWork;
    }
  }
  Do(piece);
  std::lock_guard guard(mutex_);
  if (++finished_ < pieces()) return Progress::kWorked;
  phase_ = phase_ == Phase::kAttach ? Phase::kIdle : static_cast<Phase>(static_cast<int>(phase_) + 1);
  if (pieces() == 0) phase_ = Phase::kIdle;
  claimed_ = finished_ = 0;
  return phase_ == Phase::kIdle ? Progress::kDone : Progress::kWorked;
}

size_t HnswLinker::pieces() const {
  switch (phase_) {
    case Phase::kFind:
      return batch_.size();
    case Phase::kLinkOwn:
    case Phase::kAttach:
      return 1;
    case Phase::kLinkBack:
    case Phase::kCheck:
      return pieces_.size();
    case Phase::kIdle:
      break;
  }
  return 0;
}

void HnswLinker::Do(size_t piece) {
  try {
    switch (phase_) {
      case Phase::kFind:
        return FindNeighbors(&batch_[piece]);
      case Phase::kLinkOwn:
        return LinkOwn();
      case Phase::kLinkBack:
        return LinkBack(&pieces_[piece]);
      case Phase::kCheck:
        return FindOrphans(&pieces_[piece]);
      case Phase::kAttach:
        return AttachOrphans();
      case Phase::kIdle:
        return;
    }
  } catch (const std::bad_alloc&) {
    std::lock_guard guard(mutex_);
    failed_.push_back(piece);  // Has room: see Begin.
    throw;
  }
}

void HnswLinker::FindNeighbors(Node* node) const {
  const HnswNodes::Entry entry = nodes_->entry();
  if (entry.level < 0) return;
  thread_local HnswWalk walk;
  CodeQueryBuffer buffer(distances_->format().query_bytes());
  const CodeTarget target = distances_->TargetOf(node->node, buffer.query.values);
  uint32_t from = DescendTo(node->level, *distances_, target, false);
  for (int level = std::min(node->level, entry.level); level >= 0; --level) {
    // By the coarse codes, as a search does: only those found are compared by all of their codes.
    walk.Begin(*distances_, target, std::span(&from, 1), {level, ef_construction_, false, nullptr});
    while (walk.Step()) {
    }
    const std::vector<Candidate> found = NearestOf(*distances_, target, NodesOf(walk.found()));
    node->chosen[static_cast<size_t>(level)] = ChooseNeighbors(*distances_, found, nodes_->m());
    if (level == 0) node->distance_growth = DistanceGrowthOf(target, found);
    from = found.front().node;
  }
}

float HnswLinker::DistanceGrowthOf(const CodeTarget& target, std::span<const Candidate> found) const {
  if (found.size() < kGrowthFrom * kGrowthLeast) return 0;
  const float ratio = distances_->RatioOf(target, found[kGrowthFrom - 1].raw, found.back().raw);
  return ratio > 1 ? std::log(ratio) / std::log(static_cast<float>(found.size()) / kGrowthFrom) : 0;
}

void HnswLinker::LinkOwn() {
  back_links_.clear();
  for (Node& node : batch_) {
    nodes_->MakeLevels(node.node, node.level);
    for (int level = 0; level <= node.level; ++level) {
      const std::vector<uint32_t>& chosen = node.chosen[static_cast<size_t>(level)];
      nodes_->Links(node.node, level).Assign(chosen);
      for (const uint32_t to : chosen) back_links_.push_back({to, node.node, level});
    }
    if (node.level > nodes_->entry().level) nodes_->set_entry({node.node, node.level});
    // In the order of the batch, whoever found what: the same with any number of threads.
    if (const float here = node.distance_growth, mean = distance_growth(); here > 0)
      set_distance_growth(mean == 0 ? here : mean + (here - mean) / kGrowthOver);
  }
  std::stable_sort(back_links_.begin(), back_links_.end(),
                   [](const BackLink& a, const BackLink& b) { return a.to < b.to; });
  // In pieces that keep the links of one node together.
  pieces_.clear();
  for (size_t begin = 0; begin < back_links_.size();) {
    size_t end = std::min(begin + kLinksAPiece, back_links_.size());
    while (end < back_links_.size() && back_links_[end].to == back_links_[end - 1].to) ++end;
    pieces_.push_back({std::span(back_links_).subspan(begin, end - begin), {}});
    begin = end;
  }
}

void HnswLinker::LinkBack(Piece* piece) {
  for (const BackLink& link : piece->links) AddLink(link, &piece->dropped);
}

void HnswLinker::AddLink(const BackLink& link, std::vector<uint32_t>* dropped) {
  LinkList list = nodes_->Links(link.to, link.level);
  const uint32_t count = list.count();
  for (uint32_t i = 0; i < count; ++i) {
    if (list[i] == link.node) return;  // Of a piece that is done again.
  }
  if (count < nodes_->LinksMax(link.level)) return list.Append(link.node);
  std::vector<uint32_t> linked = LinksOf(*nodes_, link.to, link.level);
  linked.push_back(link.node);
  const std::vector<uint32_t> kept =
      ChooseNeighbors(*distances_, NearestOf(*distances_, link.to, linked), nodes_->LinksMax(link.level));
  list.Assign(kept);
  if (link.level > 0) return;
  for (const uint32_t node : linked) {
    if (std::find(kept.begin(), kept.end(), node) == kept.end()) dropped->push_back(node);
  }
}

// Of the nodes that lost a link, those that no neighbour links to any more. Reads only: any number of threads.
void HnswLinker::FindOrphans(Piece* piece) const {
  std::vector<uint32_t>& nodes = piece->dropped;
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  std::erase_if(nodes,
                [this](uint32_t node) { return nodes_->IsDeleted(node) || IsLinkedBack(*nodes_, node, 0, node); });
}

void HnswLinker::AttachOrphans() {
  for (const Piece& piece : pieces_) {
    for (const uint32_t node : piece.dropped) {
      const LinkList links = nodes_->Links(node, 0);
      if (links.count() > 0 && !IsLinkedBack(*nodes_, node, 0, node)) Attach(nodes_, node, 0, links[0]);
    }
  }
}

}  // namespace agentmemdb
