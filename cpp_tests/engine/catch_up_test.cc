// What another process commits is seen by the next read.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"
#include "support/two_processes.h"

namespace agentmemdb {
namespace {

using Strings = std::vector<std::string>;

TEST(CatchUp, SeesRecordsAnotherProcessAddsReplacesAndDeletes) {
  TwoProcesses two({
      [](TestDatabase& db) {
        db.Add(db.Find("c"), {{"b", {2}, "theirs", {}}, {"d", {3}, {}, {}}});
      },
      [](TestDatabase& db) {
        db.Upsert(db.Find("c"), {{"a", {9}, "replaced", {}}});
      },
      [](TestDatabase& db) { db.Delete(db.Find("c"), "d"); },
      [](TestDatabase& db) {
        db.Add(db.Find("c"), {{"short-lived", {5}, {}, {}}});
        db.Delete(db.Find("c"), "short-lived");
        db.Delete(db.Find("c"), "a");
        db.Add(db.Find("c"), {{"a", {4}, "anew", {}}});
      },
  });
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, "mine", {}}});
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.SearchIds(c, {0}, 10), (Strings{"a", "b", "d"}));
  EXPECT_EQ(db.Get(c, "b")->text, "theirs");
  EXPECT_EQ(db.Count(c), 3);
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.Get(c, "a")->text, "replaced");
  EXPECT_EQ(db.SearchIds(c, {0}, 10), (Strings{"b", "d", "a"}));
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.Count(c), 2);
  EXPECT_FALSE(db.Has(c, "d"));
  EXPECT_EQ(db.SearchIds(c, {0}, 10), (Strings{"b", "a"}));
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.SearchIds(c, {0}, 10), (Strings{"b", "a"}));
  EXPECT_EQ(db.Search(c, {4}, 1).hits[0].record.text, "anew");
  EXPECT_EQ(db.Stats(c).vectors, 2);
  EXPECT_EQ(db.Stats(c).damaged, 0);
}

TEST(CatchUp, SeesCollectionsAnotherProcessMakesAndDrops) {
  TwoProcesses two({
      [](TestDatabase& db) {
        db.Add(db.Create("theirs", Vectors(2)), {{"a", {1, 2}, {}, {}}});
      },
      [](TestDatabase& db) { db.DropCollection("c"); },
      [](TestDatabase& db) {
        db.Add(db.Create("c", Vectors(3)), {{"b", {1, 2, 3}, {}, {}}});
      },
  });
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, {}, {}}});
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.SearchIds(db.Find("theirs"), {1, 2}, 5), Strings{"a"});
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(Count(db.get(), c, {}).status().code(), Code::kNotFound);
  EXPECT_EQ(Require(ListCollections(db.get(), {})).size(), 1u);
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(Get(db.get(), c, "a", {}, {}).status().code(), Code::kNotFound) << "the old one stays gone";
  EXPECT_EQ(db.SearchIds(db.Find("c"), {1, 2, 3}, 5), Strings{"b"});
}

TEST(CatchUp, AWriteIsCheckedAgainstWhatOthersWrote) {
  TwoProcesses two({
      [](TestDatabase& db) {
        db.Add(db.Find("c"), {{"a", {1}, "theirs", {}}});
      },
      [](TestDatabase& db) { db.DropCollection("c"); },
      [](TestDatabase& db) { db.Create("d", Vectors(7)); },
  });
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(1));
  ASSERT_TRUE(two.Next());
  Status status;
  db.Add(c, {{"a", {2}, "mine", {}}}, &status);
  EXPECT_EQ(status.code(), Code::kAlreadyExists) << "no read came between";
  EXPECT_EQ(db.Get(c, "a")->text, "theirs");
  ASSERT_TRUE(two.Next());
  db.Add(c, {{"b", {2}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kNotFound);
  ASSERT_TRUE(two.Next());
  Group group;
  const WriteCall* create = group.Create("d", Vectors(8));
  group.Commit(db.get());
  EXPECT_EQ(create->status.code(), Code::kAlreadyExists);
}

TEST(CatchUp, ProcessesThatWriteInTurnAgree) {
  TwoProcesses two(std::vector<TwoProcesses::Step>(20, [](TestDatabase& db) {
    const CollectionId c = db.Find("c");
    const int64_t count = db.Count(c);
    db.Add(c, {{Numbered("theirs", count), {static_cast<float>(count)}, {}, {}}});
    if (db.SearchIds(c, {static_cast<float>(count - 1)}, 1) != Strings{Numbered("mine", count - 1)})
      throw std::runtime_error("does not find what the first process wrote");
  }));
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(1));
  Version last = 0;
  for (int i = 0; i < 40; i += 2) {
    const Version version = db.Add(c, {{Numbered("mine", i), {static_cast<float>(i)}, {}, {}}});
    EXPECT_GT(version, last);
    last = version;
    ASSERT_TRUE(two.Next());
    EXPECT_EQ(db.SearchIds(c, {static_cast<float>(i + 1)}, 1), Strings{Numbered("theirs", i + 1)});
    EXPECT_EQ(db.Count(c), i + 2);
  }
}

TEST(CatchUp, ProcessesThatWriteAtOnceLoseNothing) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  const auto write = [&](TestDatabase& db, const char* prefix) {
    const CollectionId c = db.Find("c");
    for (int i = 0; i < 100; ++i)
      db.Upsert(c, {{Numbered(prefix, i), {static_cast<float>(i)}, {}, {}}, {"both", {}, prefix, {}}});
  };
  ChildProcess other([&](int) {
    TestDatabase db(path);
    write(db, "theirs");
    return db.Count(db.Find("c")) >= 101;
  });
  TestDatabase db(path);
  const CollectionId c = db.Create("c", Vectors(1));
  ASSERT_TRUE(other.Start(0));
  write(db, "mine");
  ASSERT_TRUE(other.Wait());
  EXPECT_EQ(db.Count(c), 201);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(db.Has(c, Numbered("mine", i)));
    EXPECT_TRUE(db.Has(c, Numbered("theirs", i)));
  }
  EXPECT_EQ(db.SearchIds(c, {50}, 2).size(), 2u);
  EXPECT_EQ(db.Stats(c).vectors, 200);
  EXPECT_EQ(db.Stats(c).damaged, 0);
}

TEST(CatchUp, ProcessesThatMakeTheSameFileAtOnceShareIt) {
  const TempDir dir;
  const auto open_and_write = [&](int number, const char* id) {
    TestDatabase db(dir.File(Numbered("file", number)));
    Group group;
    const WriteCall* create = group.Create("c", {}, true);
    group.Commit(db.get());
    Require(create->status);
    db.Add(OpOf<CreateCollectionOp>(create).collection, {{id, {}, {}, {}}});
    return true;
  };
  ChildProcess other([&](int number) { return open_and_write(number, "theirs"); });
  for (int number = 0; number < 20; ++number) {
    ASSERT_TRUE(other.Start(number));
    EXPECT_TRUE(open_and_write(number, "mine"));
    ASSERT_TRUE(other.Wait());
    const TestDatabase db(dir.File(Numbered("file", number)));
    EXPECT_EQ(db.Count(db.Find("c")), 2);
  }
}

TEST(CatchUp, WhatOthersLoadIsLinkedHere) {
  TwoProcesses two({[](TestDatabase& db) {
    const CollectionId c = db.Find("c");
    for (int i = 0; i < 100; ++i) db.Add(c, {{Numbered("r", i), {static_cast<float>(i), 1}, {}, {}}});
    db.Link();
    for (int i = 0; i < 50; ++i) db.Delete(c, Numbered("r", i));
  }});
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Graph(2, Metric::kL2, 0));
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.Stats(c).index->tail, 50u);
  db.Link();
  EXPECT_EQ(db.Stats(c).index->linked, 50u);
  EXPECT_EQ(db.SearchIds(c, {49, 1}, 2), (Strings{"r50", "r51"}));
}

TEST(CatchUp, AnotherEpochRebuildsEverything) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, {}, {}}, {"b", {2}, {}, {}}});
  db.Add(c, {{"d", {3}, {}, {}}});
  {
    // As a restore does: other contents, a lower version, nothing in the log of changes.
    TestStore store(dir.File("a.db"));
    const auto writing = store.Write();
    DatabaseHeader header = Require(writing->Header());
    header.epoch += 1;
    header.change_version = 1;
    RecordRow record = FullRecord(c, RowId{2});
    record.id = "other";
    record.version = 1;
    record.vector = std::string_view("\x00\x00\x20\x41", 4);  // 10
    Require(writing->Update(record));
    Require(writing->Commit(header));
  }
  EXPECT_EQ(db.SearchIds(c, {10}, 10), (Strings{"other", "d", "a"}));
  EXPECT_FALSE(db.Has(c, "b"));
  EXPECT_EQ(db.get()->stats().change_version, 1);
}

TEST(CatchUp, TakesOverOptionsThatWereGivenLater) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, {}, {}}});
  CollectionRequest request = Vectors(1);
  request.embedder_model = "m";
  {
    TestStore store(dir.File("a.db"));
    const auto writing = store.Write();
    DatabaseHeader header = Require(writing->Header());
    header.change_version += 1;
    CollectionRow row{c, "c", request.WithDefaults().ToJson(), 1};
    Require(writing->UpdateCollection(row));
    Require(writing->Commit(header));
  }
  EXPECT_EQ(Require(FindCollection(db.get(), "c", {}, false, {}))->options.embedder_model, "m");
  EXPECT_EQ(db.SearchIds(c, {1}, 10), Strings{"a"});
}

TEST(CatchUp, ChangesBelowTheFloorOfTheLogRebuildEverything) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, {}, {}}, {"b", {2}, {}, {}}});
  {
    TestStore store(dir.File("a.db"));
    store.Delete(c, RowId{1});
    const auto writing = store.Write();
    DatabaseHeader header = Require(writing->Header());
    header.log_floor = header.change_version;
    CollectionRow row{c, "c", Vectors(1).WithDefaults().ToJson(), 1};
    Require(writing->UpdateCollection(row));
    Require(writing->Commit(header));
  }
  SqliteFile(dir.File("a.db")).Run("DELETE FROM tombstones");
  EXPECT_EQ(db.SearchIds(c, {1}, 10), Strings{"b"});
  EXPECT_EQ(db.Count(c), 1);
}

}  // namespace
}  // namespace agentmemdb
