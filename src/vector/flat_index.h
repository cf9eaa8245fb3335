// Exact search: compares the query with every vector. The oracle of all recall tests, and the whole index of a small
// collection.
#pragma once

#include "base/id_set.h"
#include "vector/distance.h"
#include "vector/vector_index.h"
#include "vector/vector_table.h"

namespace agentmemdb {

class FlatIndex final : public VectorIndex {
 public:
  FlatIndex(Metric metric, uint32_t dimensions);

  void Reserve(uint32_t bound, uint32_t adds) override;
  void Stage(Slot slot, VectorView vector) override;
  void Add(Slot slot) override;
  bool Remove(Slot slot) override;
  void TakeFreed(std::vector<Slot>*) override {}
  Result<VectorSearchResult> Search(const VectorSearch& search, const CancelToken& cancel) const override;
  Result<bool> LinkSome(bool) override { return false; }
  bool HasUnlinked() const override { return false; }
  uint64_t AddedMark() const override { return 0; }
  uint64_t LinkedMark() const override { return 0; }
  bool IsLinked(uint64_t) const override { return true; }
  VectorIndexStats stats() const override;
  bool IsFree(Slot slot) const override { return !Has(slot); }
  bool WantsImage() const override { return false; }
  uint64_t changes() const override { return 0; }
  Result<bool> SettleSome() override { return false; }
  Result<bool> TidySome() override { return false; }
  std::unique_lock<std::mutex> HoldStill() override { return {}; }
  IndexParts Write() const override { return {}; }
  bool Read(SectionReader*, MappedFile) override { return false; }
  std::shared_ptr<void> UseFile(MappedFile, std::vector<uint32_t>) override { return nullptr; }
  bool VerifyFile() const override {
    table_.VerifyAll();
    return !table_.damaged();
  }
  bool damaged() const override { return table_.damaged(); }

  uint32_t count() const { return count_; }
  // Vectors that `allowed` (nullptr = all) lets through.
  uint32_t CountAllowed(const IdSet* allowed) const;
  bool Has(Slot slot) const override { return present_.Contains(slot); }
  float RawOf(VectorView query, Slot slot) const override {
    return kernel_(query.data(), table_.Row(slot), table_.dimensions());
  }
  const float* VectorOf(Slot slot) const override { return table_.Row(slot); }
  bool Holds(Slot slot, VectorView vector) const override;
  VectorIndexCheck Check() const override { return {}; }
  const float* Vector(Slot slot) const { return table_.Row(slot); }
  DistanceKernel kernel() const { return kernel_; }
  const VectorTable& table() const { return table_; }
  VectorTable* table() { return &table_; }

 private:
  void Offer(Slot slot, const VectorSearch& search, TopK* best) const {
    const float raw = kernel_(search.query.data(), table_.Row(slot), table_.dimensions());
    if (raw <= best->Bound()) best->Offer({raw, slot, search.rows[ToInt(slot)]});
  }

  VectorTable table_;
  DistanceKernel kernel_;
  IdSet present_;  // slots with a vector
  uint32_t count_ = 0;
};

}  // namespace agentmemdb
