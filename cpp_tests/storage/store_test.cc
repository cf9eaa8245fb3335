#include "storage/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

TEST(Store, WaitsForNobodyInsideButTellsThatAnotherProcessIsWriting) {
  const TempDir dir;
  TestStore mine(dir.File("a.db")), other(dir.File("a.db"));
  const auto writing = other.Write();
  const auto refused = mine->BeginWrite();
  EXPECT_EQ(refused.status().code(), Code::kBusy);
}

TEST(Store, OpensBesideAnotherProcessThatWrites) {
  const TempDir dir;
  const TestStore other(dir.File("a.db"));
  const auto writing = other.Write();
  const TestStore mine(dir.File("a.db"));
  EXPECT_EQ(mine.version(), 0);
}

TEST(Store, GivesUpOpeningWhenAbortedWhileItWaits) {
  const TempDir dir;
  SqliteFile other(dir.File("a.db"));
  other.Run("BEGIN EXCLUSIVE; CREATE TABLE mine(x)");
  const CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(Store::Open({dir.File("a.db"), Durability::kNormal, 60000}, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(Store::Open({dir.File("a.db"), Durability::kNormal, 0}, {}).status().code(), Code::kBusy);
}

TEST(Store, ReadersInOneProcessShareTheFileWithAWriter) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  const auto writing = store.Write();
  const auto first = store.Read();
  const auto second = store.Read();
  EXPECT_EQ(Require(first->Collections()).size(), 1u);
  EXPECT_FALSE(Require(second->Has(c, "none")));
}

TEST(Store, KeepsTheLogAtCloseUnlessToldToTidy) {
  const TempDir dir;
  {
    TestStore store(dir.File("a.db"));
    store.AddCollection("c");
    EXPECT_GT(store->WalBytes(), 0);
  }
  EXPECT_TRUE(std::filesystem::exists(dir.File("a.db-wal"))) << "as after a crash";
  {
    const TestStore store(dir.File("a.db"));
    EXPECT_EQ(Require(store.Read()->Collections()).size(), 1u) << "found in the log";
    store->TidyOnClose();
  }
  EXPECT_FALSE(std::filesystem::exists(dir.File("a.db-wal")));
  const TestStore store(dir.File("a.db"));
  EXPECT_EQ(Require(store.Read()->Collections()).size(), 1u) << "found in the file";
}

TEST(Store, CopiesTheLogIntoTheFile) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  const int64_t small = store->FileBytes();
  store.Add(c, "big", std::string(100000, 'x'));
  EXPECT_GT(store->UncopiedBytes(), 100000);
  EXPECT_GE(store->LogBytes(), store->UncopiedBytes());
  EXPECT_EQ(store->FileBytes(), small);
  ASSERT_TRUE(store->Checkpoint().ok());
  EXPECT_GT(store->FileBytes(), small + 100000);
  EXPECT_EQ(store->UncopiedBytes(), 0);
  EXPECT_GT(store->WalBytes(), 100000) << "the log stays as large as it was";
  store.Add(c, "small");
  EXPECT_GT(store->UncopiedBytes(), 0);
  EXPECT_LT(store->UncopiedBytes(), 50000) << "it began anew";
}

TEST(Store, CopiesWhatReadersHoldBackLater) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  {
    const auto reading = store.Read();
    EXPECT_FALSE(Require(reading->Has(c, "big")));  // Pins its snapshot.
    store.Add(c, "big", std::string(100000, 'x'));
    ASSERT_TRUE(store->Checkpoint().ok());
    EXPECT_GT(store->UncopiedBytes(), 100000);
  }
  ASSERT_TRUE(store->Checkpoint().ok());
  EXPECT_EQ(store->UncopiedBytes(), 0);
}

TEST(Store, EmptiesALogOnceThoseWhoReadItAreDone) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  auto reading = store.Read();
  EXPECT_FALSE(Require(reading->Has(c, "big")));  // Pins its snapshot.
  store.Add(c, "big", std::string(100000, 'x'));
  EXPECT_EQ(store->EmptyLog().code(), Code::kBusy);
  EXPECT_EQ(store->EmptyLog(10).code(), Code::kBusy);

  std::atomic<bool> emptied{false};
  std::thread waiting([&] {
    EXPECT_TRUE(store->EmptyLog(60000).ok());
    emptied = true;
  });
  // Those who begin to read meanwhile, one before the other ends, neither wait nor hold it up.
  std::unique_ptr<ReadTransaction> before;
  for (int i = 0; i < 20 || !emptied; ++i) {
    std::unique_ptr<ReadTransaction> next = store.Read();
    EXPECT_TRUE(Require(next->Has(c, "big")));
    if (i == 10) reading.reset();
    before = std::move(next);
    SleepMs(1);
  }
  waiting.join();
  EXPECT_EQ(store->WalBytes(), 0);
  EXPECT_TRUE(Require(before->Has(c, "big")));
}

TEST(Store, InMemoryHasNoFiles) {
  TestStore store;
  store.Add(store.AddCollection("c"), "a");
  EXPECT_TRUE(store->in_memory());
  EXPECT_EQ(store->FileBytes(), 0);
  EXPECT_EQ(store->WalBytes(), 0);
  ASSERT_TRUE(store->Checkpoint().ok());
  EXPECT_TRUE(Require(store.Read()->Has(CollectionId{1}, "a")));
}

TEST(Store, ManyThreadsReadAtOnceWhileOneWrites) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      Version last = 0;
      while (!done) {
        const auto reading = store.Read();
        const Version version = Require(reading->Header()).change_version;
        // Version 1 made the collection, each later one a record.
        if (version < last || static_cast<Version>(RowsAfter(reading.get(), 0).size()) != version - 1) ++wrong;
        last = version;
      }
    });
  }
  for (int i = 0; i < 50; ++i) store.Add(c, Numbered("r", i));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace agentmemdb
