#include "engine/collection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/test_database.h"

namespace agentmemdb {
namespace {

Collection Make(Metric metric = Metric::kL2) { return {CollectionId{1}, "c", Vectors(2, metric).WithDefaults()}; }

void Put(Collection* collection, int64_t row, const std::vector<float>& vector) {
  const Slot slot = collection->Reserve(1).front();
  collection->Stage(slot, "id", vector);
  collection->Put(slot, RowId{row}, !vector.empty());
}

std::vector<int64_t> Nearest(const Collection& collection, const std::vector<float>& query, uint32_t k) {
  VectorSearch search;
  search.query = query;
  search.k = k;
  search.rows = collection.rows();
  std::vector<int64_t> rows;
  for (const Neighbor& neighbor : Require(collection.vectors()->Search(search, {})).neighbors)
    rows.push_back(ToInt(neighbor.row));
  return rows;
}

TEST(Collection, ReservesSlotsThatNothingElseHas) {
  Collection collection = Make();
  std::set<uint32_t> seen;
  for (const uint32_t puts : {3u, 1u, 0u, 500u}) {
    const std::vector<Slot> slots = collection.Reserve(puts);
    EXPECT_EQ(slots.size(), puts);
    for (const Slot slot : slots) EXPECT_TRUE(seen.insert(ToInt(slot)).second);
  }
}

TEST(Collection, ShowsAVectorOnlyOnceItIsPut) {
  Collection collection = Make();
  const Slot slot = collection.Reserve(1).front();
  collection.Stage(slot, "id", std::vector<float>{1, 1});
  EXPECT_TRUE(Nearest(collection, {1, 1}, 5).empty());
  EXPECT_EQ(collection.count(), 0);
  collection.Put(slot, RowId{7}, true);
  EXPECT_EQ(Nearest(collection, {1, 1}, 5), std::vector<int64_t>{7});
  EXPECT_EQ(collection.count(), 1);
  EXPECT_TRUE(collection.HasVector(RowId{7}));
}

TEST(Collection, ReplacesWhatStoodForARow) {
  Collection collection = Make();
  Put(&collection, 1, {0, 0});
  Put(&collection, 2, {9, 9});
  Put(&collection, 1, {8, 8});
  EXPECT_EQ(Nearest(collection, {0, 0}, 5), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(Nearest(collection, {9, 9}, 1), std::vector<int64_t>{2});
  EXPECT_EQ(collection.count(), 2);
  Put(&collection, 1, {});
  EXPECT_EQ(Nearest(collection, {0, 0}, 5), std::vector<int64_t>{2});
  EXPECT_FALSE(collection.HasVector(RowId{1}));
  EXPECT_EQ(collection.count(), 2);
}

TEST(Collection, ReusesTheSlotsOfDeletedRows) {
  Collection collection = Make();
  for (int64_t row = 1; row <= 100; ++row) Put(&collection, row, {static_cast<float>(row), 0});
  for (int64_t row = 1; row <= 100; ++row) collection.Delete(RowId{row});
  EXPECT_EQ(collection.count(), 0);
  for (int64_t row = 101; row <= 200; ++row)
    Put(&collection, row, row % 2 == 0 ? std::vector<float>{1, 1} : std::vector<float>{});
  EXPECT_EQ(collection.rows().size(), 100u);
  EXPECT_EQ(collection.vectors()->stats().vectors, 50u);
  EXPECT_EQ(Nearest(collection, {1, 1}, 2), (std::vector<int64_t>{200, 198}));
}

TEST(Collection, TakesBackASlotThatWasNotPut) {
  Collection collection = Make();
  const Slot slot = collection.Reserve(1).front();
  collection.Stage(slot, "id", std::vector<float>{1, 1});
  collection.Abandon(slot);
  EXPECT_EQ(collection.Reserve(1).front(), slot);
  collection.Stage(slot, "id", std::vector<float>{2, 2});
  collection.Put(slot, RowId{1}, true);
  EXPECT_EQ(Nearest(collection, {2, 2}, 5), std::vector<int64_t>{1});
}

TEST(Collection, IgnoresTheDeletionOfARowThatWasNeverPut) {
  Collection collection = Make();
  Put(&collection, 1, {1, 1});
  collection.Delete(RowId{2});
  EXPECT_EQ(collection.count(), 1);
}

TEST(Collection, CountsRecordsThatTheFileHasAndMemoryHasNot) {
  Collection collection = Make();
  Put(&collection, 1, {1, 1});
  collection.ExpectCount(3);
  EXPECT_EQ(collection.count(), 3);
  EXPECT_EQ(collection.damaged(), 2);
  Put(&collection, 2, {1, 1});
  collection.ExpectCount(3);
  EXPECT_EQ(collection.damaged(), 1);
  collection.ExpectCount(1);
  EXPECT_EQ(collection.damaged(), 0) << "never negative";
}

TEST(Collection, NormalisesForCosineOnly) {
  Collection cosine = Make(Metric::kCosine), l2 = Make(Metric::kL2);
  for (Collection* collection : {&cosine, &l2}) {
    Put(collection, 1, {300, 0});
    Put(collection, 2, {0.7f, 0.7f});
  }
  EXPECT_EQ(Nearest(cosine, {1, 0}, 1), std::vector<int64_t>{1});
  EXPECT_EQ(Nearest(l2, {1, 0}, 1), std::vector<int64_t>{2});
  Put(&cosine, 3, {1e-18f, 1e-18f});
  EXPECT_EQ(Nearest(cosine, {std::sqrt(0.5f), std::sqrt(0.5f)}, 1), std::vector<int64_t>{3}) << "ties: newest first";
}

TEST(Collection, WithoutDimensionsHasNoVectors) {
  Collection collection(CollectionId{1}, "c", CollectionOptions());
  EXPECT_EQ(collection.vectors(), nullptr);
  Put(&collection, 1, {});
  collection.Delete(RowId{1});
  Put(&collection, 2, {});
  EXPECT_EQ(collection.count(), 1);
  EXPECT_EQ(collection.rows().size(), 1u);
}

}  // namespace
}  // namespace agentmemdb
