// Taking deleted nodes out of the graph, and seeing to it that every node can be reached: what keeps a graph good that changes
// for ever. A pass goes over all nodes: lists that name a deleted node are chosen anew, from what is left of them and from
// the deleted nodes' own neighbours. Then, level by level, a walk over everything from the entry finds nodes that cannot be
// reached, or hardly, and attaches them. Deleted nodes are not named anywhere then: their slots may be used again.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "base/id_set.h"
#include "vector/hnsw_walk.h"

namespace agentmemdb {

class HnswRepair {
 public:
  HnswRepair(HnswNodes* nodes, const CodeDistances* distances) : nodes_(nodes), distances_(distances) {}

  // Begins a pass over `linked`, every node of the graph; those of them that are deleted now are taken out.
  void Begin(IdSet linked);
  bool busy() const { return phase_ != Phase::kIdle; }
  // One small piece: tens to hundreds of microseconds. Threads: one at a time, and no linker beside it; searches may run.
  // May throw std::bad_alloc; the piece is done later then.
  void Work();
  // The same for any number of threads beside that one. False: there is nothing to help with.
  bool Help();

  // Of the last pass: the nodes taken out, and how many could not be reached.
  const IdSet& removed() const { return dead_; }
  uint32_t attached() const { return attached_; }

 private:
  enum class Phase { kIdle, kUnlink, kLook, kReach, kAttach };

  void Unlink(uint32_t node);
  void UnlinkLevel(uint32_t node, int level);
  // The living neighbours of a node, and of the dead ones among them.
  std::vector<uint32_t> LivingAround(uint32_t node, int level) const;
  void ChooseEntry();
  // Begins with a level, or ends the pass below level 0.
  void BeginLevel(int level);
  void BeginWalk();
  void Reach(uint32_t node);
  void AttachNext();
  // Fills hard_.
  void BeginLooking();
  bool HasLooked();
  uint64_t LookAt(size_t word) const;
  // Whether its nearest neighbour does not lead to it. So it goes with outliers: all their neighbours have chosen nearer ones, and
  // what leads to them may be so far away that a search for their own vector never looks there. A walk will tell.
  bool IsHardToFind(uint32_t node) const;
  bool IsHard(Slot slot) const { return level_ == 0 && (hard_[ToInt(slot) / 64] >> ToInt(slot) % 64 & 1) != 0; }
  void AttachReachable(uint32_t node);
  // What a walk over this level finds there. Until the next one of this thread.
  std::span<const Candidate> WalkFrom(uint32_t from, const CodeTarget& target) const;

  HnswNodes* nodes_;
  const CodeDistances* distances_;
  Phase phase_ = Phase::kIdle;
  IdSet alive_, dead_;
  int level_ = 0;  // of the walk
  IdSet reached_;
  Slot next_{0};                  // where the phase goes on
  std::vector<uint32_t> border_;  // reached, and not looked at yet
  uint32_t attached_ = 0;
  bool walk_again_ = false;  // Something reached may have lost its only link to one that was hard to find.

  std::mutex looking_;                         // Guards what follows.
  size_t words_claimed_ = 0, words_done_ = 0;  // of hard_
  std::vector<uint64_t> hard_;  // By slot: IsHardToFind. Each word is written by who claimed it; whole from kReach on.
};

}  // namespace agentmemdb
