// A graph that changes for ever stays as good as a fresh one.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <thread>

#include "support/index_under_test.h"
#include "support/seed.h"
#include "vector/hnsw_index.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kDimensions = 24;
const HnswConfig kConfig{8, 80, 0};

class Churn {
 public:
  Churn(Metric metric, uint32_t count, Random* random)
      : random_(random),
        vectors_(ClusteredVectors(2 * count, kDimensions, 40, random)),
        owned_(std::make_unique<HnswIndex>(metric, kDimensions, kConfig)),
        graph_(owned_.get()),
        index_(std::move(owned_), metric) {
    for (uint32_t i = 0; i < count; ++i) slots_.push_back(index_.Add(vectors_[i]));
    numbers_.resize(count);
    for (uint32_t i = 0; i < count; ++i) numbers_[i] = i;
    index_.LinkAll();
  }

  // Replaces that part of all with other vectors: the new ones come while the old ones are there, or after they went.
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
      numbers_[place] = static_cast<uint32_t>(random_->Below(vectors_.count()));
      slots_[place] = index_.Add(vectors_[numbers_[place]]);
      if (!delete_first) index_.Link();  // While others are being replaced.
    }
    index_.LinkAll();
  }

  const HnswIndex& graph() const { return *graph_; }
  const IndexUnderTest& index() const { return index_; }

  // How many of the vectors find themselves.
  double SelfFound() const {
    size_t found = 0;
    for (const uint32_t number : numbers_)
      found += index_.Search(vectors_[number], 1, false, 100).neighbors.front().raw <=
               index_.Oracle(vectors_[number], 1).front().first + 1e-5;
    return static_cast<double>(found) / static_cast<double>(numbers_.size());
  }
  double Recall(const IndexUnderTest& index, Random* queries) const {
    double sum = 0;
    constexpr int kQueries = 100;
    for (int i = 0; i < kQueries; ++i) {
      std::vector<float> query = RandomVector(kDimensions, queries);
      const VectorView near = vectors_[queries->Below(vectors_.count())];
      for (uint32_t d = 0; d < kDimensions; ++d) query[d] = near[d] + 0.3f * query[d];
      const double tenth = index.Oracle(query, 10).back().first;
      for (const Neighbor& neighbor : index.Search(query, 10, false, 40).neighbors)
        sum += neighbor.raw <= tenth + 1e-5 ? 0.1 / kQueries : 0;
    }
    return sum;
  }
  // The same vectors in a graph that was built at once.
  IndexUnderTest Fresh(Metric metric) const {
    IndexUnderTest fresh(std::make_unique<HnswIndex>(metric, kDimensions, kConfig), metric);
    for (const uint32_t number : numbers_) fresh.Add(vectors_[number]);
    fresh.LinkAll();
    return fresh;
  }

 private:
  Random* random_;
  VectorSet vectors_;
  std::unique_ptr<HnswIndex> owned_;
  const HnswIndex* graph_;
  IndexUnderTest index_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> numbers_;  // of the vectors, by place
};

class HnswRepairRounds : public testing::TestWithParam<bool> {};

TEST_P(HnswRepairRounds, LeaveNothingUnreachableAndTheRecallOfAFreshGraph) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  Churn churn(Metric::kL2, kSanitized ? 600 : 3000, &random);
  for (int round = 0; round < (kSanitized ? 5 : 20); ++round) {
    churn.Replace(0.1, GetParam());
    const VectorIndexCheck check = churn.graph().Check();
    ASSERT_EQ(check.wrong_links, 0u) << "round " << round;
    ASSERT_EQ(check.unreachable, 0u) << "round " << round;
  }
  EXPECT_GE(churn.SelfFound(), 0.99) << "a walk may miss a few, never for want of a way";
  const IndexUnderTest fresh = churn.Fresh(Metric::kL2);
  Random queries(7), same_queries(7);
  const double after = churn.Recall(churn.index(), &queries), expected = churn.Recall(fresh, &same_queries);
  std::printf("  recall@10 after the rounds %.4f, of a fresh graph %.4f\n", after, expected);
  EXPECT_GE(after, expected - 0.03);
  EXPECT_LT(churn.graph().stats().memory_bytes, 2 * fresh->stats().memory_bytes) << "slots are used again";
}

INSTANTIATE_TEST_SUITE_P(Each, HnswRepairRounds, testing::Values(false, true),
                         [](const auto& each) { return each.param ? "DeletedFirst" : "Updated"; });

TEST(HnswRepair, GivesSlotsBack) {
  Random random(3);
  IndexUnderTest index(std::make_unique<HnswIndex>(Metric::kCosine, 8, kConfig), Metric::kCosine);
  index.AddAll(RandomVectors(500, 8, &random));
  index.LinkAll();
  for (uint32_t slot = 0; slot < 400; ++slot) EXPECT_FALSE(index.Remove(Slot{slot}));
  EXPECT_TRUE(index->HasUnlinked());
  index.LinkAll();
  EXPECT_EQ(index->stats().deleted, 0u);
  EXPECT_EQ(index->stats().linked, 100u);
  for (int i = 0; i < 400; ++i) EXPECT_LT(ToInt(index.Add(RandomVector(8, &random))), 500u);
  index.LinkAll();
  const std::vector<float> query = RandomVector(8, &random);
  EXPECT_EQ(index.Difference(index.Search(query, 500), query, 500), "");
}

TEST(HnswRepair, ThatTakesOutEverythingBeginsAnew) {
  Random random(4);
  auto owned = std::make_unique<HnswIndex>(Metric::kL2, 4, kConfig);
  const HnswIndex* graph = owned.get();
  IndexUnderTest index(std::move(owned), Metric::kL2);
  for (int round = 0; round < 3; ++round) {
    index.AddAll(RandomVectors(200, 4, &random));
    index.LinkAll();
    EXPECT_TRUE(graph->Check().ok());
    EXPECT_EQ(graph->Check().nodes, 200u);
    while (index.count() > 0) index.Remove(index.AnySlot(&random));
    index.LinkAll();
    EXPECT_EQ(graph->Check().nodes, 0u);
    EXPECT_TRUE(index.Search(RandomVector(4, &random), 5).neighbors.empty());
  }
}

TEST(HnswRepair, RunsBesideSearches) {
  Random random(5);
  IndexUnderTest index(std::make_unique<HnswIndex>(Metric::kL2, 8, kConfig), Metric::kL2);
  const VectorSet vectors = ClusteredVectors(2000, 8, 20, &random);
  index.AddAll(vectors);
  index.LinkAll();
  for (uint32_t slot = 0; slot < 2000; slot += 3) index.Remove(Slot{slot});
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    for (uint32_t i = 0; !done; i = (i + 1) % 2000) {
      for (const Neighbor& neighbor : index.Search(vectors[i], 5, false, 20).neighbors)
        wrong += ToInt(neighbor.slot) % 3 == 0;
    }
  });
  index.LinkAll();
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(index->stats().deleted, 0u);
}

}  // namespace
}  // namespace agentmemdb
