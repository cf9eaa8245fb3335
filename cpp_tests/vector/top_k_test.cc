#include "vector/top_k.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "support/seed.h"

namespace agentmemdb {
namespace {

Neighbor Of(float raw, int64_t row) { return {raw, Slot{static_cast<uint32_t>(row)}, RowId{row}}; }

std::vector<int64_t> Rows(TopK* best) {
  std::vector<int64_t> rows;
  for (const Neighbor& neighbor : best->Take()) rows.push_back(ToInt(neighbor.row));
  return rows;
}

TEST(TopK, KeepsTheNearestInOrder) {
  TopK best(3);
  for (const float raw : {5.0f, -1.0f, 3.0f, 4.0f, 0.0f}) best.Offer(Of(raw, static_cast<int64_t>(raw) + 10));
  EXPECT_EQ(Rows(&best), (std::vector<int64_t>{9, 10, 13}));
}

TEST(TopK, PrefersTheNewestRowAmongEquals) {
  for (const std::vector<int64_t>& order : {std::vector<int64_t>{1, 2, 3, 4}, {4, 3, 2, 1}, {2, 4, 1, 3}}) {
    TopK best(2);
    for (const int64_t row : order) best.Offer(Of(1.0f, row));
    EXPECT_EQ(Rows(&best), (std::vector<int64_t>{4, 3}));
  }
}

TEST(TopK, BoundsWhatCanStillEnter) {
  TopK best(2);
  EXPECT_EQ(best.Bound(), std::numeric_limits<float>::infinity());
  best.Offer(Of(1, 1));
  EXPECT_EQ(best.Bound(), std::numeric_limits<float>::infinity());
  best.Offer(Of(2, 2));
  EXPECT_EQ(best.Bound(), 2.0f);
  best.Offer(Of(0, 3));
  EXPECT_EQ(best.Bound(), 1.0f);
}

TEST(TopK, GivesWhatThereIsWhenThatIsLess) {
  TopK best(10000);
  best.Offer(Of(2, 1));
  best.Offer(Of(1, 2));
  EXPECT_EQ(Rows(&best), (std::vector<int64_t>{2, 1}));
  EXPECT_TRUE(TopK(5).Take().empty());
}

TEST(TopK, EqualsSortingEverything) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (int round = 0; round < 100; ++round) {
    const auto k = static_cast<uint32_t>(1 + random.Below(20));
    std::vector<Neighbor> all;
    TopK best(k);
    for (int64_t row = 1; row <= 100; ++row) {
      all.push_back(Of(static_cast<float>(random.Below(15)), row));  // Many ties.
      best.Offer(all.back());
    }
    std::sort(all.begin(), all.end(),
              [](const Neighbor& a, const Neighbor& b) { return a.raw < b.raw || (a.raw == b.raw && a.row > b.row); });
    std::vector<int64_t> expected;
    for (uint32_t i = 0; i < k; ++i) expected.push_back(ToInt(all[i].row));
    ASSERT_EQ(Rows(&best), expected);
  }
}

}  // namespace
}  // namespace agentmemdb
