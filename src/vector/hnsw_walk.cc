#include "vector/hnsw_walk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace agentmemdb {
namespace {

constexpr size_t kExpandedTogether = 4;
constexpr size_t kTwoHopMax = 64;  // Nodes gathered around one that is expanded, of those allowed.
constexpr size_t kCompareMax = 64;
constexpr size_t kLinkBytes = 2 * kCacheLineBytes;  // Of a list; few are longer.
// How many standard deviations a sketch may be wrong. At 1.5 walks find what they found without sketches, and read a third
// of the codes; at 1 they need a larger ef.
constexpr float kSketchDoubt = 1.5f;
// The same of a code, of two of which the farther one seems the nearer.
constexpr float kCodeDoubt = 2;

}  // namespace

void WriteCode(const CodeFormat& format, const float* vector, uint32_t node, HnswNodes* nodes) {
  nodes->set_norm(node, format.Encode(vector, nodes->Code(node)));
  format.MakeSketch(nodes->Code(node), nodes->Sketch(node));
}

void CodeDistances::Compare(const CodeTarget& target, bool fine, std::span<const uint32_t> nodes, float* raws) const {
  const CodeQuery& query = target.query;
  const float scale = fine ? query.fine_scale : query.coarse_scale;
  const float offset = fine ? query.fine_offset : query.coarse_offset;
  std::array<const uint8_t*, kCompareMax> codes;
  std::array<int32_t, kCompareMax> dots;
  while (!nodes.empty()) {
    const size_t n = std::min(nodes.size(), kCompareMax);
    for (size_t i = 0; i < n; ++i) codes[i] = nodes_->Code(nodes[i]);
    if (fine)
      format_->FineDots(query, codes.data(), n, dots.data());
    else
      format_->CoarseDots(query, codes.data(), n, dots.data());
    for (size_t i = 0; i < n; ++i) raws[i] = -scale * (static_cast<float>(dots[i]) - offset);
    if (metric_ != Metric::kCosine) {
      const bool unit = nodes_->unit();
      for (size_t i = 0; i < n; ++i) {
        const float norm = unit ? 1 : nodes_->Norm(nodes[i]);
        raws[i] *= target.norm * norm;
        if (metric_ == Metric::kL2) raws[i] = target.norm * target.norm + norm * norm + 2 * raws[i];
      }
    }
    nodes = nodes.subspan(n);
    raws += n;
  }
}

float CodeDistances::CosineFor(const CodeTarget& target, float bound, float norm) const {
  switch (metric_) {
    case Metric::kCosine:
      return -bound;
    case Metric::kIp:
      return -bound / (target.norm * norm);
    case Metric::kL2:
      break;
  }
  return (target.norm * target.norm + norm * norm - bound) / (2 * target.norm * norm);
}

size_t CodeDistances::DropFar(const CodeTarget& target, float bound, std::span<uint32_t> nodes) const {
  const CodeQuery& query = target.query;
  const float doubt = kSketchDoubt * format_->sketch_error();
  const auto least_sum = [&](float norm) {
    const float cosine = CosineFor(target, bound, norm), square = cosine * cosine;
    // The last term: how large a query's numbers are on average differs by query, which shows where vectors are nearly the same.
    const float least = cosine - doubt * std::sqrt(std::max(0.0f, 1 - square + square * std::min(1.0f, square) / 2));
    return least / query.sketch_scale + query.sketch_offset;
  };
  const bool unit = metric_ == Metric::kCosine || nodes_->unit();
  const float least = unit ? least_sum(1) : 0;
  std::array<const uint8_t*, kCompareMax> sketches;
  std::array<int32_t, kCompareMax> sums;
  size_t kept = 0;
  for (size_t begin = 0; begin < nodes.size(); begin += kCompareMax) {
    const size_t n = std::min(nodes.size() - begin, kCompareMax);
    for (size_t i = 0; i < n; ++i) sketches[i] = nodes_->Sketch(nodes[begin + i]);
    format_->SketchSums(query, sketches.data(), n, sums.data());
    for (size_t i = 0; i < n; ++i) {
      const uint32_t node = nodes[kept] = nodes[begin + i];
      // Not the other way round: what is no number is not far.
      kept += !(static_cast<float>(sums[i]) < (unit ? least : least_sum(nodes_->Norm(node))));
    }
  }
  return kept;
}

float CodeDistances::RawScale(const CodeTarget& target) const {
  switch (metric_) {
    case Metric::kCosine:
      return 1;
    case Metric::kIp:
      return nodes_->unit() ? target.norm : 0;
    case Metric::kL2:
      break;
  }
  return 2 * target.norm * target.norm;
}

float CodeDistances::FartherBy(float ratio, const CodeTarget& target, float raw) const {
  const float scale = RawScale(target);
  if (scale == 0) return std::numeric_limits<float>::infinity();
  const float farther = (ratio * ratio - 1) * HalfSquared(scale, raw);
  return raw + scale * std::max(farther, kCodeDoubt * format_->coarse_error());
}

float CodeDistances::RatioOf(const CodeTarget& target, float near, float far) const {
  const float scale = RawScale(target);
  if (scale == 0) return 0;
  const float squared = HalfSquared(scale, far) / HalfSquared(scale, near);
  return std::isfinite(squared) && squared > 0 ? std::sqrt(squared) : 0;
}

void HnswWalk::Begin(const CodeDistances& distances, const CodeTarget& target, std::span<const uint32_t> from,
                     const Options& options) {
  distances_ = &distances;
  target_ = &target;
  options_ = options;
  visited_count_ = 0;
  limit_ = std::numeric_limits<float>::infinity();
  pool_.Reset(options.ef);
  visited_.assign((static_cast<size_t>(distances.nodes().bound()) + 63) / 64, 0);
  collected_.clear();
  for (const uint32_t node : from) {
    if (FirstVisit(node)) collected_.push_back(node);
  }
  Take();
}

bool HnswWalk::Step() {
  collected_.clear();
  uint32_t node;
  for (size_t expanded = 0; expanded < kExpandedTogether && pool_.Expand(&node); ++expanded) {
    if (options_.only == nullptr)
      Collect(node);
    else
      CollectAllowed(node);
  }
  Take();
  if (!pool_.HasNext(limit_)) {
    pool_.CopyTo(&found_);
    return false;
  }
  // Where the next step begins.
  pool_.PeekNext(kExpandedTogether, [this](uint32_t next) { PrefetchLinks(next); });
  return true;
}

void HnswWalk::PrefetchLinks(uint32_t node) const {
  PrefetchBytes(distances_->nodes().Links(node, options_.level).words(), kLinkBytes);
}

bool HnswWalk::FirstVisit(uint32_t node) {
  uint64_t& word = visited_[node / 64];
  const uint64_t bit = uint64_t{1} << (node % 64);
  const bool first = (word & bit) == 0;
  word |= bit;
  return first;
}

void HnswWalk::Collect(uint32_t node) {
  const LinkList links = distances_->nodes().Links(node, options_.level);
  const uint32_t count = links.count();
  size_t n = collected_.size();
  collected_.resize(n + count);
  // Written every time, kept when it is new: no branch to mispredict.
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t link = links[i];
    collected_[n] = link;
    n += FirstVisit(link);
  }
  if (distances_->sketched()) {
    for (size_t i = collected_.size() - count; i < n; ++i) distances_->PrefetchSketch(collected_[i]);
  } else {
    for (size_t i = collected_.size() - count; i < n; ++i) distances_->Prefetch(collected_[i], options_.fine);
  }
  collected_.resize(n);
}

// ACORN's two hops (Patel and others 2024): the neighbours of a node that is not allowed stand in for it.
void HnswWalk::CollectAllowed(uint32_t node) {
  const size_t most = collected_.size() + kTwoHopMax;
  const LinkList links = distances_->nodes().Links(node, options_.level);
  blocked_.clear();
  for (uint32_t i = 0, count = links.count(); i < count; ++i) {
    const uint32_t link = links[i];
    if (!FirstVisit(link)) continue;
    (options_.only->Contains(Slot{link}) ? collected_ : blocked_).push_back(link);
  }
  for (const uint32_t blocked : blocked_) {
    const LinkList further = distances_->nodes().Links(blocked, options_.level);
    for (uint32_t i = 0, count = further.count(); i < count; ++i) {
      if (collected_.size() >= most) return;
      const uint32_t link = further[i];
      if (options_.only->Contains(Slot{link}) && FirstVisit(link)) collected_.push_back(link);
    }
  }
}

void HnswWalk::Sift() {
  // Until the pool is full nothing is too far, but for what is out of reach.
  const float bound = pool_.full() ? std::min(limit_, pool_.bound_raw()) : limit_;
  if (std::isfinite(bound)) collected_.resize(distances_->DropFar(*target_, bound, collected_));
  for (const uint32_t node : collected_) distances_->Prefetch(node, options_.fine);
}

void HnswWalk::Take() {
  visited_count_ += static_cast<uint32_t>(collected_.size());
  if (distances_->sketched()) Sift();
  const size_t n = collected_.size();
  raws_.resize(n);
  near_.resize(n);
  distances_->Compare(*target_, options_.fine, collected_, raws_.data());
  // As in Collect, written every time and kept when it is near enough.
  size_t kept = 0;
  const CandidatePool::Key bound = std::min(pool_.bound(), CandidatePool::KeyOf({limit_, 0}));
  for (size_t i = 0; i < n; ++i) {
    near_[kept] = CandidatePool::KeyOf({raws_[i], collected_[i]});
    kept += near_[kept] < bound;
  }
  for (size_t i = 0; i < kept; ++i) {
    if (pool_.Insert(near_[i])) PrefetchLinks(CandidatePool::NodeOf(near_[i]));
  }
  if (options_.k > 0 && pool_.Has(options_.k - 1))
    limit_ = distances_->FartherBy(options_.reach, *target_, pool_.RawAt(options_.k - 1));
}

uint32_t DescendTo(int level, const CodeDistances& distances, const CodeTarget& target, bool fine) {
  const HnswNodes& nodes = distances.nodes();
  const HnswNodes::Entry entry = nodes.entry();
  uint32_t here = entry.node;
  float nearest;
  distances.Compare(target, fine, std::span(&here, 1), &nearest);
  std::vector<uint32_t> links;
  std::vector<float> raws;
  for (int above = entry.level; above > level; --above) {
    for (bool moved = true; moved;) {
      moved = false;
      const LinkList list = nodes.Links(here, above);
      links.resize(list.count());
      raws.resize(links.size());
      for (uint32_t i = 0; i < links.size(); ++i) {
        links[i] = list[i];
        distances.Prefetch(links[i], fine);
      }
      distances.Compare(target, fine, links, raws.data());
      for (size_t i = 0; i < links.size(); ++i) {
        if (raws[i] >= nearest) continue;
        nearest = raws[i];
        here = links[i];
        moved = true;
      }
    }
  }
  return here;
}

}  // namespace agentmemdb
