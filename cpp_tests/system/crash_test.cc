// A process that is killed loses nothing it was told is stored.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "support/child_process.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr int kBatch = 5;

std::vector<TestRecord> Batch(int number) {
  std::vector<TestRecord> records;
  for (int i = 0; i < kBatch; ++i)
    records.push_back(
        {Numbered(Numbered("b", number) + "-", i), {static_cast<float>(number), static_cast<float>(i)}, {}, {}});
  return records;
}

TEST(Crash, WhatWasAcknowledgedBeforeAKillIsThereAfterReopening) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const TempDir dir;
  const std::string path = dir.File("a.db");
  CollectionId c{};
  {
    TestDatabase db(path);
    c = db.Create("c", Graph(2, Metric::kL2, 10));
  }
  int next = 0;
  for (int round = 0; round < 6; ++round) {
    std::optional<TestDatabase> theirs;
    ChildProcess child([&](int number) {
      if (!theirs) theirs.emplace(path, Durability::kFull);
      theirs->Add(c, Batch(number));
      Require(theirs->get()->RunBackground(100, {}));
      return true;
    });
    const int acknowledged = next + 1 + static_cast<int>(random.Below(10));
    for (; next < acknowledged; ++next) ASSERT_TRUE(child.Run(next));
    // One more is on its way when the process dies.
    ASSERT_TRUE(child.Start(next));
    for (uint64_t spin = random.Below(3000); spin > 0; --spin) std::this_thread::yield();
    child.Kill();

    TestDatabase db(path);
    const int64_t count = db.Count(c);
    ASSERT_TRUE(count == next * kBatch || count == (next + 1) * kBatch) << count << " after " << next << " batches";
    if (count > next * kBatch) ++next;
    for (int number = 0; number < next; ++number) {
      for (const TestRecord& record : Batch(number)) ASSERT_EQ(db.Get(c, record.id)->vector, record.vector);
    }
    EXPECT_EQ(db.Stats(c).damaged, 0);
    EXPECT_EQ(db.SearchIds(c, {0, 0}, 1), std::vector<std::string>{"b0-0"});
  }
  EXPECT_EQ(SqliteFile(path).Ask("PRAGMA integrity_check"), "ok");
}

TEST(Crash, AProcessKilledWhileItWritesDoesNotBlockTheOthers) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  std::optional<TestDatabase> theirs;
  ChildProcess child([&](int) {
    if (!theirs) theirs.emplace(path);
    const CollectionId c = theirs->Find("c");
    for (int i = 0;; ++i) theirs->Upsert(c, {{Numbered("r", i % 50), {}, std::string(2000, 'x'), {}}});
    return true;
  });
  TestDatabase db(path);
  const CollectionId c = db.Create("c", {});
  ASSERT_TRUE(child.Start(0));
  while (db.Count(c) < 50) SleepMs(1);
  child.Kill();
  db.Add(c, {{"mine", {}, {}, {}}});
  EXPECT_TRUE(db.Has(c, "mine"));
  EXPECT_EQ(db.Count(c), 51);
}

}  // namespace
}  // namespace agentmemdb
