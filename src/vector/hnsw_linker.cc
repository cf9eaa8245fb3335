#include "vector/hnsw_linker.h"

#include <algorithm>

#include "base/random.h"

namespace agentmemdb {
namespace {

constexpr uint64_t kLevelSeed = 100;
constexpr uint64_t kBatchMost = 1024;
constexpr uint64_t kBatchShare = 200;  // A batch is at most this part of the graph.
constexpr size_t kLinksAPiece = 64;

bool Nearer(const Candidate& a, const Candidate& b) { return a.raw != b.raw ? a.raw < b.raw : a.node < b.node; }

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
  phase_ = phase_ == Phase::kFind ? Phase::kLinkOwn : phase_ == Phase::kLinkOwn ? Phase::kLinkBack : Phase::kIdle;
  if (pieces() == 0) phase_ = Phase::kIdle;
  claimed_ = finished_ = 0;
  return phase_ == Phase::kIdle ? Progress::kDone : Progress::kWorked;
}

size_t HnswLinker::pieces() const {
  return phase_ == Phase::kFind ? batch_.size() : phase_ == Phase::kLinkOwn ? 1 : pieces_.size();
}

void HnswLinker::Do(size_t piece) {
  try {
    if (phase_ == Phase::kFind)
      FindNeighbors(&batch_[piece]);
    else if (phase_ == Phase::kLinkOwn)
      LinkOwn();
    else
      LinkBack(pieces_[piece]);
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
  const CodeTarget target = distances_->TargetOf(node->node, &buffer);
  uint32_t from = DescendTo(node->level, *distances_, target, true);
  for (int level = std::min(node->level, entry.level); level >= 0; --level) {
    walk.Begin(*distances_, target, std::span(&from, 1), {level, ef_construction_, true, nullptr});
    while (walk.Step()) {
    }
    node->chosen[static_cast<size_t>(level)] = Choose(walk.found(), nodes_->m());
    from = walk.found().front().node;
  }
}

std::vector<uint32_t> HnswLinker::Choose(std::span<const Candidate> candidates, uint32_t most) const {
  thread_local std::vector<Candidate> left;
  thread_local std::vector<uint32_t> others;
  thread_local std::vector<float> raws;
  left.clear();
  for (const Candidate& candidate : candidates) {
    if (!nodes_->IsDeleted(candidate.node)) left.push_back(candidate);
  }
  std::vector<uint32_t> chosen;
  CodeQueryBuffer buffer(distances_->format().query_bytes());
  size_t first = 0;
  while (first < left.size()) {
    const uint32_t nearest = left[first++].node;
    chosen.push_back(nearest);
    if (chosen.size() == most) break;
    others.clear();
    for (size_t i = first; i < left.size(); ++i) others.push_back(left[i].node);
    raws.resize(others.size());
    distances_->Compare(distances_->TargetOf(nearest, &buffer), true, others, raws.data());
    // Those nearer to the one just chosen than to the base can be reached through it.
    size_t kept = first;
    for (size_t i = first; i < left.size(); ++i) {
      if (raws[i - first] >= left[i].raw) left[kept++] = left[i];
    }
    left.resize(kept);
  }
  return chosen;
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
  }
  std::stable_sort(back_links_.begin(), back_links_.end(),
                   [](const BackLink& a, const BackLink& b) { return a.to < b.to; });
  // In pieces that keep the links of one node together.
  pieces_.clear();
  for (size_t begin = 0; begin < back_links_.size();) {
    size_t end = std::min(begin + kLinksAPiece, back_links_.size());
    while (end < back_links_.size() && back_links_[end].to == back_links_[end - 1].to) ++end;
    pieces_.push_back(std::span(back_links_).subspan(begin, end - begin));
    begin = end;
  }
}

void HnswLinker::LinkBack(std::span<const BackLink> links) {
  for (const BackLink& link : links) AddLink(link);
}

void HnswLinker::AddLink(const BackLink& link) {
  LinkList list = nodes_->Links(link.to, link.level);
  const uint32_t count = list.count();
  for (uint32_t i = 0; i < count; ++i) {
    if (list[i] == link.node) return;  // Of a piece that is done again.
  }
  if (count < nodes_->LinksMax(link.level)) return list.Append(link.node);
  thread_local std::vector<uint32_t> linked;
  thread_local std::vector<float> raws;
  thread_local std::vector<Candidate> candidates;
  linked.assign(1, link.node);
  for (uint32_t i = 0; i < count; ++i) linked.push_back(list[i]);
  raws.resize(linked.size());
  CodeQueryBuffer buffer(distances_->format().query_bytes());
  distances_->Compare(distances_->TargetOf(link.to, &buffer), true, linked, raws.data());
  candidates.clear();
  for (size_t i = 0; i < linked.size(); ++i) candidates.push_back({raws[i], linked[i]});
  std::sort(candidates.begin(), candidates.end(), Nearer);
  list.Assign(Choose(candidates, nodes_->LinksMax(link.level)));
}

}  // namespace agentmemdb
