// How a search goes about it: compares with everything, scans codes, or walks the graph.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.h"
#include "vector/hnsw_index.h"
#include "vector/rescoring.h"

namespace agentmemdb {
namespace {

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
constexpr double kEfStopping = 1.5, kEfReach = 0.8;
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
  thread_local std::vector<uint32_t> nodes;
  nodes.clear();
  for (const uint32_t node : std::span(tail_).subspan(head)) {
    if (node != kNoSlot && MayBeFound(hunt->search, node)) nodes.push_back(node);
  }
  return Scan(hunt, nodes, 4 * hunt->search.k);
}

Status HnswIndex::ScanAllowed(Hunt* hunt) const {
  thread_local std::vector<uint32_t> nodes;
  nodes.clear();
  hunt->search.allowed->ForEach([&](Slot slot) {
    if (flat_.Has(slot)) nodes.push_back(ToInt(slot));
  });
  return Scan(hunt, nodes, static_cast<uint32_t>(RescoringPlan(hunt->search.k, format_.planes()).codes));
}

Status HnswIndex::Scan(Hunt* hunt, std::span<uint32_t> nodes, uint32_t most) const {
  TopK nearest(most);
  std::array<float, kNodesBetweenChecks> raws;
  while (!nodes.empty()) {
    RETURN_IF_ERROR(hunt->cancel.Check());
    std::span<uint32_t> some = nodes.first(std::min(nodes.size(), kNodesBetweenChecks));
    nodes = nodes.subspan(some.size());
    hunt->result.scanned += static_cast<uint32_t>(some.size());
    // What the next round begins with is on its way during this one.
    if (distances_.sketched()) {
      for (const uint32_t node : nodes.first(std::min(nodes.size(), kNodesBetweenChecks)))
        distances_.PrefetchSketch(node);
      if (nearest.full()) some = some.first(distances_.DropFar(hunt->target, nearest.Bound(), some));
    }
    for (const uint32_t node : some) distances_.Prefetch(node, false);
    distances_.Compare(hunt->target, false, some, raws.data());
    for (size_t i = 0; i < some.size(); ++i) {
      if (raws[i] <= nearest.Bound()) nearest.Offer({raws[i], Slot{some[i]}, hunt->search.rows[some[i]]});
    }
  }
  for (const Neighbor& neighbor : nearest.Take()) hunt->candidates.push_back({neighbor.raw, ToInt(neighbor.slot)});
  return {};
}

}  // namespace agentmemdb
