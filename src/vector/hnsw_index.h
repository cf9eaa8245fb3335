// Approximate search: a graph over codes of the vectors (HNSW; Malkov and Yashunin 2018), and the vectors to compare the
// nearest again.
//
// A vector added is searchable at once: it waits in the tail, whose codes every search compares one by one, until LinkSome
// has put it into the graph. Below `min_size` vectors there is no graph, and every search is exact.
// A vector removed leaves a dead node behind if it was linked: walked through, never returned, and taken out by a repair of the
// graph when there are many. Its slot can be used again then.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "vector/flat_index.h"
#include "vector/hnsw_check.h"
#include "vector/hnsw_config.h"
#include "vector/hnsw_linker.h"
#include "vector/hnsw_repair.h"

namespace agentmemdb {

class HnswIndex final : public VectorIndex {
 public:
  HnswIndex(Metric metric, uint32_t dimensions, const HnswConfig& config);

  void Reserve(uint32_t bound, uint32_t adds) override;
  void Stage(Slot slot, VectorView vector) override;
  void Add(Slot slot) override;
  bool Remove(Slot slot) override;
  void TakeFreed(std::vector<Slot>* slots) override;
  Result<VectorSearchResult> Search(const VectorSearch& search, const CancelToken& cancel) const override;
  Result<bool> LinkSome(bool thorough) override;
  bool HasUnlinked() const override;
  uint64_t AddedMark() const override { return tail_base_ + tail_.size(); }
  uint64_t LinkedMark() const override;
  bool IsLinked(uint64_t mark) const override;
  VectorIndexStats stats() const override;
  bool Has(Slot slot) const override { return flat_.Has(slot); }
  float RawOf(VectorView query, Slot slot) const override { return flat_.RawOf(query, slot); }
  const float* VectorOf(Slot slot) const override { return flat_.VectorOf(slot); }
  bool IsFree(Slot slot) const override { return !flat_.Has(slot) && !nodes_linked_.Contains(slot); }
  // hnsw_image.cc
  bool WantsImage() const override { return WantsGraph() && flat_.count() > 0; }
  uint64_t changes() const override { return changes_; }
  Result<bool> SettleSome() override;
  Result<bool> TidySome() override;
  std::unique_lock<std::mutex> HoldStill() override;
  IndexParts Write() const override;
  bool Read(SectionReader* image, MappedFile vectors) override;
  std::shared_ptr<void> UseFile(MappedFile vectors, std::vector<uint32_t> crcs) override;
  bool VerifyFile() const override { return flat_.VerifyFile(); }
  bool damaged() const override { return flat_.damaged(); }
  bool Holds(Slot slot, VectorView vector) const override {
    return flat_.Holds(slot, vector) &&
           format_.Agrees(vector.data(), nodes_.Code(ToInt(slot)), nodes_.Sketch(ToInt(slot)));
  }
  VectorIndexCheck Check() const override;

 private:
  // In tail_, in place of a slot removed meanwhile.
  static constexpr uint32_t kNoSlot = std::numeric_limits<uint32_t>::max();

  // What a search looks for and what it has found so far.
  struct Hunt;

  bool WantsGraph() const { return flat_.count() >= config_.min_size; }
  // hnsw_search.cc
  Strategy Choose(const VectorSearch& search, uint32_t allowed) const;
  Result<VectorSearchResult> SearchBy(Strategy strategy, const VectorSearch& search, uint32_t allowed,
                                      const CancelToken& cancel) const;
  Status Walk(Hunt* hunt) const;
  // Lets a walk stop where looking farther hardly ever finds one of the `k` nearest.
  void StopEarly(uint32_t k, HnswWalk::Options* options) const;
  // `passing`: how many of what it found may be found, of those within its reach.
  Status WalkOnce(Hunt* hunt, const HnswWalk::Options& options, uint32_t* passing) const;
  Status ScanTail(Hunt* hunt, size_t head) const;
  Status ScanAllowed(Hunt* hunt) const;
  // Adds those of `nodes` to the candidates whose codes are nearest, `most` of them. Changes the order of the nodes.
  Status Scan(Hunt* hunt, std::span<uint32_t> nodes, uint32_t most) const;
  bool MayBeFound(const VectorSearch& search, uint32_t node) const {
    return flat_.Has(Slot{node}) && (search.allowed == nullptr || search.allowed->Contains(Slot{node}));
  }

  // The place of a slot in tail_, counted from 1; 0: it is not there. Never written for what an image says is linked: no memory.
  uint32_t& TailPlace(uint32_t slot) const { return reinterpret_cast<uint32_t*>(tail_places_.data())[slot]; }
  void DropConsumedTail();
  // How far work goes: to the end of what was begun; and until no node is dead; or until all is linked; and nothing unreachable.
  enum class Goal { kSettled, kTidy, kLinked, kThorough };
  // Nothing being begun.
  bool IsShortOf(Goal goal) const;
  // One small piece of it. Returns whether there is more.
  Result<bool> Advance(Goal goal);
  // Ends the batch that was linked or the repair that was made, and begins what is next. Returns whether there is something.
  bool BeginNext(Goal goal);
  bool WantsRepair(bool thorough) const;
  void EndBatch();
  void EndRepair();
  bool BeginBatch();

  // What an image says of the whole, and of each slot.
  struct ImageHead;
  enum class SlotState : uint8_t;
  SlotState StateOf(uint32_t slot) const;
  ImageHead Head() const;
  bool ReadNodes(SectionReader* image);
  bool ReadStates(SectionReader* image, const ImageHead& head);
  bool ReadUpper(SectionReader* image);
  bool ReadTail(SectionReader* image);
  bool LinksAreSound(uint32_t node, int level) const;

  Metric metric_;
  HnswConfig config_;
  FlatIndex flat_;  // Every vector, linked or not.
  CodeFormat format_;
  HnswNodes nodes_;
  CodeDistances distances_;
  HnswLinker linker_;
  HnswRepair repair_;

  // Slots waiting to be linked, oldest first, from tail_head_ on. A slot removed meanwhile is left as kNoSlot.
  std::vector<uint32_t> tail_;
  std::atomic<size_t> tail_head_{0};
  uint64_t tail_base_ = 0;               // Mark of tail_[0].
  GrowingMemory tail_places_;            // See TailPlace.
  std::atomic<uint32_t> tail_holes_{0};  // kNoSlot entries from tail_head_ on.
  std::mutex link_mutex_;                // One thread at a time begins and ends batches, and repairs.
  size_t batch_end_ = 0;                 // Entries of tail_ before it are linked or being linked.
  std::vector<uint32_t> batch_;          // Nodes being linked.
  IdSet nodes_linked_;                   // Nodes of the graph, dead ones included.
  std::atomic<uint32_t> linked_{0};      // How many.
  std::atomic<uint32_t> dead_{0};        // Nodes removed after they were linked, or while they were.
  std::atomic<uint32_t> linked_since_repair_{0};
  std::atomic<uint64_t> changes_{0};  // Nodes linked and taken out, and repairs.
  std::atomic<bool> repairing_{false};
  std::vector<Slot> freed_;  // Of nodes that were taken out.
};

}  // namespace agentmemdb
