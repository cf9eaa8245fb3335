#include "vector/hnsw_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/index_under_test.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

IndexUnderTest MakeGraph(Metric metric, uint32_t dimensions, uint32_t min_size) {
  return {std::make_unique<HnswIndex>(metric, dimensions, HnswConfig{8, 60, min_size}), metric};
}

TEST(HnswIndex, SearchesExactlyBelowItsMinimumSize) {
  Random random(1);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 50);
  index.AddAll(RandomVectors(49, 4, &random));
  EXPECT_FALSE(index->HasUnlinked());
  EXPECT_FALSE(index.Link());
  EXPECT_EQ(index->stats().linked, 0u);
  EXPECT_EQ(index->stats().tail, 0u) << "nothing waits";
  const std::vector<float> query = RandomVector(4, &random);
  const VectorSearchResult found = index.Search(query, 10, false, 10);
  EXPECT_FALSE(found.used_graph());
  EXPECT_EQ(found.scanned, 49u);
  EXPECT_EQ(index.Difference(found, query, 10), "");
}

TEST(HnswIndex, UsesTheGraphFromItsMinimumSizeOn) {
  Random random(2);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 50);
  index.AddAll(RandomVectors(50, 4, &random));
  EXPECT_TRUE(index->HasUnlinked());
  EXPECT_EQ(index->stats().tail, 50u);
  index.LinkAll();
  EXPECT_FALSE(index->HasUnlinked());
  EXPECT_EQ(index->stats().linked, 50u);
  const VectorSearchResult found = index.Search(RandomVector(4, &random), 10, false, 20);
  EXPECT_TRUE(found.used_graph());
  EXPECT_EQ(found.ef, 20u);
  EXPECT_EQ(found.scanned, 0u);

  EXPECT_FALSE(index.Remove(Slot{3}));
  EXPECT_FALSE(index.Search(RandomVector(4, &random), 10).used_graph()) << "49 vectors are left";
}

TEST(HnswIndex, RaisesEfToK) {
  Random random(3);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  index.AddAll(RandomVectors(200, 4, &random));
  index.LinkAll();
  const VectorSearchResult found = index.Search(RandomVector(4, &random), 60, false, 10);
  EXPECT_EQ(found.ef, 60u);
  EXPECT_EQ(found.neighbors.size(), 60u);
}

TEST(HnswIndex, FindsAVectorAsSoonAsItIsAdded) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  IndexUnderTest index = MakeGraph(Metric::kCosine, 16, 0);
  for (int i = 0; i < 400; ++i) {
    const std::vector<float> vector = RandomVector(16, &random);
    const Slot slot = index.Add(vector);
    const VectorSearchResult found = index.Search(vector, 3);
    ASSERT_TRUE(found.used_graph());
    ASSERT_EQ(found.neighbors.front().slot, slot);
    ASSERT_EQ(found.scanned, index->stats().tail);
    index.Link();  // Takes more than one piece for each: the tail grows.
  }
  EXPECT_GT(index->stats().tail, 50u);
  EXPECT_GT(index->stats().linked, 50u);
}

TEST(HnswIndex, ForgetsWaitingVectorsAtOnceAndGivesTheirSlotsBack) {
  Random random(4);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  const VectorSet vectors = RandomVectors(20, 4, &random);
  index.AddAll(vectors);
  EXPECT_TRUE(index.Remove(Slot{5}));
  EXPECT_EQ(index->stats().vectors, 19u);
  EXPECT_EQ(index->stats().tail, 19u);
  index.LinkAll();
  EXPECT_EQ(index->stats().linked, 19u);
  EXPECT_EQ(index->stats().deleted, 0u) << "it never was in the graph";
  EXPECT_EQ(index.Difference(index.Search(vectors[5], 20), vectors[5], 20), "");
}

TEST(HnswIndex, NeverReturnsAVectorRemovedFromTheGraph) {
  Random random(5);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  const VectorSet vectors = RandomVectors(100, 4, &random);
  index.AddAll(vectors);
  index.LinkAll();
  for (uint32_t slot = 0; slot < 100; slot += 2) EXPECT_FALSE(index.Remove(Slot{slot})) << "the graph still uses it";
  EXPECT_EQ(index->stats().linked, 50u);
  EXPECT_EQ(index->stats().deleted, 50u);
  for (uint32_t i = 0; i < 100; ++i) {
    for (const uint32_t slot : index.SearchSlots(vectors[i], 10)) EXPECT_EQ(slot % 2, 1u);
  }
}

TEST(HnswIndex, GivesMinOfKAndCountWhateverWasRemoved) {
  Random random(6);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  index.AddAll(ClusteredVectors(500, 4, 20, &random));
  index.LinkAll();
  for (uint32_t slot = 0; slot < 495; ++slot) index.Remove(Slot{slot});
  for (int i = 0; i < 50; ++i) {
    const std::vector<float> query = RandomVector(4, &random);
    for (const uint32_t k : {1u, 4u, 5u, 6u, 10000u})
      ASSERT_EQ(index.Search(query, k, false, 1).neighbors.size(), std::min(k, 5u)) << k;
  }
  for (uint32_t slot = 495; slot < 500; ++slot) index.Remove(Slot{slot});
  EXPECT_TRUE(index.Search(RandomVector(4, &random), 3).neighbors.empty());
}

TEST(HnswIndex, FollowsAModelThroughAddsRemovesAndLinks) {
  SCOPED_TRACE(SeedNote());
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    Random random(TestSeed());
    IndexUnderTest index = MakeGraph(metric, 6, 40);
    for (int step = 0; step < (kSanitized ? 500 : 3000); ++step) {
      const uint64_t dice = random.Below(10);
      if (dice < 4 || index.count() == 0)
        index.Add(RandomVector(6, &random));
      else if (dice < 7)
        index.Remove(index.AnySlot(&random));
      else
        index.Link();
      const std::vector<float> query = RandomVector(6, &random);
      const auto k = static_cast<uint32_t>(1 + random.Below(12));
      ASSERT_EQ(index.Difference(index.Search(query, k, true), query, k), "") << MetricName(metric) << " step " << step;
      const VectorSearchResult found = index.Search(query, k);
      ASSERT_EQ(found.neighbors.size(), std::min(k, index.count()));
      ASSERT_TRUE(std::is_sorted(found.neighbors.begin(), found.neighbors.end(), Nearer));
      ASSERT_EQ(index->stats().vectors, index.count());
    }
  }
}

// The nearest of all are removed, too few for a repair: the walk has to look beyond them.
TEST(HnswIndex, LooksBeyondWhatWasRemoved) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const VectorSet base = RandomVectors(2000, 16, &random);
  IndexUnderTest index(std::make_unique<HnswIndex>(Metric::kL2, 16, HnswConfig{16, 100, 0}), Metric::kL2);
  index.AddAll(base);
  index.LinkAll();
  const std::vector<float> query = RandomVector(16, &random);
  const std::vector<uint32_t> nearest = ExactNearest(Metric::kL2, base, query, 40);
  for (size_t i = 0; i < 30; ++i) index.Remove(Slot{nearest[i]});
  const VectorSearchResult found = index.Search(query, 10, false, 40);
  EXPECT_EQ(found.strategy, Strategy::kGraph);
  EXPECT_EQ(found.scanned, 0u) << "the graph sufficed";
  ASSERT_EQ(found.neighbors.size(), 10u);
  std::vector<uint32_t> slots;
  for (const Neighbor& neighbor : found.neighbors) slots.push_back(ToInt(neighbor.slot));
  EXPECT_GE(Recall({nearest.begin() + 30, nearest.end()}, slots, 10), 0.5);
}

TEST(HnswIndex, RecallsClusteredVectors) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const uint32_t count = kSanitized ? 1000 : 3000;
  const VectorSet base = ClusteredVectors(count, 32, 60, &random);
  for (const Metric metric : {Metric::kCosine, Metric::kL2}) {
    IndexUnderTest index(std::make_unique<HnswIndex>(metric, 32, HnswConfig{16, 100, 0}), metric);
    index.AddAll(base);
    index.LinkAll();
    double recall = 0;
    constexpr int kQueries = 100;
    for (int i = 0; i < kQueries; ++i) {
      const VectorView near = base[random.Below(count)];
      std::vector<float> query(near.begin(), near.end());
      for (float& x : query) x += static_cast<float>(random.Unit() - 0.5) * 0.5f;
      const std::vector<uint32_t> expected = ExactNearest(metric, base, query, 10);
      recall += Recall(expected, index.SearchSlots(query, 10, false, 64), 10) / kQueries;
      ASSERT_EQ(Recall(expected, index.SearchSlots(query, 10, true), 10), 1.0);
    }
    EXPECT_GE(recall, 0.95) << MetricName(metric);
  }
}

TEST(HnswIndex, GivesMinOfKAndCountWhenAllVectorsAreEqual) {
  IndexUnderTest index = MakeGraph(Metric::kL2, 2, 0);
  const std::vector<float> same = {1, 2};
  for (int i = 0; i < 300; ++i) index.Add(same);
  index.LinkAll();
  for (const uint32_t k : {1u, 10u, 299u, 300u, 301u}) {
    const VectorSearchResult found = index.Search(same, k, false, 1);
    ASSERT_EQ(found.neighbors.size(), std::min(k, 300u));
    EXPECT_EQ(found.neighbors.back().raw, 0.0f);
  }
}

TEST(HnswIndex, MarksTellWhenEverythingAddedSoFarIsLinked) {
  Random random(7);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  index.AddAll(RandomVectors(10, 4, &random));
  const uint64_t mark = index->AddedMark();
  index.AddAll(RandomVectors(10, 4, &random));
  EXPECT_EQ(index->AddedMark(), mark + 10);
  uint64_t reached = index->LinkedMark();
  EXPECT_EQ(reached, 0u);
  while (index.Link()) {
    EXPECT_GE(index->LinkedMark(), reached) << "a mark never falls";
    reached = index->LinkedMark();
  }
  EXPECT_EQ(index->LinkedMark(), index->AddedMark());
}

TEST(HnswIndex, MarksPassVectorsThatWereRemovedWhileTheyWaited) {
  Random random(8);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  index.AddAll(RandomVectors(3000, 4, &random));
  const uint64_t mark = index->AddedMark();
  for (uint32_t slot = 0; slot < 2990; ++slot) index.Remove(Slot{slot});
  EXPECT_LE(index->LinkedMark(), mark);
  index.Add(RandomVector(4, &random));  // Compacts the tail.
  EXPECT_GE(index->AddedMark(), mark + 1) << "a mark never falls";
  EXPECT_LT(index->LinkedMark(), mark);
  index.LinkAll();
  EXPECT_EQ(index->LinkedMark(), index->AddedMark());
  EXPECT_EQ(index->stats().linked, 11u);
}

TEST(HnswIndex, BelowItsMinimumSizeEverythingCountsAsLinked) {
  Random random(9);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 100);
  index.AddAll(RandomVectors(99, 4, &random));
  EXPECT_EQ(index->LinkedMark(), index->AddedMark());
  index.Add(RandomVector(4, &random));
  EXPECT_LT(index->LinkedMark(), index->AddedMark());
}

TEST(HnswIndex, MemoryStaysBoundedUnderAddsAndRemovesBelowItsMinimumSize) {
  Random random(10);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 5000);
  index.AddAll(RandomVectors(100, 4, &random));
  const auto churn = [&] {
    for (int i = 0; i < 20000; ++i) {
      index.Remove(index.AnySlot(&random));
      index.Add(RandomVector(4, &random));
    }
    return index->stats().memory_bytes;
  };
  const size_t once = churn();
  EXPECT_EQ(churn(), once);
  EXPECT_LT(once, 200000u);
  const std::vector<float> query = RandomVector(4, &random);
  EXPECT_EQ(index.Difference(index.Search(query, 100), query, 100), "");
}

TEST(HnswIndex, WhatIsLinkedLeavesTheTail) {
  Random random(11);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  for (int i = 0; i < 1500; ++i) {
    index.Add(RandomVector(4, &random));
    index.LinkAll();
    ASSERT_EQ(index->stats().tail, 0u);
  }
  EXPECT_EQ(index->stats().linked, 1500u);
  EXPECT_EQ(index->LinkedMark(), 1500u);
}

TEST(HnswIndex, StopsWhenItsCallIsAborted) {
  Random random(12);
  IndexUnderTest index = MakeGraph(Metric::kL2, 4, 0);
  index.AddAll(RandomVectors(600, 4, &random));
  for (int i = 0; i < 300; ++i) index.Link();
  const std::vector<RowId> rows(600);
  const std::vector<float> query = {0, 0, 0, 0};
  VectorSearch search;
  search.query = query;
  search.rows = rows;
  const CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(index->Search(search, cancel).status().code(), Code::kAborted);
  search.exact = true;
  EXPECT_EQ(index->Search(search, cancel).status().code(), Code::kAborted);
}

TEST(HnswIndex, AnswersRightWhileItLinks) {
  Random random(13);
  const VectorSet base = ClusteredVectors(1500, 8, 30, &random);
  IndexUnderTest index = MakeGraph(Metric::kL2, 8, 0);
  index.AddAll(base);
  std::thread linker([&] { index.LinkAll(); });
  std::vector<std::thread> readers;
  std::atomic<int> searches{0}, wrong{0}, missed{0};
  for (uint32_t reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      Random mine(100 + reader);
      do {
        const auto i = static_cast<uint32_t>(mine.Below(1500));
        const VectorSearchResult found = index.Search(base[i], 10, false, 60);
        ++searches;
        if (found.neighbors.size() != 10 || found.neighbors.front().raw != 0.0f) ++missed;
        for (const Neighbor& neighbor : found.neighbors) {
          if (std::abs(neighbor.raw - ExactRaw(Metric::kL2, base[ToInt(neighbor.slot)], base[i])) > 1e-4) ++wrong;
        }
        if (index->stats().vectors != 1500 || index->LinkedMark() > index->AddedMark()) ++wrong;
      } while (index->HasUnlinked());
    });
  }
  linker.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(missed, searches / 20) << "of " << searches << " searches for vectors that are there";
  EXPECT_EQ(index->stats().linked, 1500u);
}

}  // namespace
}  // namespace agentmemdb
