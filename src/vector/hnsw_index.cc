#include "vector/hnsw_index.h"

#include <algorithm>

#include "base/clock.h"

namespace agentmemdb {
namespace {

// A repair begins when so many nodes are dead, and this part of all.
constexpr uint32_t kDeadMin = 32, kDeadShare = 10;
// One that looks for unreachable nodes, when this part of all is new.
constexpr uint32_t kLinkedShare = 500;

}  // namespace

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
  tail_places_.Grow(bound * sizeof(uint32_t));
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
    tail_[kept++] = slot;
    TailPlace(slot) = static_cast<uint32_t>(kept);
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
  tail_.push_back(ToInt(slot));
  TailPlace(ToInt(slot)) = static_cast<uint32_t>(tail_.size());
}

bool HnswIndex::Remove(Slot slot) {
  flat_.Remove(slot);
  const uint32_t place = TailPlace(ToInt(slot));
  if (place != 0) {
    tail_[place - 1] = kNoSlot;
    ++tail_holes_;
    if (place > batch_end_) return true;
  }
  nodes_.Links(ToInt(slot), 0).SetDeleted(true);
  ++dead_;
  return false;
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
    TailPlace(node) = 0;
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
  stats.memory_bytes += nodes_.memory_bytes() + (tail_.capacity() + nodes_.bound()) * sizeof(uint32_t);
  return stats;
}

}  // namespace agentmemdb
