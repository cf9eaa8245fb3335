#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

std::vector<TestRecord> RandomRecords(int count, uint32_t dimensions, Random* random, const char* prefix = "r") {
  std::vector<TestRecord> records;
  for (int i = 0; i < count; ++i) records.push_back({Numbered(prefix, i), RandomVector(dimensions, random), {}, {}});
  return records;
}

uint32_t Linked(const TestDatabase& db, CollectionId collection) { return db.Stats(collection).index->linked; }

TEST(Indexer, LinksEverythingInSlices) {
  Random random(1);
  TestDatabase db;
  const CollectionId c = db.Create("c", Graph(4, Metric::kL2, 0));
  EXPECT_FALSE(db.get()->HasBackgroundWork());
  db.Add(c, RandomRecords(30, 4, &random));
  EXPECT_TRUE(db.get()->HasBackgroundWork());
  // A slice without time does one piece of the work.
  uint32_t slices = 1;
  for (uint32_t linked = 0; Require(db.get()->RunBackground(0, {})); ++slices) {
    EXPECT_LE(Linked(db, c) - linked, 1u);
    linked = Linked(db, c);
  }
  EXPECT_GT(slices, 30u);
  EXPECT_EQ(Linked(db, c), 30u);
  EXPECT_FALSE(db.get()->HasBackgroundWork());
  EXPECT_FALSE(Require(db.get()->RunBackground(1000000, {})));
}

TEST(Indexer, ServesCollectionsInTurn) {
  Random random(2);
  TestDatabase db;
  std::vector<CollectionId> collections;
  for (const char* name : {"a", "b", "d"}) {
    collections.push_back(db.Create(name, Graph(4, Metric::kL2, 0)));
    db.Add(collections.back(), RandomRecords(10, 4, &random));
  }
  for (int slice = 0; slice < 45; ++slice) Require(db.get()->RunBackground(0, {}));
  for (const CollectionId c : collections) EXPECT_EQ(Linked(db, c), Linked(db, collections[0]));
  EXPECT_GT(Linked(db, collections[0]), 2u);
  db.Link();
  for (const CollectionId c : collections) EXPECT_EQ(Linked(db, c), 10u);
}

TEST(Indexer, HasNothingToDoForSmallOrPlainCollections) {
  Random random(3);
  TestDatabase db;
  db.Add(db.Create("small", Graph(4, Metric::kL2, 11)), RandomRecords(10, 4, &random));
  db.Add(db.Create("plain", {}), {{"a", {}, {}, {}}});
  EXPECT_FALSE(db.get()->HasBackgroundWork());
  EXPECT_FALSE(Require(db.get()->RunBackground(0, {})));
}

TEST(Indexer, LinksUpToAMark) {
  Random random(4);
  TestDatabase db;
  const CollectionId c = db.Create("c", Graph(4, Metric::kL2, 0));
  db.Add(c, RandomRecords(10, 4, &random, "a"));
  const uint64_t mark = Require(AddedMark(db.get(), c, {}));
  db.Add(c, RandomRecords(10, 4, &random, "b"));
  int slices = 1;
  for (; !Require(db.get()->LinkUpTo(c, mark, 0, {})); ++slices) ASSERT_LT(slices, 1000);
  EXPECT_GT(slices, 10);
  EXPECT_EQ(Linked(db, c), 10u) << "what came later waits";
  EXPECT_TRUE(Require(db.get()->LinkUpTo(c, mark, 0, {})));
  EXPECT_EQ(Linked(db, c), 10u);
  EXPECT_TRUE(Require(db.get()->LinkUpTo(c, Require(AddedMark(db.get(), c, {})), 60000000, {})));
  EXPECT_EQ(Linked(db, c), 20u);
}

TEST(Indexer, AMarkIsReachedToByRemoving) {
  Random random(5);
  TestDatabase db;
  const CollectionId c = db.Create("c", Graph(4, Metric::kL2, 0));
  db.Add(c, RandomRecords(10, 4, &random));
  const uint64_t mark = Require(AddedMark(db.get(), c, {}));
  for (int i = 0; i < 10; ++i) db.Delete(c, Numbered("r", i));
  EXPECT_TRUE(Require(db.get()->LinkUpTo(c, mark, 60000000, {})));
  EXPECT_EQ(Linked(db, c), 0u);
}

TEST(Indexer, TellsOfDeletedCollectionsAndAborts) {
  Random random(6);
  TestDatabase db;
  const CollectionId c = db.Create("c", Graph(4, Metric::kL2, 0));
  db.Add(c, RandomRecords(10, 4, &random));
  const CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(db.get()->LinkUpTo(c, UINT64_MAX, 1000000, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(db.get()->RunBackground(1000000, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(Linked(db, c), 0u);
  db.DropCollection("c");
  EXPECT_EQ(db.get()->LinkUpTo(c, UINT64_MAX, 1000000, {}).status().code(), Code::kNotFound);
  EXPECT_FALSE(Require(db.get()->RunBackground(1000000, {})));
}

TEST(Indexer, KeepsTheLogBoundedBesideSteadyWrites) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  int64_t largest = 0;
  for (int i = 0; i < 40; ++i) {
    db.Add(c, {{Numbered("r", i), {}, std::string(9 << 20, 'x'), {}}});
    largest = std::max(largest, db.get()->stats().wal_bytes);
  }
  EXPECT_LT(largest, 280 << 20) << "nobody copied it but commits";
  EXPECT_GT(db.get()->stats().file_bytes, 100 << 20);
}

// At every moment somebody reads what was there some commits ago. Of a text that stays the same SQLite would write no page.
TEST(Indexer, BoundsTheLogWhereReadsOverlapAllTheTime) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  constexpr int kReadMs = 100;
  std::atomic<int> begun{0};
  std::atomic<bool> stop{false};
  const auto read = [&] {
    while (!stop) {
      Require(db.get()->ReadFile([&](ReadTransaction* rows) -> Status {
        RETURN_IF_ERROR(rows->Header().status());  // Pins its snapshot.
        ++begun;
        SleepMs(kReadMs);
        return {};
      }));
    }
  };
  std::thread first(read);
  SleepMs(kReadMs / 2);
  std::thread second(read);
  int64_t largest = 0;
  for (int i = 0; i < 50; ++i) {
    db.Upsert(c, {{Numbered("r", i % 5), {}, std::string(9 << 20, static_cast<char>('a' + i % 26)), {}}});
    largest = std::max(largest, db.get()->stats().wal_bytes);
  }
  stop = true;
  first.join();
  second.join();
  EXPECT_LT(largest, 400 << 20) << "450 MiB were written, beside " << begun << " reads";
}

TEST(Indexer, CopiesALongLogIntoTheFile) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  db.Add(c, {{Numbered("r", 0), {}, std::string(5 << 20, 'x'), {}}});
  EXPECT_FALSE(db.get()->HasLogToCopy());
  db.get()->CopyLog();
  EXPECT_LT(db.get()->stats().file_bytes, 1 << 20) << "not long enough";
  db.Add(c, {{Numbered("r", 1), {}, std::string(5 << 20, 'x'), {}}});
  EXPECT_TRUE(db.get()->HasLogToCopy());
  db.get()->CopyLog();
  EXPECT_FALSE(db.get()->HasLogToCopy());
  EXPECT_GT(db.get()->stats().file_bytes, 10 << 20);
  db.Add(c, {{"next", {}, "reuses the log from its start", {}}});
  EXPECT_EQ(db.Get(c, "r1")->text->size(), size_t{5} << 20);
}

TEST(Indexer, SearchesAreRightWhileItLinks) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  TestDatabase db;
  const uint32_t count = kSanitized ? 200 : 600;
  const CollectionId c = db.Create("c", Graph(8, Metric::kL2, 0));
  const std::vector<TestRecord> records = RandomRecords(static_cast<int>(count), 8, &random);
  db.Add(c, records);
  std::thread linker([&] {
    while (Require(db.get()->RunBackground(200, {}))) {
    }
  });
  int searches = 0, missed = 0;
  do {
    const TestRecord& record = records[random.Below(count)];
    const SearchOutput output = db.Search(c, record.vector, 5);
    ASSERT_EQ(output.hits.size(), 5u);
    ASSERT_EQ(db.SearchIds(c, record.vector, 1, true).front(), record.id) << "the exact search";
    // What was just added waits in the tail, and is found for sure.
    const std::string id = Numbered("new", searches);
    const std::vector<float> vector = RandomVector(8, &random);
    db.Add(c, {{id, vector, {}, {}}});
    ASSERT_EQ(db.SearchIds(c, vector, 1, true).front(), id);
    ++searches;
    if (output.hits.front().record.id != record.id) ++missed;
  } while (db.get()->HasBackgroundWork() && searches < 500);
  linker.join();
  EXPECT_LE(missed, searches / 20 + 1);
  db.Link();
  EXPECT_EQ(Linked(db, c), count + static_cast<uint32_t>(searches));
}

}  // namespace
}  // namespace agentmemdb
