// A vector index with what its owner keeps for it: slots, rows, and a copy of every vector for the oracle.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/vectors.h"
#include "vector/vector_index.h"

namespace agentmemdb {

class IndexUnderTest {
 public:
  IndexUnderTest(std::unique_ptr<VectorIndex> index, Metric metric) : index_(std::move(index)), metric_(metric) {}

  VectorIndex* operator->() const { return index_.get(); }
  uint32_t count() const { return static_cast<uint32_t>(live_.size()); }

  // Rows ascend; slots are reused as the index allows.
  Slot Add(VectorView vector) {
    index_->TakeFreed(&free_);
    const Slot slot = free_.empty() ? Slot{static_cast<uint32_t>(rows_.size())} : free_.back();
    if (free_.empty())
      rows_.emplace_back();
    else
      free_.pop_back();
    index_->Reserve(static_cast<uint32_t>(rows_.size()), 1);
    std::vector<float> stored(vector.begin(), vector.end());
    if (metric_ == Metric::kCosine) stored = UnitVector(vector);
    index_->Stage(slot, stored);
    rows_[ToInt(slot)] = RowId{++last_row_};
    index_->Add(slot);
    live_[ToInt(slot)] = std::move(stored);
    return slot;
  }
  void AddAll(const VectorSet& vectors) {
    for (uint32_t i = 0; i < vectors.count(); ++i) Add(vectors[i]);
  }
  // Returns what the index said: may the slot be used again?
  bool Remove(Slot slot) {
    live_.erase(ToInt(slot));
    const bool reusable = index_->Remove(slot);
    if (reusable) free_.push_back(slot);
    return reusable;
  }
  void LinkAll() {
    while (Link()) {
    }
  }
  bool Link() {
    const Result<bool> more = index_->LinkSome(true);
    if (!more.ok()) throw std::runtime_error(more.status().message());
    return more.value();
  }
  Slot AnySlot(Random* random) const { return Slot{std::next(live_.begin(), random->Below(live_.size()))->first}; }

  VectorSearchResult Search(VectorView query, uint32_t k, bool exact = false, uint32_t ef = 100) const {
    return SearchFor(query, k, exact, ef, nullptr);
  }
  VectorSearchResult SearchAmong(const IdSet& allowed, VectorView query, uint32_t k, uint32_t ef,
                                 bool exact = false) const {
    return SearchFor(query, k, exact, ef, &allowed);
  }
  // One past the highest slot.
  uint32_t slots() const { return static_cast<uint32_t>(rows_.size()); }
  std::vector<uint32_t> SearchSlots(VectorView query, uint32_t k, bool exact = false, uint32_t ef = 100) const {
    std::vector<uint32_t> slots;
    for (const Neighbor& neighbor : Search(query, k, exact, ef).neighbors) slots.push_back(ToInt(neighbor.slot));
    return slots;
  }

  // What an exact search must answer, by brute force: (raw, row), nearest first, newest row first.
  std::vector<std::pair<double, int64_t>> Oracle(VectorView query, uint32_t k) const {
    std::vector<std::pair<double, int64_t>> all;
    for (const auto& [slot, vector] : live_) all.emplace_back(ExactRaw(metric_, vector, query), -ToInt(rows_[slot]));
    std::sort(all.begin(), all.end());
    all.resize(std::min<size_t>(k, all.size()));
    for (auto& [raw, row] : all) row = -row;
    return all;
  }
  // "" when `found` is what the oracle answers; rows may differ where distances are too close to tell.
  std::string Difference(const VectorSearchResult& found, VectorView query, uint32_t k) const {
    const auto expected = Oracle(query, k);
    if (found.neighbors.size() != expected.size())
      return std::to_string(found.neighbors.size()) + " neighbors instead of " + std::to_string(expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const Neighbor& neighbor = found.neighbors[i];
      const double tolerance = 1e-5 * std::max(1.0, std::abs(expected[i].first));
      if (std::abs(neighbor.raw - expected[i].first) > tolerance)
        return "distance " + std::to_string(neighbor.raw) + " instead of " + std::to_string(expected[i].first);
      const auto vector = live_.find(ToInt(neighbor.slot));
      if (vector == live_.end()) return "slot " + std::to_string(ToInt(neighbor.slot)) + " has no vector";
      if (neighbor.row != rows_[ToInt(neighbor.slot)]) return "the row of another slot";
      if (std::abs(neighbor.raw - ExactRaw(metric_, vector->second, query)) > tolerance)
        return "the distance of another vector";
    }
    return "";
  }

 private:
  VectorSearchResult SearchFor(VectorView query, uint32_t k, bool exact, uint32_t ef, const IdSet* allowed) const {
    std::vector<float> unit(query.begin(), query.end());
    if (metric_ == Metric::kCosine) unit = UnitVector(query);
    VectorSearch search;
    search.query = unit;
    search.k = k;
    search.ef = ef;
    search.exact = exact;
    search.allowed = allowed;
    search.rows = rows_;
    Result<VectorSearchResult> found = index_->Search(search, {});
    if (!found.ok()) throw std::runtime_error(found.status().message());
    return std::move(*found);
  }

  std::unique_ptr<VectorIndex> index_;
  Metric metric_;
  std::vector<RowId> rows_;
  std::vector<Slot> free_;
  std::map<uint32_t, std::vector<float>> live_;
  int64_t last_row_ = 0;
};

}  // namespace agentmemdb
