#include "engine/database.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/files.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

using Strings = std::vector<std::string>;

std::shared_ptr<Database> Open(const std::string& path) { return Require(Database::Open({path, {}, 5000}, {})); }

TEST(Database, OpenedTwiceIsOneEngineByWhateverName) {
  const TempDir dir;
  std::filesystem::create_symlink(dir.path() / "a.db", dir.path() / "link.db");
  const int before = Database::EnginesOpen();
  {
    const auto first = Open(dir.File("link.db")), second = Open(dir.File("a.db")), third = Open(dir.File("./a.db"));
    EXPECT_EQ(first, second);
    EXPECT_EQ(first, third);
    EXPECT_EQ(Database::EnginesOpen(), before + 1);
    EXPECT_EQ(first->path(), dir.File("a.db"));
    EXPECT_NE(Open(dir.File("b.db")), first);
  }
  EXPECT_EQ(Database::EnginesOpen(), before);
}

TEST(Database, InMemoryIsPrivateToEachOpen) {
  TestDatabase a, b;
  a.Create("c", {});
  EXPECT_TRUE(Require(ListCollections(b.get(), {})).empty());
  EXPECT_TRUE(a.get()->stats().single);
  EXPECT_EQ(a.get()->stats().path, ":memory:");
}

TEST(Database, RefusesAnotherDurabilityThanTheOpenEnginesUnlessNoneIsAsked) {
  const TempDir dir;
  const auto full = Require(Database::Open({dir.File("a.db"), Durability::kFull, 5000}, {}));
  const Status status = Database::Open({dir.File("a.db"), Durability::kNormal, 5000}, {}).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.argument(), "options.durability");
  EXPECT_EQ(Open(dir.File("a.db")), full);
  EXPECT_EQ(full->stats().durability, Durability::kFull);
}

TEST(Database, SaysWhyAPathCannotBeOpened) {
  const TempDir dir;
  const auto code = [&](const std::string& path) { return Database::Open({path, {}, 5000}, {}).status().code(); };
  EXPECT_EQ(code(dir.path().string()), Code::kIo) << "a folder";
  EXPECT_EQ(code(dir.File("missing/a.db")), Code::kIo);
  WriteFile(dir.File("text"),
            "not a database, but long enough to be looked at as one, with a header of its own ......");
  EXPECT_EQ(code(dir.File("text")), Code::kCorrupt);
  SqliteFile(dir.File("foreign.db")).Run("CREATE TABLE notes(text)");
  EXPECT_EQ(code(dir.File("foreign.db")), Code::kUnsupported);
  EXPECT_EQ(Database::EnginesOpen(), 0);
  EXPECT_TRUE(std::filesystem::exists(dir.File("text")));
  std::filesystem::remove(dir.File("text"));
  EXPECT_EQ(code(dir.File("text")), Code::kOk) << "a failed open leaves the way free";
}

TEST(Database, FindsEverythingAfterReopening) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"), Durability::kFull);
  const CollectionId c = db.Create("c", Graph(2, Metric::kCosine, 3)), plain = db.Create("plain", {});
  db.Create("empty", Vectors(5));
  db.Add(c, {{"a", {1, 0}, "one", "{\"n\":1}"}, {"b", {0, 1}, {}, {}}, {"d", {1, 1}, {}, {}}, {"e", {-1, 0}, {}, {}}});
  db.Add(plain, {{"a", {}, "plain", {}}});
  db.Upsert(c, {{"b", {0, -1}, "two", {}}});
  db.Delete(c, "d");
  db.DropCollection("empty");
  const RecordOutput before = db.Get(c, "a").value();
  const Version version = db.get()->stats().change_version;
  for (const bool tidy : {true, false}) {
    if (tidy)
      db.Close();
    else
      db.Drop();
    EXPECT_EQ(std::filesystem::exists(dir.File("a.db-wal")), !tidy);
    db.Reopen();
    EXPECT_EQ(db.Find("c"), c);
    EXPECT_EQ(db.get()->stats().change_version, version);
    EXPECT_EQ(db.get()->stats().collections, 2);
    EXPECT_EQ(db.Count(c), 3);
    EXPECT_EQ(db.Stats(c).info.options.ToJson(), Graph(2, Metric::kCosine, 3).WithDefaults().ToJson());
    EXPECT_EQ(db.SearchIds(c, {1, 0.1f}, 10), (Strings{"a", "b", "e"}));
    const RecordOutput after = db.Get(c, "a").value();
    EXPECT_EQ(after.text, before.text);
    EXPECT_EQ(after.metadata, before.metadata);
    EXPECT_EQ(after.vector, before.vector);
    EXPECT_EQ(after.created_at, before.created_at);
    EXPECT_EQ(after.updated_at, before.updated_at);
    EXPECT_EQ(after.version, before.version);
    EXPECT_EQ(db.Get(c, "b")->text, "two");
    EXPECT_EQ(db.Get(plain, "a")->text, "plain");
  }
}

TEST(Database, VersionsGoOnAfterReopening) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  const Version before = db.Add(c, {{"a", {}, {}, {}}});
  db.Reopen();
  EXPECT_EQ(db.Add(c, {{"b", {}, {}, {}}}), before + 1);
}

TEST(Database, ClosedByOneHandleServesTheOthers) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  Database::Close(Open(dir.File("a.db")));
  db.Add(c, {{"a", {}, {}, {}}});
  EXPECT_TRUE(db.Has(c, "a"));
}

TEST(Database, AnAbortedOpenCanBeRepeated) {
  const TempDir dir;
  {
    TestDatabase db(dir.File("a.db"));
    const CollectionId c = db.Create("c", {});
    std::vector<TestRecord> records;
    for (int i = 0; i < 300; ++i) records.push_back({Numbered("r", i), {}, {}, {}});
    db.Add(c, std::move(records));
  }
  const CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(Database::Open({dir.File("a.db"), {}, 5000}, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(Database::EnginesOpen(), 0);
  const TestDatabase db(dir.File("a.db"));
  EXPECT_EQ(db.Count(db.Find("c")), 300);
}

TEST(Database, KnowsAboutHowMuchMemoryItHolds) {
  const TempDir dir;
  TestDatabase file(dir.File("a.db")), memory;
  const std::vector<float> vector(4096, 1.0f);
  std::vector<TestRecord> records;
  for (int i = 0; i < 500; ++i) records.push_back({Numbered("r", i), vector, {}, {}});
  const auto vectors = static_cast<int64_t>(500 * vector.size() * sizeof(float));
  for (TestDatabase* db : {&file, &memory}) {
    const CollectionId c = db->Create("c", Vectors(4096));
    EXPECT_LT(db->get()->memory_bytes(), 200000);
    db->Add(c, records);
    EXPECT_GT(db->get()->memory_bytes(), vectors);
    EXPECT_EQ(db->get()->stats().memory_bytes, db->get()->memory_bytes());
  }
  EXPECT_LT(file.get()->memory_bytes(), 2 * vectors);
  EXPECT_GT(memory.get()->memory_bytes(), 2 * vectors) << "the rows as well";
  file.Reopen();
  EXPECT_GT(file.get()->memory_bytes(), vectors);
  file.DropCollection("c");
  EXPECT_LT(file.get()->memory_bytes(), 200000);
}

class DamagedRecords : public testing::Test {
 protected:
  // "bad" cannot be trusted, "a" and "z" around it can.
  void SetUp() override {
    const CollectionId c = db_.Create("c", Vectors(1));
    db_.Add(c, {{"a", {1}, {}, {}}, {"bad", {2}, "text", {}}, {"z", {3}, {}, {}}});
    db_.Close();
    SqliteFile(dir_.File("a.db")).Run("UPDATE records SET text='other' WHERE id='bad'");
    db_.Reopen();
    collection_ = db_.Find("c");
  }
  TempDir dir_;
  TestDatabase db_{dir_.File("a.db")};
  CollectionId collection_{};
};

TEST_F(DamagedRecords, AreCountedAndNamedAndLeaveTheOthersReadable) {
  EXPECT_EQ(db_.Count(collection_), 3);
  EXPECT_EQ(db_.Stats(collection_).damaged, 1);
  EXPECT_EQ(db_.SearchIds(collection_, {2}, 10), (Strings{"z", "a"}));
  const Status status = Get(db_.get(), collection_, "bad", {}, {}).status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.id(), "bad");
  EXPECT_TRUE(db_.Get(collection_, "z").has_value());
}

TEST_F(DamagedRecords, AreReplacedByUpsert) {
  Group group;
  WriteCall* call = group.Upsert(collection_, {{"bad", {5}, "sound again", {}}});
  group.Commit(db_.get());
  ASSERT_TRUE(call->status.ok()) << call->status.message();
  EXPECT_EQ(OpOf<PutOp>(call).updated, 1u);
  EXPECT_EQ(db_.Get(collection_, "bad")->text, "sound again");
  EXPECT_EQ(db_.Stats(collection_).damaged, 0);
  EXPECT_EQ(db_.Count(collection_), 3);
  EXPECT_EQ(db_.SearchIds(collection_, {5}, 1), Strings{"bad"});
  db_.Reopen();
  EXPECT_EQ(db_.Count(collection_), 3);
  EXPECT_EQ(db_.Stats(collection_).damaged, 0);
}

TEST_F(DamagedRecords, CanBeDeleted) {
  EXPECT_TRUE(db_.Delete(collection_, "bad"));
  EXPECT_EQ(db_.Count(collection_), 2);
  EXPECT_EQ(db_.Stats(collection_).damaged, 0);
  EXPECT_FALSE(db_.Get(collection_, "bad").has_value());
  db_.Reopen();
  EXPECT_EQ(db_.Count(collection_), 2);
}

TEST_F(DamagedRecords, AreNotOverwrittenByAdd) {
  Status status;
  db_.Add(collection_, {{"bad", {5}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kAlreadyExists);
}

TEST_F(DamagedRecords, StayCountedWhileOthersAreWritten) {
  db_.Add(collection_, {{"new", {4}, {}, {}}});
  db_.Delete(collection_, "a");
  EXPECT_EQ(db_.Count(collection_), 3);
  EXPECT_EQ(db_.Stats(collection_).damaged, 1);
  db_.Reopen();
  EXPECT_EQ(db_.Count(collection_), 3);
  EXPECT_EQ(db_.Stats(collection_).damaged, 1);
}

TEST_F(DamagedRecords, ThatVanishedAreMissedInTheCount) {
  db_.Close();
  SqliteFile(dir_.File("a.db")).Run("DELETE FROM records WHERE id='z'");
  db_.Reopen();
  EXPECT_EQ(db_.Count(collection_), 3);
  EXPECT_EQ(db_.Stats(collection_).damaged, 2);
}

}  // namespace
}  // namespace agentmemdb
