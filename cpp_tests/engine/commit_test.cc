#include "engine/commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_disk.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

using Strings = std::vector<std::string>;

Version VersionOf(const TestDatabase& db) { return db.get()->stats().change_version; }

TEST(Commit, IsSeenByEveryReadThatFollows) {
  const TempDir dir;
  for (const std::string& path : {std::string(":memory:"), dir.File("a.db")}) {
    TestDatabase db(path);
    const CollectionId c = db.Create("c", Vectors(2));
    for (int i = 0; i < 20; ++i) {
      const std::string id = Numbered("r", i);
      const std::vector<float> vector = {static_cast<float>(i), 1};
      db.Add(c, {{id, vector, "text of " + id, "{\"i\":1}"}});
      ASSERT_TRUE(db.Has(c, id));
      ASSERT_EQ(db.Get(c, id)->text, "text of " + id);
      ASSERT_EQ(db.Count(c), i + 1);
      ASSERT_EQ(db.SearchIds(c, vector, 1), Strings{id});
    }
    EXPECT_TRUE(db.Delete(c, "r7"));
    EXPECT_FALSE(db.Get(c, "r7").has_value());
    EXPECT_EQ(db.SearchIds(c, {7, 1}, 2), (Strings{"r8", "r6"}));
    EXPECT_EQ(db.Count(c), 19);
  }
}

// So many numbers that another thread stages them while the transaction commits.
std::vector<TestRecord> LargeWrite(const std::string& prefix, Random* random) {
  std::vector<TestRecord> records;
  for (int i = 0; i < 300; ++i) records.push_back({Numbered(prefix, i), RandomVector(256, random), {}, {}});
  return records;
}

TEST(Commit, OfMuchIsFoundAtOnceBesideSearches) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Graph(256, Metric::kCosine, 0));
  db.Add(c, LargeWrite("first", &random));
  std::atomic<bool> done{false};
  const std::vector<float> query = RandomVector(256, &random);
  std::thread searching([&] {
    while (!done) ASSERT_EQ(db.SearchIds(c, query, 10).size(), 10u);
  });
  for (int round = 0; round < (kSanitized ? 3 : 10); ++round) {
    const std::vector<TestRecord> records = LargeWrite(Numbered("r", round) + "-", &random);
    db.Add(c, records);
    for (size_t i = 0; i < records.size(); i += 50)
      EXPECT_EQ(db.SearchIds(c, records[i].vector, 1), Strings{records[i].id});
  }
  done = true;
  searching.join();
}

TEST(Commit, OfMuchThatFailsLeavesNothing) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const TempDir dir;
  TestDatabase db(dir.File("a.db"), Durability::kFull);
  const CollectionId c = db.Create("c", Graph(256, Metric::kCosine, 0));
  const std::vector<TestRecord> kept = LargeWrite("kept", &random);
  db.Add(c, kept);
  FailDisk({.word = "a.db", .calls = kDiskSync, .nth = 1});
  Status failed;
  const std::vector<TestRecord> lost = LargeWrite("lost", &random);
  db.Add(c, lost, &failed);
  HealDisk();
  EXPECT_EQ(failed.code(), Code::kIo);
  EXPECT_EQ(db.Count(c), 300);
  for (size_t i = 0; i < 300; i += 50) {
    EXPECT_EQ(db.SearchIds(c, kept[i].vector, 1), Strings{kept[i].id});
    EXPECT_NE(db.SearchIds(c, lost[i].vector, 1), Strings{lost[i].id});
  }
}

TEST(Commit, AFailedCallLeavesTheOthersOfItsGroupCommitted) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"there", {0}, {}, {}}});
  Group group;
  const WriteCall* first = group.Add(c, {{"a", {1}, {}, {}}});
  const WriteCall* fails = group.Add(c, {{"b", {2}, {}, {}}, {"there", {3}, {}, {}}, {"d", {4}, {}, {}}});
  const WriteCall* invalid = group.Add(c, {{"e", {1, 2}, {}, {}}});
  const WriteCall* last = group.Upsert(c, {{"there", {5}, {}, {}}});
  group.Commit(db.get());
  EXPECT_TRUE(first->status.ok());
  EXPECT_EQ(fails->status.code(), Code::kAlreadyExists);
  EXPECT_EQ(fails->status.id(), "there");
  EXPECT_EQ(fails->status.argument(), "records[1].id");
  EXPECT_EQ(invalid->status.argument(), "record.vector");
  EXPECT_TRUE(last->status.ok());
  EXPECT_EQ(db.SearchIds(c, {5}, 10), (Strings{"there", "a"})) << "nothing of the failed call is found";
  EXPECT_FALSE(db.Has(c, "b"));
  EXPECT_EQ(db.Count(c), 2);
}

TEST(Commit, EachCallOfAGroupHasAVersionOfItsOwn) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  const Version before = VersionOf(db);
  Group group;
  const WriteCall* calls[] = {group.Add(c, {{"a", {}, {}, {}}}), group.Add(c, {{"b", {}, {}, {}}, {"c", {}, {}, {}}}),
                              group.Create("d", {}), group.Delete(c, "a")};
  const WriteCall* of_nothing = group.Delete(c, "missing");
  const WriteCall* fails = group.Add(c, {{"e", {}, {}, {}}, {"b", {}, {}, {}}});
  const WriteCall* last = group.Upsert(c, {{"b", {}, {}, {}}});
  group.Commit(db.get());
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(calls[i]->status.ok());
    EXPECT_EQ(calls[i]->version, before + 1 + i);
  }
  EXPECT_EQ(of_nothing->version, before + 4);
  EXPECT_EQ(fails->status.code(), Code::kAlreadyExists);
  EXPECT_EQ(last->version, before + 5);
  EXPECT_EQ(VersionOf(db), before + 5);
  EXPECT_EQ(db.Get(c, "b")->version, before + 5);
  EXPECT_EQ(db.Get(c, "c")->version, before + 2);
  EXPECT_EQ(db.Add(c, {{"e", {}, {}, {}}}), before + 6);
}

TEST(Commit, OfNothingRaisesNothing) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  db.Add(c, {{"a", {}, {}, {}}});
  const Version before = VersionOf(db);
  EXPECT_FALSE(db.Delete(c, "missing"));
  EXPECT_FALSE(db.DropCollection("missing"));
  Status status;
  db.Add(c, {{"a", {}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kAlreadyExists);
  db.Add(c, {});
  EXPECT_EQ(VersionOf(db), before);
}

TEST(Commit, CountsTransactionsAndTheCallsTheyCarried) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  const DatabaseStats before = db.get()->stats();
  Group group;
  for (int i = 0; i < 10; ++i) group.Add(c, {{Numbered("r", i), {}, {}, {}}});
  group.Commit(db.get());
  const DatabaseStats after = db.get()->stats();
  EXPECT_EQ(after.write_groups, before.write_groups + 1);
  EXPECT_EQ(after.write_calls, before.write_calls + 10);
  EXPECT_EQ(after.records, 10);
}

TEST(Commit, ADuplicateWithinAddManyRefusesAllOfIt) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  Status status;
  db.Add(c, {{"a", {}, {}, {}}, {"b", {}, {}, {}}, {"a", {}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kAlreadyExists);
  EXPECT_EQ(status.id(), "a");
  EXPECT_EQ(db.Count(c), 0);
}

TEST(Commit, OfEqualIdsInOneUpsertManyTheLastWins) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  Group group;
  WriteCall* call = group.Upsert(c, {{"a", {1}, "first", {}}, {"b", {5}, {}, {}}, {"a", {9}, "last", {}}});
  group.Commit(db.get());
  ASSERT_TRUE(call->status.ok());
  EXPECT_EQ(OpOf<PutOp>(call).inserted, 2u);
  EXPECT_EQ(OpOf<PutOp>(call).updated, 1u);
  EXPECT_EQ(db.Get(c, "a")->text, "last");
  EXPECT_EQ(db.Count(c), 2);
  EXPECT_EQ(db.SearchIds(c, {1}, 10), (Strings{"b", "a"}));
  EXPECT_EQ(db.Stats(c).vectors, 2);
}

TEST(Commit, UpsertKeepsRowAndCreatedAt) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, "old", "{\"x\":1}"}, {"b", {1}, {}, {}}});
  const RecordOutput before = db.Get(c, "a").value();
  const int64_t row = SqliteFile(dir.File("a.db")).AskInteger("SELECT row FROM records WHERE id='a'");
  SleepMs(5);
  const Version version = db.Upsert(c, {{"a", {1}, "new", {}}});
  const RecordOutput after = db.Get(c, "a").value();
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_NE(after.updated_at, before.updated_at);
  EXPECT_EQ(after.version, version);
  EXPECT_EQ(SqliteFile(dir.File("a.db")).AskInteger("SELECT row FROM records WHERE id='a'"), row);
  EXPECT_EQ(db.SearchIds(c, {1}, 2), (Strings{"b", "a"}))
      << "equal distances: the newer row first, whatever was written last";
}

TEST(Commit, UpsertReplacesTheWholeRecord) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  db.Upsert(c, {{"a", {1}, "text", "{\"x\":1}"}});
  db.Upsert(c, {{"a", {}, {}, {}}});
  const RecordOutput record = db.Get(c, "a").value();
  EXPECT_FALSE(record.text.has_value());
  EXPECT_FALSE(record.metadata.has_value());
  EXPECT_TRUE(record.vector.empty());
  EXPECT_TRUE(db.SearchIds(c, {1}, 10).empty());
  EXPECT_EQ(db.Count(c), 1);
}

TEST(Commit, AnIdIsTakenPerCollection) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {}), d = db.Create("d", {});
  db.Add(c, {{"a", {}, "in c", {}}});
  db.Add(d, {{"a", {}, "in d", {}}});
  EXPECT_TRUE(db.Delete(c, "a"));
  EXPECT_EQ(db.Get(d, "a")->text, "in d");
}

TEST(Commit, MakesIdsThatAscend) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  Group group;
  WriteCall* call = group.Add(c, {{"", {}, {}, {}}, {"", {}, {}, {}}, {"mine", {}, {}, {}}});
  group.Commit(db.get());
  ASSERT_TRUE(call->status.ok());
  const auto& records = OpOf<PutOp>(call).batch.records;
  EXPECT_EQ(records[0].id.size(), 36u);
  EXPECT_LT(records[0].id, records[1].id);
  EXPECT_TRUE(db.Has(c, records[0].id));
  EXPECT_EQ(records[2].id, "mine");
}

TEST(Commit, AnAbortedCallIsLeftOutAndTheOthersAreNot) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  Group group;
  const WriteCall* first = group.Add(c, {{"a", {}, {}, {}}});
  const WriteCall* aborted = group.Add(c, {{"b", {}, {}, {}}});
  aborted->cancel.Cancel();
  WriteCall* late = group.Add(c, {{"d", {}, {}, {}}});
  late->cancel.set_deadline_micros(1);
  const WriteCall* last = group.Add(c, {{"e", {}, {}, {}}});
  group.Commit(db.get());
  EXPECT_TRUE(first->status.ok());
  EXPECT_EQ(aborted->status.code(), Code::kAborted);
  EXPECT_EQ(late->status.code(), Code::kTimeout);
  EXPECT_TRUE(last->status.ok());
  EXPECT_EQ(db.Count(c), 2);
}

TEST(Commit, OfAbortedCallsAloneDoesNothing) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  const Version before = VersionOf(db);
  Group group;
  const WriteCall* call = group.Add(c, {{"a", {}, {}, {}}});
  call->cancel.Cancel();
  group.Commit(db.get());
  EXPECT_EQ(call->status.code(), Code::kAborted);
  EXPECT_EQ(VersionOf(db), before);
}

TEST(Commit, CallsOfAGroupSeeEachOtherInOrder) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  Group group;
  const WriteCall* add = group.Add(c, {{"a", {1}, {}, {}}});
  const WriteCall* again = group.Add(c, {{"a", {2}, {}, {}}});
  WriteCall* remove = group.Delete(c, "a");
  WriteCall* nothing = group.Delete(c, "a");
  const WriteCall* anew = group.Add(c, {{"a", {3}, "third", {}}});
  group.Commit(db.get());
  EXPECT_TRUE(add->status.ok());
  EXPECT_EQ(again->status.code(), Code::kAlreadyExists);
  EXPECT_TRUE(OpOf<DeleteOp>(remove).deleted);
  EXPECT_FALSE(OpOf<DeleteOp>(nothing).deleted);
  EXPECT_TRUE(anew->status.ok());
  EXPECT_EQ(db.Get(c, "a")->text, "third");
  EXPECT_EQ(db.Count(c), 1);
  EXPECT_EQ(db.Stats(c).vectors, 1);
}

TEST(Commit, WaitsForAnotherProcessAndGivesUpAfterTheTimeout) {
  const TempDir dir;
  const auto db = Require(Database::Open({dir.File("a.db"), Durability::kNormal, 1}, {}));
  Group create;
  const WriteCall* created = create.Create("c", {});
  create.Commit(db.get());
  const CollectionId c = OpOf<CreateCollectionOp>(created).collection;

  TestStore other(dir.File("a.db"));
  Group group;
  const WriteCall* call = group.Add(c, {{"a", {}, {}, {}}});
  {
    const auto writing = other.Write();
    group.Commit(db.get());
    EXPECT_EQ(call->status.code(), Code::kBusy);
  }
  EXPECT_FALSE(Require(Has(db.get(), c, "a", {})));
  group.Commit(db.get());
  EXPECT_TRUE(call->status.ok());
  EXPECT_TRUE(Require(Has(db.get(), c, "a", {})));
}

TEST(Commit, AnAbortIsSeenWhileAnotherProcessIsWaitedFor) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  TestStore other(dir.File("a.db"));
  const auto writing = other.Write();
  Group group;
  WriteCall* call = group.Add(c, {{"a", {}, {}, {}}});
  call->cancel.set_deadline_micros(MonotonicMicros() + 30000);
  group.Commit(db.get());
  EXPECT_EQ(call->status.code(), Code::kTimeout);
}

}  // namespace
}  // namespace agentmemdb
