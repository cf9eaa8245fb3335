#include "vector/flat_index.h"

#include <gtest/gtest.h>

#include "support/index_under_test.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

IndexUnderTest MakeFlat(Metric metric, uint32_t dimensions) {
  return {std::make_unique<FlatIndex>(metric, dimensions), metric};
}

class FlatIndexByMetric : public testing::TestWithParam<Metric> {};

TEST_P(FlatIndexByMetric, AnswersAsBruteForceThroughAddsRemovesAndReuse) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const uint32_t dimensions : {1u, 3u, 17u, 128u}) {
    IndexUnderTest index = MakeFlat(GetParam(), dimensions);
    for (int step = 0; step < 600; ++step) {
      if (index.count() == 0 || random.Below(3) != 0)
        index.Add(RandomVector(dimensions, &random));
      else
        EXPECT_TRUE(index.Remove(index.AnySlot(&random))) << "every slot can be used again";
      if (step % 20 != 0) continue;
      const std::vector<float> query = RandomVector(dimensions, &random);
      const auto k = static_cast<uint32_t>(1 + random.Below(30));
      ASSERT_EQ(index.Difference(index.Search(query, k), query, k), "") << dimensions << " step " << step;
    }
    EXPECT_EQ(index->stats().vectors, index.count());
  }
}

INSTANTIATE_TEST_SUITE_P(Every, FlatIndexByMetric, testing::Values(Metric::kCosine, Metric::kL2, Metric::kIp),
                         [](const auto& each) { return std::string(MetricName(each.param)); });

TEST(FlatIndex, ComparesEverythingAndSaysSo) {
  IndexUnderTest index = MakeFlat(Metric::kL2, 2);
  EXPECT_TRUE(index.Search(std::vector<float>{0, 0}, 5).neighbors.empty());
  for (int i = 0; i < 7; ++i) index.Add(std::vector<float>{static_cast<float>(i), 0});
  const VectorSearchResult found = index.Search(std::vector<float>{0, 0}, 3);
  EXPECT_EQ(found.scanned, 7u);
  EXPECT_FALSE(found.used_graph());
  EXPECT_EQ(found.ef, 0u);
  EXPECT_EQ(found.neighbors.size(), 3u);
}

TEST(FlatIndex, OrdersEqualDistancesNewestRowFirst) {
  IndexUnderTest index = MakeFlat(Metric::kL2, 2);
  for (int i = 0; i < 5; ++i) index.Add(std::vector<float>{1, 1});
  EXPECT_EQ(index.SearchSlots(std::vector<float>{0, 0}, 3), (std::vector<uint32_t>{4, 3, 2}));
  index.Remove(Slot{0});
  EXPECT_EQ(ToInt(index.Add(std::vector<float>{1, 1})), 0u);
  EXPECT_EQ(index.SearchSlots(std::vector<float>{0, 0}, 2), (std::vector<uint32_t>{0, 4})) << "by row, not by slot";
}

TEST(FlatIndex, AStagedVectorIsNotSeenUntilItIsAdded) {
  FlatIndex index(Metric::kL2, 1);
  const std::vector<RowId> rows(2);
  const std::vector<float> zero = {0};
  index.Reserve(2, 2);
  index.Stage(Slot{1}, zero);
  VectorSearch search;
  search.query = zero;
  search.rows = rows;
  EXPECT_TRUE(index.Search(search, {}).value().neighbors.empty());
  index.Add(Slot{1});
  EXPECT_EQ(index.Search(search, {}).value().neighbors.size(), 1u);
}

TEST(FlatIndex, StopsWhenItsCallIsAborted) {
  IndexUnderTest index = MakeFlat(Metric::kL2, 1);
  for (int i = 0; i < 300; ++i) index.Add(std::vector<float>{static_cast<float>(i)});
  const std::vector<RowId> rows(300);
  const std::vector<float> query = {0};
  VectorSearch search;
  search.query = query;
  search.rows = rows;
  const CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(index->Search(search, cancel).status().code(), Code::kAborted);
}

TEST(VectorTable, KeepsRowsInPlaceWhileItGrows) {
  VectorTable table(5);
  table.Reserve(1);
  float* const first = table.Row(Slot{0});
  *first = 7;
  table.Reserve(5000);
  EXPECT_EQ(table.Row(Slot{0}), first);
  EXPECT_EQ(*first, 7.0f);
  EXPECT_GE(table.bytes(), 5000 * 5 * sizeof(float));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(table.Row(Slot{4999})) % 64, 0u) << "rows start on cache lines";
}

}  // namespace
}  // namespace agentmemdb
