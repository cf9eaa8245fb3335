// A graph that changes for ever stays as good as a fresh one.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <thread>

#include "support/churn.h"
#include "support/seed.h"
#include "vector/hnsw_index.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kDimensions = 24;
const HnswConfig kConfig{8, 80, 0};

// Twice as many vectors as are in the graph at a time.
Churn SmallChurn(Metric metric, uint32_t count, Random* random) {
  return Churn(metric, kConfig, ClusteredVectors(2 * count, kDimensions, 40, random), count, random);
}

class HnswRepairRounds : public testing::TestWithParam<bool> {};

TEST_P(HnswRepairRounds, LeaveNothingUnreachableAndTheRecallOfAFreshGraph) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  Churn churn = SmallChurn(Metric::kL2, kSanitized ? 600 : 3000, &random);
  for (int round = 0; round < (kSanitized ? 5 : 20); ++round) {
    churn.Replace(0.1, GetParam());
    const VectorIndexCheck check = churn.graph().Check();
    ASSERT_EQ(check.wrong_links, 0u) << "round " << round;
    ASSERT_EQ(check.unreachable, 0u) << "round " << round;
  }
  EXPECT_GE(churn.SelfFound(churn.index()), 0.99) << "a walk may miss a few, never for want of a way";
  const IndexUnderTest fresh = churn.Fresh();
  Random queries(7), same_queries(7);
  const double after = churn.Recall(churn.index(), 40, 100, 0.3f, &queries),
               expected = churn.Recall(fresh, 40, 100, 0.3f, &same_queries);
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

// The first nodes are what everything else is linked to: when they are deleted while the rest is being linked, nobody may be lost.
TEST(HnswRepair, ReachesAllWhenTheFirstWereDeletedMeanwhile) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (int round = 0; round < (kSanitized ? 20 : 200); ++round) {
    const auto m = static_cast<uint32_t>(2 + random.Below(15)), dimensions = static_cast<uint32_t>(1 + random.Below(8));
    auto owned = std::make_unique<HnswIndex>(Metric::kL2, dimensions, HnswConfig{m, 128, 0});
    const HnswIndex* graph = owned.get();
    IndexUnderTest index(std::move(owned), Metric::kL2);
    index.AddAll(RandomVectors(500, dimensions, &random));
    const uint64_t linked = random.Below(60), deleted = 1 + random.Below(60);
    while (index->stats().linked < linked) index.Link();
    for (uint32_t slot = 0; slot < deleted; ++slot) index.Remove(Slot{slot});
    index.LinkAll();
    const VectorIndexCheck check = graph->Check();
    ASSERT_TRUE(check.ok()) << check.unreachable << " cannot be reached with m " << m << ", " << dimensions
                            << " dimensions, " << deleted << " deleted after " << linked << " were linked";
  }
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
