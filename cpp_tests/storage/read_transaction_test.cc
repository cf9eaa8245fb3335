#include <gtest/gtest.h>

#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

TEST(ReadTransaction, GivesARecordBackAsItWasWritten) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  const RecordRow full = FullRecord(c, RowId{1});
  RecordRow bare = FullRecord(c, RowId{2});
  bare.id = std::string_view("a\0b", 3);
  bare.expires_at.reset();
  bare.metadata.reset();
  bare.text.reset();
  bare.vector.reset();
  {
    const auto writing = store.Write();
    Require(writing->Insert(full));
    Require(writing->Insert(bare));
    CommitNext(writing.get());
  }
  const auto reading = store.Read();
  for (const RecordRow& expected : {full, bare}) {
    const RecordRow found = Require(reading->Find(c, expected.id)).value();
    EXPECT_EQ(found.row, expected.row);
    EXPECT_EQ(found.collection, expected.collection);
    EXPECT_EQ(found.id, expected.id);
    EXPECT_EQ(found.version, expected.version);
    EXPECT_EQ(found.created_at, expected.created_at);
    EXPECT_EQ(found.updated_at, expected.updated_at);
    EXPECT_EQ(found.expires_at, expected.expires_at);
    EXPECT_EQ(found.metadata, expected.metadata);
    EXPECT_EQ(found.text, expected.text);
    EXPECT_EQ(found.vector, expected.vector);
    EXPECT_EQ(Require(reading->FindRow(expected.row))->id, expected.id);
  }
}

TEST(ReadTransaction, FindsNothingUnderAnotherNameOrInAnotherCollection) {
  TestStore store;
  const CollectionId c = store.AddCollection("c"), d = store.AddCollection("d");
  store.Add(c, "a");
  const auto reading = store.Read();
  EXPECT_FALSE(Require(reading->Find(c, "A")).has_value());
  EXPECT_FALSE(Require(reading->Find(c, "a ")).has_value());
  EXPECT_FALSE(Require(reading->Find(d, "a")).has_value());
  EXPECT_FALSE(Require(reading->FindRow(RowId{2})).has_value());
  EXPECT_TRUE(Require(reading->Has(c, "a")));
  EXPECT_FALSE(Require(reading->Has(d, "a")));
}

TEST(ReadTransaction, SeesOneStateHoweverMuchIsWrittenMeanwhile) {
  const TempDir dir;
  TestStore store(dir.File("a.db")), other(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  const RowId row = store.Add(c, "a", "old");
  const auto reading = store.Read();
  const Version before = Require(reading->Header()).change_version;
  other.Update(c, row, "a", "new");
  other.Add(c, "b");
  other.AddCollection("d");
  EXPECT_EQ(Require(reading->Header()).change_version, before);
  EXPECT_EQ(Require(reading->Find(c, "a"))->text, "old");
  EXPECT_FALSE(Require(reading->Has(c, "b")));
  EXPECT_EQ(RowsAfter(reading.get(), 0).size(), 1u);
  EXPECT_EQ(Require(reading->Collections()).size(), 1u);
  EXPECT_EQ(Require(store.Read()->Find(c, "a"))->text, "new");
}

// A SELECT left at its row kept the snapshot of a connection alive beyond the transaction.
TEST(ReadTransaction, EndsItsSnapshotWhateverWasReadLast) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c");
  const RowId row = store.Add(c, "a", "old");
  for (int i = 0; i < 4; ++i) {
    {
      const auto reading = store.Read();
      const bool found = i == 0   ? Require(reading->Find(c, "a")).has_value()
                         : i == 1 ? Require(reading->FindRow(row)).has_value()
                         : i == 2 ? Require(reading->Has(c, "a"))
                                  : RowsAfter(reading.get(), 0).size() == 1;
      EXPECT_TRUE(found);
    }
    const std::string text = Numbered("new ", i);
    store.Update(c, row, "a", text);
    const auto reading = store.Read();
    EXPECT_EQ(Require(reading->Header()).change_version, 3 + i);
    EXPECT_EQ(Require(reading->Find(c, "a"))->text, text);
  }
}

TEST(ReadTransaction, ScansRecordsWrittenAfterAVersion) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  const RowId a = store.Add(c, "a"), b = store.Add(c, "b"), d = store.Add(c, "d");
  store.Update(c, a, "a", "again");
  const auto reading = store.Read();
  EXPECT_EQ(RowsAfter(reading.get(), 0), (std::vector<int64_t>{ToInt(a), ToInt(b), ToInt(d)}));
  EXPECT_EQ(RowsAfter(reading.get(), 3), (std::vector<int64_t>{ToInt(d), ToInt(a)})) << "as they were written";
  EXPECT_TRUE(RowsAfter(reading.get(), 5).empty());
}

TEST(ReadTransaction, ScansWhatWasDeletedAfterAVersion) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  const RowId a = store.Add(c, "a"), b = store.Add(c, "b");
  store.Delete(c, b);
  store.Delete(c, a);
  const auto deleted_after = [&](Version version) {
    std::vector<int64_t> rows;
    Require(store.Read()->ScanTombstones(version, [&](CollectionId collection, RowId row) {
      EXPECT_EQ(collection, c);
      rows.push_back(ToInt(row));
    }));
    return rows;
  };
  EXPECT_EQ(deleted_after(0), (std::vector<int64_t>{ToInt(b), ToInt(a)}));
  EXPECT_EQ(deleted_after(4), (std::vector<int64_t>{ToInt(a)}));
  EXPECT_TRUE(deleted_after(5).empty());
}

TEST(ReadTransaction, AScanStopsWhenItsCallIsAborted) {
  TestStore store;
  const CollectionId c = store.AddCollection("c");
  {
    const auto writing = store.Write();
    for (int i = 0; i < 300; ++i) {
      const std::string id = std::to_string(i);
      RecordRow record = FullRecord(c, writing->NextRow());
      record.id = id;
      Require(writing->Insert(record));
    }
    CommitNext(writing.get());
  }
  const CancelToken cancel;
  cancel.Cancel();
  int64_t damaged = 0;
  EXPECT_EQ(store.Read()
                ->ScanRecords(
                    0, cancel, [](const RecordRow&) {}, &damaged)
                .code(),
            Code::kAborted);
}

// Every way in which a stored field can differ from what was written.
TEST(ReadTransaction, RefusesARecordWhoseStoredFieldsWereChangedAndKeepsTheOthers) {
  for (const char* change :
       {"version=version+1", "created_at=created_at-1", "updated_at='x'", "expires_at=NULL", "crc=crc+1", "crc='x'",
        "crc=crc+4294967296", "metadata='{}'", "metadata=NULL", "metadata=CAST(metadata AS BLOB)", "text='other'",
        "text=NULL", "text=1", "vector=zeroblob(8)", "vector=NULL", "vector='text'"}) {
    const TempDir dir;
    TestStore store(dir.File("a.db"));
    const CollectionId c = store.AddCollection("c");
    const RowId good = store.Add(c, "good"), bad = store.Add(c, "bad"), last = store.Add(c, "last");
    const std::string sql = std::string("UPDATE records SET ") + change + " WHERE id='bad'";
    SqliteFile(dir.File("a.db")).Run(sql);
    const auto reading = store.Read();
    const auto found = reading->Find(c, "bad");
    EXPECT_EQ(found.status().code(), Code::kCorrupt) << change;
    EXPECT_EQ(found.status().id(), "bad") << change;
    EXPECT_EQ(found.status().path(), dir.File("a.db"));
    EXPECT_NE(found.status().message().find("row " + std::to_string(ToInt(bad))), std::string::npos);
    EXPECT_EQ(reading->FindRow(bad).status().id(), "bad") << change;
    EXPECT_TRUE(Require(reading->Find(c, "good")).has_value());
    int64_t damaged = 0;
    EXPECT_EQ(RowsAfter(reading.get(), 0, &damaged), (std::vector<int64_t>{ToInt(good), ToInt(last)})) << change;
    EXPECT_EQ(damaged, 1) << change;
  }
}

TEST(ReadTransaction, RefusesARecordThatStandsUnderAnotherIdOrCollection) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId c = store.AddCollection("c"), d = store.AddCollection("d");
  store.Add(c, "a");
  store.Add(c, "b");
  SqliteFile(dir.File("a.db"))
      .Run("UPDATE records SET id='z' WHERE id='a'; UPDATE records SET collection=2 WHERE id='b'");
  const auto reading = store.Read();
  EXPECT_EQ(reading->Find(c, "z").status().code(), Code::kCorrupt);
  EXPECT_EQ(reading->Find(d, "b").status().code(), Code::kCorrupt);
}

TEST(ReadTransaction, RefusesACollectionWhoseRowWasChanged) {
  for (const char* change : {"name='other'", "options='[]'", "records=records+1", "crc=0", "name=x'63'"}) {
    const TempDir dir;
    TestStore store(dir.File("a.db"));
    store.AddCollection("c");
    SqliteFile(dir.File("a.db")).Run(std::string("UPDATE collections SET ") + change);
    EXPECT_EQ(store.Read()->Collections().status().code(), Code::kCorrupt) << change;
  }
}

}  // namespace
}  // namespace agentmemdb
