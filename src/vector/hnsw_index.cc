#include "vector/hnsw_index.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/clock.h"
#include "vector/rescoring.h"

namespace agentmemdb {
namespace {

// A repair begins when so many nodes are dead, and this part of all.
constexpr uint32_t kDeadMin = 32, kDeadShare = 10;
// One that looks for unreachable nodes, when this part of all is new.
constexpr uint32_t kLinkedShare = 500;
constexpr uint32_t kStepsBetweenChecks = 16;
constexpr size_t kNodesBetweenChecks = 64;
constexpr double kEfGrowthMax = 4;
// A walk that met few of those allowed is made again with so many times the candidates, at most so often in all.
constexpr uint32_t kEfRaised = 4;
constexpr int kWalksMax = 3;
constexpr uint32_t kEfMin = 16;  // A smaller pool gets stuck, and saves nothing.
// Where a walk may stop early it keeps so many times the candidates, and looks as far as this part of ef usually lies. Then it finds
// what it would have found with ef candidates, or a little more, and compares a fifth to a third less: some queries need many
// candidates, most need fewer.
constexpr double kEfStopping = 1.5, kEfReach = 0.65;
constexpr uint32_t kStopAfterMin = 10;  // Of fewer nearest the distance varies too much.
// Where so few are allowed their vectors are compared themselves.
constexpr uint32_t kFewAllowed = 500;
// From this part on a walk meets enough of what is allowed on its way.
constexpr double kWalkShare = 0.2;

}  // namespace

struct HnswIndex::Hunt {
  const VectorSearch& search;
  const CancelToken& cancel;
  CodeTarget target;
  uint32_t allowed;  // vectors that may be found
  VectorSearchResult result;
  std::vector<Candidate> candidates = {};
};

HnswIndex::HnswIndex(Metric metric, uint32_t dimensions, const HnswConfig& config)
    : metric_(metric),
      config_(config),
      flat_(metric, dimensions),
      format_(dimensions),
      nodes_(config.m, format_.code_bytes(), format_.sketch_bytes()),
      distances_(metric, &format_, &nodes_),
      linker_(&nodes_, &distances_, config.ef_construction),
      repair_(&nodes_, &distances_) {}

void HnswIndex::Reserve(uint32_t bound, uint32_t adds) {
  flat_.Reserve(bound, adds);
  nodes_.Reserve(bound);
  nodes_linked_.Reserve(bound);
  if (bound > tail_position_.size()) tail_position_.resize(bound);
  if (const size_t consumed = tail_head_ + tail_holes_; consumed > 1024 && consumed > tail_.size() / 2)
    DropConsumedTail();
  // Geometric growth: reserving exactly would copy the tail with every commit.
  if (const size_t wanted = tail_.size() + adds; wanted > tail_.capacity())
    tail_.reserve(std::max(wanted, tail_.capacity() * 2));
}

// Keeps marks right: the entries dropped count as passed. A batch that is being linked stays where it is.
void HnswIndex::DropConsumedTail() {
  if (batch_end_ > tail_head_) return;
  size_t kept = 0;
  for (size_t i = tail_head_; i < tail_.size(); ++i) {
    const uint32_t slot = tail_[i];
    if (slot == kNoSlot) continue;
    tail_[kept] = slot;
    tail_position_[slot] = static_cast<uint32_t>(kept++);
  }
  tail_base_ += tail_.size() - kept;
  tail_.resize(kept);
  tail_head_ = 0;
  batch_end_ = 0;
  tail_holes_ = 0;
}

void HnswIndex::Stage(Slot slot, VectorView vector) {
  flat_.Stage(slot, vector);
  WriteCode(format_, vector.data(), ToInt(slot), &nodes_);
}

void HnswIndex::Add(Slot slot) {
  flat_.Add(slot);
  nodes_.Links(ToInt(slot), 0).SetDeleted(false);
  tail_position_[ToInt(slot)] = static_cast<uint32_t>(tail_.size());
  tail_.push_back(ToInt(slot));
}

bool HnswIndex::Remove(Slot slot) {
  flat_.Remove(slot);
  const uint32_t position = tail_position_[ToInt(slot)];
  if (position != kLinked) {
    tail_[position] = kNoSlot;
    ++tail_holes_;
    if (position >= batch_end_) return true;
  }
  nodes_.Links(ToInt(slot), 0).SetDeleted(true);
  ++dead_;
  return false;
}

Result<VectorSearchResult> HnswIndex::Search(const VectorSearch& search, const CancelToken& cancel) const {
  const uint32_t allowed = flat_.CountAllowed(search.allowed);
  return SearchBy(Choose(search, allowed), search, allowed, cancel);
}

Result<VectorSearchResult> HnswIndex::SearchBy(Strategy strategy, const VectorSearch& search, uint32_t allowed,
                                               const CancelToken& cancel) const {
  if (strategy == Strategy::kExact) return flat_.Search(search, cancel);
  const size_t head = tail_head_.load(std::memory_order_acquire);  // First: what is linked meanwhile is in both.
  CodeQueryBuffer buffer(format_.query_bytes());
  const float norm = format_.MakeQuery(search.query.data(), &buffer.query);
  Hunt hunt{search, cancel, {buffer.query, norm}, allowed, {}};
  hunt.result.strategy = strategy;
  if (strategy == Strategy::kScan) {
    RETURN_IF_ERROR(ScanAllowed(&hunt));
  } else {
    hunt.result.ef = std::max(search.ef, search.k);
    RETURN_IF_ERROR(Walk(&hunt));
    RETURN_IF_ERROR(ScanTail(&hunt, head));
  }
  const int64_t start = MonotonicMicros();
  TopK best(search.k);
  hunt.result.rescored = Rescore(&hunt.candidates, distances_, hunt.target, flat_, search, &best);
  hunt.result.rescore_micros = MonotonicMicros() - start;
  hunt.result.neighbors = best.Take();
  // A walk promises near vectors, not all of them; the caller is promised min(k, allowed).
  if (hunt.result.neighbors.size() == std::min(search.k, allowed)) return std::move(hunt.result);
  if (search.allowed != nullptr && strategy != Strategy::kScan)
    return SearchBy(Strategy::kScan, search, allowed, cancel);
  return flat_.Search(search, cancel);
}

// The rule and its constants: what a scan of the codes costs against a walk, measured on 100,000 x 384 and 1,000,000 x 128.
Strategy HnswIndex::Choose(const VectorSearch& search, uint32_t allowed) const {
  if (search.exact || !WantsGraph()) return Strategy::kExact;
  if (search.allowed == nullptr) return Strategy::kGraph;
  if (allowed <= std::max(kFewAllowed, 2 * search.k)) return Strategy::kExact;
  const uint32_t ef = std::max(search.ef, search.k);
  const double share = static_cast<double>(allowed) / flat_.count();
  const double growth = std::sqrt(std::max(1.0, flat_.count() / 100'000.0));
  if (allowed <= (5000.0 + 250.0 * ef) * growth || share < 0.02) return Strategy::kScan;
  return share >= kWalkShare ? Strategy::kGraph : Strategy::kTwoHop;
}

Status HnswIndex::Walk(Hunt* hunt) const {
  if (nodes_.entry().level < 0) return {};
  const bool two_hop = hunt->result.strategy == Strategy::kTwoHop, filtered = hunt->search.allowed != nullptr;
  const double share = static_cast<double>(hunt->allowed) / flat_.count();
  const uint32_t nodes = linked_, alive = nodes - std::min(nodes, dead_.load());
  HnswWalk::Options options;
  double ef = hunt->result.ef, k = hunt->search.k;
  if (two_hop) {
    options.only = hunt->search.allowed;
    ef *= share >= 0.1 ? 1.6 : share >= 0.05 ? 2 : 3;
  } else {
    // Of what is found a part will not be allowed, or is dead: how large a part varies, the more the fewer there are.
    const double growth =
        std::min(kEfGrowthMax, std::max(1.0, 1.0 * nodes) / std::max(1.0, 1.0 * alive) / std::max(share, 0.01));
    if (growth > 1) {
      k = growth * (k + 3 * std::sqrt(k) + 4);
      ef = std::ceil(std::max(growth * ef, k));
    }
  }
  options.ef = std::max(kEfMin, static_cast<uint32_t>(ef));
  if (!filtered) StopEarly(static_cast<uint32_t>(k), &options);

  const uint32_t wanted = filtered ? hunt->result.ef / 2 : std::min(hunt->search.k, alive);
  for (int walks = 1;; ++walks) {
    uint32_t passing = 0;
    RETURN_IF_ERROR(WalkOnce(hunt, options, &passing));
    // What may be found can be farther from here than the rest, and then little of it is among the nearest.
    if (two_hop || passing >= wanted || walks == kWalksMax) return {};
    options.ef *= kEfRaised;
    options.k = 0;
    hunt->candidates.clear();
  }
}

void HnswIndex::StopEarly(uint32_t k, HnswWalk::Options* options) const {
  const float growth = linker_.distance_growth();
  if (growth == 0) return;
  options->k = std::max(kStopAfterMin, k);
  const double beyond = kEfReach * options->ef / options->k;
  options->reach = static_cast<float>(std::max(1.0, std::pow(beyond, growth)));
  options->ef = std::max(options->k, static_cast<uint32_t>(kEfStopping * options->ef));
}

Status HnswIndex::WalkOnce(Hunt* hunt, const HnswWalk::Options& options, uint32_t* passing) const {
  thread_local HnswWalk walk;
  const uint32_t from = DescendTo(0, distances_, hunt->target, false);
  walk.Begin(distances_, hunt->target, std::span(&from, 1), options);
  for (uint32_t steps = 1; walk.Step(); ++steps) {
    if (steps % kStepsBetweenChecks == 0) RETURN_IF_ERROR(hunt->cancel.Check());
  }
  hunt->result.visited += walk.visited();
  // Nearest first: what comes after the first ones would not be compared again.
  const size_t most = RescoringPlan(hunt->search.k, format_.planes()).codes;
  for (const Candidate& candidate : walk.found()) {
    if (!MayBeFound(hunt->search, candidate.node)) continue;
    if (hunt->candidates.size() < most) hunt->candidates.push_back(candidate);
    *passing += candidate.raw <= walk.limit();
  }
  return {};
}

Status HnswIndex::ScanTail(Hunt* hunt, size_t head) const {
  if (head == tail_.size()) return {};
  TopK nearest(4 * hunt->search.k);
  RETURN_IF_ERROR(Scan(hunt, std::span(tail_).subspan(head), &nearest));
  for (const Neighbor& neighbor : nearest.Take()) hunt->candidates.push_back({neighbor.raw, ToInt(neighbor.slot)});
  return {};
}

Status HnswIndex::ScanAllowed(Hunt* hunt) const {
  TopK nearest(static_cast<uint32_t>(RescoringPlan(hunt->search.k, format_.planes()).codes));
  thread_local std::vector<uint32_t> nodes;
  nodes.clear();
  hunt->search.allowed->ForEach([&](Slot slot) { nodes.push_back(ToInt(slot)); });
  RETURN_IF_ERROR(Scan(hunt, nodes, &nearest));
  for (const Neighbor& neighbor : nearest.Take()) hunt->candidates.push_back({neighbor.raw, ToInt(neighbor.slot)});
  return {};
}

Status HnswIndex::Scan(Hunt* hunt, std::span<const uint32_t> nodes, TopK* nearest) const {
  std::array<uint32_t, kNodesBetweenChecks> found;
  std::array<float, kNodesBetweenChecks> raws;
  while (!nodes.empty()) {
    RETURN_IF_ERROR(hunt->cancel.Check());
    const size_t some = std::min(nodes.size(), kNodesBetweenChecks);
    size_t n = 0;
    for (const uint32_t node : nodes.first(some)) {
      if (node == kNoSlot || !MayBeFound(hunt->search, node)) continue;
      found[n++] = node;
    }
    nodes = nodes.subspan(some);
    hunt->result.scanned += static_cast<uint32_t>(n);
    // What the next round begins with is on its way during this one.
    if (distances_.sketched()) {
      for (const uint32_t node : nodes.first(std::min(nodes.size(), kNodesBetweenChecks))) {
        if (node != kNoSlot) distances_.PrefetchSketch(node);
      }
      if (nearest->full()) n = distances_.DropFar(hunt->target, nearest->Bound(), std::span(found).first(n));
    }
    for (size_t i = 0; i < n; ++i) distances_.Prefetch(found[i], false);
    distances_.Compare(hunt->target, false, std::span(found).first(n), raws.data());
    for (size_t i = 0; i < n; ++i) {
      if (raws[i] <= nearest->Bound()) nearest->Offer({raws[i], Slot{found[i]}, hunt->search.rows[found[i]]});
    }
  }
  return {};
}

void HnswIndex::TakeFreed(std::vector<Slot>* slots) {
  slots->insert(slots->end(), freed_.begin(), freed_.end());
  freed_.clear();
}

Result<bool> HnswIndex::LinkSome(bool thorough) {
  if (!WantsGraph()) return false;
  return Advance(thorough ? Goal::kThorough : Goal::kLinked);
}

Result<bool> HnswIndex::SettleSome() { return Advance(Goal::kSettled); }

Result<bool> HnswIndex::TidySome() { return Advance(Goal::kTidy); }

Result<bool> HnswIndex::Advance(Goal goal) {
  try {
    switch (linker_.Work()) {
      case HnswLinker::Progress::kWorked:
        return true;
      case HnswLinker::Progress::kOthersWork:
        GiveWay();
        return true;
      case HnswLinker::Progress::kDone:
        return BeginNext(goal);
    }
  } catch (const std::bad_alloc&) {
    return Status(Code::kLimit, "out of memory while linking");
  }
  return false;
}

bool HnswIndex::BeginNext(Goal goal) {
  std::unique_lock guard(link_mutex_, std::try_to_lock);
  if (!guard) {  // Another thread is at it.
    if (!repair_.Help()) GiveWay();
    return true;
  }
  if (linker_.busy()) return true;
  if (repair_.busy()) {
    repair_.Work();
    if (repair_.busy()) return true;
    EndRepair();
    return IsShortOf(goal);
  }
  EndBatch();
  if (!IsShortOf(goal)) return false;
  if (goal == Goal::kTidy || WantsRepair(goal == Goal::kThorough)) {
    repair_.Begin(nodes_linked_);
    repairing_ = true;
    return true;
  }
  return BeginBatch();
}

bool HnswIndex::IsShortOf(Goal goal) const {
  switch (goal) {
    case Goal::kSettled:
      return false;
    case Goal::kTidy:
      return dead_ > 0;
    case Goal::kLinked:
      return HasUnlinked();
    case Goal::kThorough:
      return HasUnlinked() || WantsRepair(true);
  }
  return false;
}

void HnswIndex::EndBatch() {
  for (size_t i = tail_head_; i < batch_end_; ++i) tail_holes_ -= tail_[i] == kNoSlot;
  for (const uint32_t node : batch_) {
    tail_position_[node] = kLinked;
    nodes_linked_.Add(Slot{node});
  }
  linked_ += static_cast<uint32_t>(batch_.size());
  linked_since_repair_ += static_cast<uint32_t>(batch_.size());
  changes_ += batch_.size();
  batch_.clear();
  tail_head_.store(batch_end_, std::memory_order_release);
}

bool HnswIndex::BeginBatch() {
  const uint32_t most = HnswLinker::BatchMax(linked_);
  size_t end = batch_end_;
  for (; end < tail_.size() && batch_.size() < most; ++end) {
    if (tail_[end] != kNoSlot) batch_.push_back(tail_[end]);
  }
  try {
    linker_.Begin(batch_);
  } catch (const std::bad_alloc&) {
    batch_.clear();
    throw;
  }
  batch_end_ = end;
  return batch_end_ > tail_head_;
}

// When many are dead; and when all is linked, after so many new ones that it pays to see whether all can be reached.
bool HnswIndex::WantsRepair(bool thorough) const {
  if (dead_ >= std::max(kDeadMin, linked_ / kDeadShare)) return true;
  return tail_head_ == tail_.size() && linked_since_repair_ > (thorough ? 0 : linked_ / kLinkedShare);
}

void HnswIndex::EndRepair() {
  uint32_t removed = 0;
  freed_.reserve(freed_.size() + repair_.removed().Count());
  repair_.removed().ForEach([&](Slot slot) {
    nodes_linked_.Remove(slot);
    freed_.push_back(slot);
    ++removed;
  });
  linked_ -= removed;
  dead_ -= removed;
  linked_since_repair_ = 0;
  changes_ += removed + 1;
  repairing_ = false;
}

bool HnswIndex::HasUnlinked() const {
  return WantsGraph() && (tail_head_ < tail_.size() || repairing_ || WantsRepair(false));
}

uint64_t HnswIndex::LinkedMark() const { return tail_base_ + (WantsGraph() ? tail_head_.load() : tail_.size()); }

bool HnswIndex::IsLinked(uint64_t mark) const {
  return LinkedMark() >= mark && !(WantsGraph() && (repairing_ || WantsRepair(true)));
}

VectorIndexCheck HnswIndex::Check() const {
  VectorIndexCheck check = CheckGraph(nodes_, nodes_linked_);
  if (!IsLinked(AddedMark())) check.unreachable = 0;  // Repair looks for them.
  return check;
}

VectorIndexStats HnswIndex::stats() const {
  VectorIndexStats stats = flat_.stats();
  if (WantsGraph()) stats.tail = static_cast<uint32_t>(tail_.size() - tail_head_) - tail_holes_;
  stats.slots = nodes_.bound();
  stats.deleted = dead_;
  stats.linked = std::max(linked_.load(), stats.deleted) - stats.deleted;
  stats.memory_bytes +=
      nodes_.memory_bytes() + tail_.capacity() * sizeof(uint32_t) + tail_position_.capacity() * sizeof(uint32_t);
  return stats;
}

}  // namespace agentmemdb
