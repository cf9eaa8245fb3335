#include "vector/hnsw_repair.h"

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"
#include "vector/hnsw_links.h"

namespace agentmemdb {
namespace {

constexpr int kNodesAPiece = 64;
constexpr size_t kAroundMax = 256;  // living nodes looked at to replace dead ones
constexpr size_t kDeadMax = 64;     // dead nodes looked through for them
constexpr uint32_t kAttachEf = 64;

}  // namespace

void HnswRepair::Begin(IdSet linked) {
  alive_ = IdSet();
  dead_ = IdSet();
  reached_ = IdSet();
  alive_.Reserve(static_cast<uint32_t>(linked.Bound()));
  dead_.Reserve(static_cast<uint32_t>(linked.Bound()));
  reached_.Reserve(static_cast<uint32_t>(linked.Bound()));
  linked.ForEach([this](Slot slot) { (nodes_->IsDeleted(ToInt(slot)) ? dead_ : alive_).Add(slot); });
  {
    const std::lock_guard guard(looking_);
    hard_.assign((linked.Bound() + 63) / 64, 0);
    words_claimed_ = words_done_ = hard_.size();  // Nothing to help with yet.
  }
  border_.clear();
  attached_ = 0;
  next_ = Slot{0};
  phase_ = Phase::kUnlink;
}

void HnswRepair::Work() {
  for (int i = 0; i < kNodesAPiece && phase_ == Phase::kUnlink; ++i) {
    const std::optional<Slot> node = alive_.Next(next_);
    if (node) {
      Unlink(ToInt(*node));
      next_ = Slot{ToInt(*node) + 1};
    } else {
      ChooseEntry();
      BeginLevel(nodes_->entry().level);
    }
  }
  if (phase_ == Phase::kLook) {
    if (Help()) return;
    if (!HasLooked()) return GiveWay();  // Others are at the rest.
    phase_ = Phase::kReach;
  }
  for (int i = 0; i < kNodesAPiece && phase_ == Phase::kReach; ++i) {
    if (border_.empty()) {
      phase_ = Phase::kAttach;
    } else {
      const uint32_t node = border_.back();
      border_.pop_back();
      Reach(node);
    }
  }
  if (phase_ == Phase::kAttach) AttachNext();
}

void HnswRepair::BeginLevel(int level) {
  level_ = level;
  phase_ = Phase::kIdle;
  if (level < 0) return;
  BeginWalk();
  if (level == 0) BeginLooking();
}

void HnswRepair::BeginWalk() {
  phase_ = Phase::kReach;
  walk_again_ = false;
  next_ = Slot{0};
  reached_.Clear();
  reached_.Add(Slot{nodes_->entry().node});
  border_.assign(1, nodes_->entry().node);
}

void HnswRepair::BeginLooking() {
  const std::lock_guard guard(looking_);
  words_claimed_ = words_done_ = 0;
  phase_ = Phase::kLook;
}

bool HnswRepair::HasLooked() {
  const std::lock_guard guard(looking_);
  return words_done_ == hard_.size();
}

bool HnswRepair::Help() {
  size_t word;
  {
    const std::lock_guard guard(looking_);
    if (words_claimed_ == hard_.size()) return false;
    word = words_claimed_++;
  }
  hard_[word] = LookAt(word);
  const std::lock_guard guard(looking_);
  ++words_done_;
  return true;
}

uint64_t HnswRepair::LookAt(size_t word) const {
  uint64_t hard = 0;
  try {
    for (uint32_t bit = 0; bit < 64; ++bit) {
      const auto node = static_cast<uint32_t>(word * 64 + bit);
      if (alive_.Contains(Slot{node}) && IsHardToFind(node)) hard |= uint64_t{1} << bit;
    }
  } catch (const std::bad_alloc&) {
    hard = UINT64_MAX;  // Walks will tell.
  }
  return hard;
}

// The next node that is alive and was not reached, or is hard to find. What it leads to is reached from it.
void HnswRepair::AttachNext() {
  const auto passed = [this](Slot slot) {
    return nodes_->LevelOf(ToInt(slot)) < level_ || (reached_.Contains(slot) && !IsHard(slot));
  };
  std::optional<Slot> node = alive_.Next(next_);
  for (int looked = 0; node && passed(*node); node = alive_.Next(next_)) {
    next_ = Slot{ToInt(*node) + 1};
    if (++looked == kNodesAPiece) return;  // The next piece goes on there.
  }
  if (!node) {
    if (!walk_again_) return BeginLevel(level_ - 1);
    std::fill(hard_.begin(), hard_.end(), 0);
    return BeginWalk();
  }
  AttachReachable(ToInt(*node));
  next_ = Slot{ToInt(*node) + 1};
  phase_ = Phase::kReach;
}

bool HnswRepair::IsHardToFind(uint32_t node) const {
  const std::vector<uint32_t> links = LinksOf(*nodes_, node, 0);
  if (links.empty()) return false;
  const std::vector<uint32_t> back = LinksOf(*nodes_, NearestOne(*distances_, node, links), 0);
  return std::find(back.begin(), back.end(), node) == back.end();
}

void HnswRepair::Unlink(uint32_t node) {
  for (int level = nodes_->LevelOf(node); level >= 0; --level) UnlinkLevel(node, level);
}

void HnswRepair::UnlinkLevel(uint32_t node, int level) {
  if (dead_.empty()) return;
  const std::vector<uint32_t> links = LinksOf(*nodes_, node, level);
  const auto is_dead = [this](uint32_t link) { return dead_.Contains(Slot{link}); };
  if (std::none_of(links.begin(), links.end(), is_dead)) return;
  std::vector<uint32_t> kept = links;
  std::erase_if(kept, is_dead);
  // As many come as went; choosing all of them anew would thin out lists that were never full.
  const std::vector<Candidate> candidates = NearestOf(*distances_, node, LivingAround(node, level));
  for (const uint32_t chosen : ChooseNeighbors(*distances_, candidates, nodes_->LinksMax(level))) {
    if (kept.size() == links.size()) break;
    if (std::find(kept.begin(), kept.end(), chosen) == kept.end()) kept.push_back(chosen);
  }
  nodes_->Links(node, level).Assign(kept);
}

std::vector<uint32_t> HnswRepair::LivingAround(uint32_t node, int level) const {
  std::vector<uint32_t> living, dead;
  const auto look = [&](uint32_t at) {
    for (const uint32_t link : LinksOf(*nodes_, at, level)) {
      if (link == node) continue;
      if (!dead_.Contains(Slot{link}))
        living.push_back(link);
      else if (dead.size() < kDeadMax && std::find(dead.begin(), dead.end(), link) == dead.end())
        dead.push_back(link);
    }
  };
  look(node);
  for (size_t i = 0; i < dead.size() && living.size() < kAroundMax; ++i) look(dead[i]);
  return living;
}

// A living node of the highest level there is.
void HnswRepair::ChooseEntry() {
  HnswNodes::Entry entry = nodes_->entry();
  if (entry.level >= 0 && !alive_.Contains(Slot{entry.node})) {
    entry = {};
    alive_.ForEach([&](Slot slot) {
      if (const int level = nodes_->LevelOf(ToInt(slot)); level > entry.level) entry = {ToInt(slot), level};
    });
    nodes_->set_entry(entry);
  }
}

void HnswRepair::Reach(uint32_t node) {
  for (const uint32_t link : LinksOf(*nodes_, node, level_)) {
    if (reached_.Contains(Slot{link})) continue;
    reached_.Add(Slot{link});
    border_.push_back(link);
  }
}

void HnswRepair::AttachReachable(uint32_t node) {
  CodeQueryBuffer buffer(distances_->format().query_bytes());
  const CodeTarget target = distances_->TargetOf(node, buffer.query.values);
  std::span<const Candidate> found = WalkFrom(DescendTo(level_, *distances_, target, true), target);
  const auto is_node = [node](const Candidate& candidate) { return candidate.node == node; };
  if (reached_.Contains(Slot{node}) && std::any_of(found.begin(), found.end(), is_node)) return;
  const auto is_reached = [&](const Candidate& candidate) {
    return !is_node(candidate) && reached_.Contains(Slot{candidate.node});
  };
  auto nearest = std::find_if(found.begin(), found.end(), is_reached);
  if (nearest == found.end()) {  // On the way down it came to what cannot be reached on this level, itself perhaps.
    found = WalkFrom(nodes_->entry().node, target);
    nearest = std::find_if(found.begin(), found.end(), is_reached);
  }
  CHECK(nearest != found.end());
  std::optional<uint32_t> lost = Attach(nodes_, node, level_, nearest->node);
  if (lost) lost = Attach(nodes_, *lost, level_, node);  // It is reached through this node instead.
  // Others were reached without this node, unless it was reached itself.
  walk_again_ |= lost && reached_.Contains(Slot{node});
  ++attached_;
  reached_.Add(Slot{node});
  border_.push_back(node);
}

std::span<const Candidate> HnswRepair::WalkFrom(uint32_t from, const CodeTarget& target) const {
  thread_local HnswWalk walk;
  walk.Begin(*distances_, target, std::span(&from, 1), {level_, kAttachEf, true, nullptr});
  while (walk.Step()) {
  }
  return walk.found();
}

}  // namespace agentmemdb
