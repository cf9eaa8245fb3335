#include <gtest/gtest.h>

#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

// Inserts a record of that id under the next row.
RowId Insert(WriteTransaction* writing, CollectionId collection, const std::string& id) {
  RecordRow record = FullRecord(collection, writing->NextRow());
  record.id = id;
  EXPECT_TRUE(Require(writing->Insert(record)));
  return record.row;
}

TEST(WriteTransaction, KeepsNothingWithoutCommit) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  {
    const auto writing = store.Write();
    Insert(writing.get(), c, "a");
  }
  EXPECT_FALSE(Require(store.Read()->Has(c, "a")));
  EXPECT_EQ(store.version(), 1);
}

TEST(WriteTransaction, RaisesTheVersionByOne) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  {
    const auto writing = store.Write();
    Insert(writing.get(), c, "a");
    Insert(writing.get(), c, "b");
    CommitNext(writing.get());
  }
  EXPECT_EQ(store.version(), 2);
}

TEST(WriteTransaction, RollsBackToASavepointAndKeepsWhatCameBeforeAndAfter) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  auto writing = store.Write();
  Require(writing->Savepoint());
  Insert(writing.get(), c, "before");
  Require(writing->Release());
  Require(writing->Savepoint());
  Insert(writing.get(), c, "taken back");
  EXPECT_TRUE(Require(writing->Find(c, "taken back")).has_value()) << "seen inside";
  Require(writing->RollbackTo());
  EXPECT_TRUE(writing->alive());
  Require(writing->Savepoint());
  Insert(writing.get(), c, "after");
  Require(writing->Release());
  CommitNext(writing.get());
  writing.reset();
  const auto reading = store.Read();
  EXPECT_TRUE(Require(reading->Has(c, "before")));
  EXPECT_FALSE(Require(reading->Has(c, "taken back")));
  EXPECT_TRUE(Require(reading->Has(c, "after")));
}

TEST(WriteTransaction, NeverGivesARowNumberTwice) {
  const TempDir dir;
  int64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    TestStore store(dir.File("a.db"));
    const CollectionId c = round == 0 ? store.AddCollection("c") : CollectionId{1};
    for (int i = 0; i < 2; ++i) {
      const RowId row = store.Add(c, "a");
      EXPECT_GT(ToInt(row), last);
      last = ToInt(row);
      store.Delete(c, row);  // The last row of all.
    }
  }
}

TEST(WriteTransaction, NeverReusesARowOfADeletedCollection) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  const RowId row = store.Add(c, "a");
  {
    const auto writing = store.Write();
    Require(writing->DeleteCollection(c));
    CommitNext(writing.get());
  }
  const CollectionId again = store.AddCollection("c");
  EXPECT_GT(ToInt(again), ToInt(c)) << "nor its number";
  EXPECT_GT(ToInt(store.Add(again, "a")), ToInt(row));
}

TEST(WriteTransaction, NeverReusesARowWhenTheCounterWasDamaged) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  store.Add(c, "a");
  const RowId last = store.Add(c, "b");
  SqliteFile(dir.File("a.db")).Run("UPDATE sqlite_sequence SET seq=0 WHERE name='records'");
  EXPECT_GT(ToInt(store.Add(c, "d")), ToInt(last));
}

TEST(WriteTransaction, SaysThatTheFileIsDamagedWhenThereIsNoNextRow) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  store.Add(store.AddCollection("c"), "a");
  SqliteFile(dir.File("a.db")).Run("UPDATE sqlite_sequence SET seq=9223372036854775807 WHERE name='records'");
  EXPECT_EQ(store->BeginWrite().status().code(), Code::kCorrupt);
  EXPECT_TRUE(Require(store.Read()->Has(CollectionId{1}, "a"))) << "reads go on";
}

TEST(WriteTransaction, UpdatesARecordInItsRow) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  const RowId row = store.Add(c, "a", "old");
  auto writing = store.Write();
  const auto existing = Require(writing->Find(c, "a"));
  ASSERT_TRUE(existing.has_value());
  EXPECT_EQ(existing->row, row);
  EXPECT_EQ(existing->created_at, FullRecord(c, row).created_at);
  RecordRow record = FullRecord(c, row);
  record.id = "a";
  record.text.reset();
  Require(writing->Update(record));
  CommitNext(writing.get());
  writing.reset();
  const auto reading = store.Read();
  const RecordRow found = Require(reading->Find(c, "a")).value();
  EXPECT_EQ(found.row, row);
  EXPECT_FALSE(found.text.has_value());
}

TEST(WriteTransaction, FindsADamagedRecordSoThatItCanBeReplaced) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  const RowId row = store.Add(c, "a");
  SqliteFile(dir.File("a.db")).Run("UPDATE records SET text='damaged'");
  const auto existing = Require(store.Write()->Find(c, "a"));
  ASSERT_TRUE(existing.has_value());
  EXPECT_EQ(existing->row, row);
  EXPECT_FALSE(existing->created_at.has_value()) << "nothing of it can be trusted";
  store.Update(c, row, "a", "sound");
  const auto reading = store.Read();
  EXPECT_EQ(Require(reading->Find(c, "a"))->text, "sound");
}

TEST(WriteTransaction, RefusesTwoRecordsOfOneId) {
  TestStore store;
  const CollectionId c = store.AddCollection("c"), d = store.AddCollection("d");
  const auto writing = store.Write();
  Insert(writing.get(), c, "a");
  Insert(writing.get(), d, "a");
  RecordRow record = FullRecord(c, writing->NextRow());
  record.id = "a";
  EXPECT_FALSE(Require(writing->Insert(record)));
  EXPECT_TRUE(writing->alive());
  EXPECT_EQ(Require(writing->Find(c, "a"))->row, RowId{1}) << "the first one stays";
}

TEST(WriteTransaction, DeletesACollectionWithAllThatIsIts) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c"), d = store.AddCollection("d");
  store.Delete(c, store.Add(c, "gone"));
  store.Add(c, "a");
  store.Delete(d, store.Add(d, "gone"));
  store.Add(d, "a");
  {
    const auto writing = store.Write();
    Require(writing->DeleteCollection(c));
    CommitNext(writing.get());
  }
  SqliteFile file(dir.File("a.db"));
  EXPECT_EQ(file.Ask("SELECT group_concat(name) FROM collections"), "d");
  EXPECT_EQ(file.AskInteger("SELECT count(*) FROM records"), 1);
  EXPECT_EQ(file.AskInteger("SELECT count(*) FROM tombstones"), 1);
  EXPECT_EQ(file.Ask("PRAGMA integrity_check"), "ok");
}

TEST(WriteTransaction, StoresCollectionsUnderAChecksum) {
  TestStore store;
  const CollectionId c = store.AddCollection("c", "{\"dimensions\":3}");
  {
    const auto writing = store.Write();
    Require(writing->UpdateCollection({c, "c", "{\"dimensions\":3}", 17}));
    CommitNext(writing.get());
  }
  const auto collections = Require(store.Read()->Collections());
  ASSERT_EQ(collections.size(), 1u);
  EXPECT_EQ(collections[0].id, c);
  EXPECT_EQ(collections[0].name, "c");
  EXPECT_EQ(collections[0].options, "{\"dimensions\":3}");
  EXPECT_EQ(collections[0].records, 17);
}

}  // namespace
}  // namespace agentmemdb
