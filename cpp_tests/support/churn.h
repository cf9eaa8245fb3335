// A graph whose vectors are replaced, round after round.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "support/index_under_test.h"
#include "vector/hnsw_index.h"

namespace agentmemdb {

class Churn {
 public:
  Churn(Metric metric, const HnswConfig& config, VectorSet vectors, uint32_t count, Random* random)
      : metric_(metric),
        config_(config),
        random_(random),
        vectors_(std::move(vectors)),
        owned_(std::make_unique<HnswIndex>(metric, vectors_.dimensions, config)),
        graph_(owned_.get()),
        index_(std::move(owned_), metric) {
    for (uint32_t i = 0; i < vectors_.count(); ++i) (i < count ? numbers_ : unused_).push_back(i);
    for (const uint32_t number : numbers_) slots_.push_back(index_.Add(vectors_[number]));
    index_.LinkAll();
  }

  // Replaces that part of all with others of the vectors: the new ones come while the old ones are there, or after they went.
  void Replace(double part, bool delete_first) {
    const auto some = static_cast<size_t>(part * static_cast<double>(slots_.size()));
    std::set<size_t> places;
    while (places.size() < some) places.insert(random_->Below(slots_.size()));
    if (delete_first) {
      for (const size_t place : places) index_.Remove(slots_[place]);
      index_.LinkAll();
      EXPECT_EQ(graph_->stats().deleted, 0u) << "a tenth is enough for a repair";
    }
    for (const size_t place : places) {
      if (!delete_first) index_.Remove(slots_[place]);
      std::swap(numbers_[place], unused_[random_->Below(unused_.size())]);
      slots_[place] = index_.Add(vectors_[numbers_[place]]);
      if (!delete_first) index_.Link();  // While others are being replaced.
    }
    index_.LinkAll();
  }

  uint32_t dimensions() const { return vectors_.dimensions; }
  const HnswIndex& graph() const { return *graph_; }
  const IndexUnderTest& index() const { return index_; }

  // How many of the vectors find themselves, or an equal.
  double SelfFound(const IndexUnderTest& index) const {
    size_t found = 0;
    for (const uint32_t number : numbers_)
      found += index.Search(vectors_[number], 1, false, 100).neighbors.front().raw <=
               ExactRaw(metric_, vectors_[number], vectors_[number]) + 1e-5;
    return static_cast<double>(found) / static_cast<double>(numbers_.size());
  }
  // Mean recall@10 of queries near the vectors, `noise` away in each dimension.
  double Recall(const IndexUnderTest& index, uint32_t ef, int count, float noise, Random* queries) const {
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      std::vector<float> query = RandomVector(vectors_.dimensions, queries);
      const VectorView near = vectors_[queries->Below(vectors_.count())];
      for (uint32_t d = 0; d < vectors_.dimensions; ++d) query[d] = near[d] + noise * query[d];
      const double tenth = index.Oracle(query, 10).back().first;
      for (const Neighbor& neighbor : index.Search(query, 10, false, ef).neighbors)
        sum += neighbor.raw <= tenth + 1e-5 ? 0.1 / count : 0;
    }
    return sum;
  }
  // The same vectors in a graph that was built at once.
  IndexUnderTest Fresh() const {
    IndexUnderTest fresh(std::make_unique<HnswIndex>(metric_, vectors_.dimensions, config_), metric_);
    for (const uint32_t number : numbers_) fresh.Add(vectors_[number]);
    fresh.LinkAll();
    return fresh;
  }

 private:
  Metric metric_;
  HnswConfig config_;
  Random* random_;
  VectorSet vectors_;
  std::unique_ptr<HnswIndex> owned_;
  const HnswIndex* graph_;
  IndexUnderTest index_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> numbers_;  // of the vectors, by place
  std::vector<uint32_t> unused_;   // numbers that are in no place
};

}  // namespace agentmemdb
