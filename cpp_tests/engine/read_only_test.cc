// Engines that only read, beside those that write; and engines whose file was replaced.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/find.h"
#include "support/child_process.h"
#include "support/permissions.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

namespace fs = std::filesystem;

using Strings = std::vector<std::string>;

Result<std::shared_ptr<Database>> OpenReadOnly(const std::string& path) {
  return Database::Open({path, {}, 5000, true}, {});
}

class ReadOnlyDatabase : public testing::Test {
 protected:
  void SetUp() override {
    collection_ = writer_.Create("c", Vectors(1));
    writer_.Add(collection_, {{"a", {1}, "one", "{\"n\":1}"}, {"b", {2}, {}, {}}});
    writer_.Close();
    reader_ = Require(OpenReadOnly(path_));
  }
  void TearDown() override { Database::Close(std::move(reader_)); }

  Strings Found(float near) {
    SearchQuery query;
    query.vector = {near};
    return Ids(Require(Search(reader_.get(), collection_, query, {})));
  }

  TempDir dir_;
  std::string path_ = dir_.File("a.db");
  TestDatabase writer_{path_};
  std::shared_ptr<Database> reader_;
  CollectionId collection_{};
};

TEST_F(ReadOnlyDatabase, AnswersEveryRead) {
  EXPECT_TRUE(reader_->read_only());
  EXPECT_EQ(Found(1.9f), (Strings{"b", "a"}));
  EXPECT_EQ(Require(Get(reader_.get(), collection_, "a", {}, {}))->text, "one");
  EXPECT_EQ(Require(Count(reader_.get(), collection_, {})), 2);
  EXPECT_EQ(Require(Find(reader_.get(), collection_, {}, {})).records.size(), 2u);
  EXPECT_EQ(reader_->stats().records, 2);
  EXPECT_FALSE(Require(reader_->RunBackground(1000, {})));
  Require(reader_->BackUp(dir_.File("copy.db"), {}));
  const TestDatabase copy(dir_.File("copy.db"));
  EXPECT_EQ(copy.Count(copy.Find("c")), 2);
}

TEST_F(ReadOnlyDatabase, RefusesEveryWrite) {
  Group group;
  const std::vector<WriteCall*> calls{group.Add(collection_, {{"x", {1}, {}, {}}}), group.Delete(collection_, "a"),
                                      group.Create("d", {}), group.Drop("c"), group.Delete(collection_, "")};
  group.Commit(reader_.get());
  for (const WriteCall* call : calls) EXPECT_EQ(call->status.code(), Code::kReadOnly);
  EXPECT_EQ(Found(1), (Strings{"a", "b"}));
}

TEST_F(ReadOnlyDatabase, SeesTheCommitsOfAnEngineThatWrites) {
  writer_.Reopen();
  EXPECT_NE(writer_.shared(), reader_);
  writer_.Add(collection_, {{"c", {3}, {}, {}}});
  EXPECT_EQ(Found(3), (Strings{"c", "b", "a"}));
  writer_.Delete(collection_, "b");
  EXPECT_EQ(Found(3), (Strings{"c", "a"}));
  writer_.Close();
  EXPECT_EQ(Found(3), (Strings{"c", "a"}));
}

TEST_F(ReadOnlyDatabase, IsWhateverEngineIsOpenAlready) {
  writer_.Reopen();
  EXPECT_EQ(Require(OpenReadOnly(path_)), writer_.shared());
  Database::Close(std::move(reader_));
  EXPECT_EQ(reader_ = Require(OpenReadOnly(path_)), writer_.shared());
  writer_.Close();
  EXPECT_EQ(Require(OpenReadOnly(path_)), reader_);
}

TEST_F(ReadOnlyDatabase, DoesNotDecideAboutDurability) {
  const auto full = Require(Database::Open({path_, Durability::kNormal, 5000}, {}));
  EXPECT_EQ(full->stats().durability, Durability::kNormal);
}

TEST(OpenReadOnly, AnswersWhereItMayNotWriteWhileAnotherOpensWritesAndCloses) {
  constexpr int kRecords = 40;
  const TempDir dir;
  fs::permissions(dir.path(), fs::perms(0755));
  ChildProcess reader([&](int) {
    GiveUpWriting(dir.path().string());
    const auto database = Require(OpenReadOnly(dir.File("a.db")));
    int64_t before = 0;
    while (before < kRecords) {
      const Result<int64_t> count = Count(database.get(), CollectionId{1}, {});
      // A read in the middle of which somebody wrote is no answer.
      if (count.status().code() == Code::kBusy) continue;
      Require(count.status());
      if (count.value() < before) throw std::runtime_error("went back from " + Numbered("", before));
      before = count.value();
    }
    return true;
  });
  TestDatabase writer(dir.File("a.db"));
  const CollectionId c = writer.Create("c", {});
  writer.Close();
  ASSERT_TRUE(reader.Start(0));
  for (int i = 0; i < kRecords; ++i) {
    writer.Reopen();
    writer.Add(c, {{Numbered("r", i), {}, {}, {}}});
    writer.Close();
  }
  EXPECT_TRUE(reader.Wait());
}

TEST(OpenReadOnly, NeedsAFileThatIsThere) {
  const TempDir dir;
  fs::create_symlink(dir.path() / "target.db", dir.path() / "link.db");
  for (const char* name : {"none.db", "no/folder.db", "link.db"}) {
    const Status status = OpenReadOnly(dir.File(name)).status();
    EXPECT_EQ(status.code(), Code::kNotFound) << name;
    EXPECT_EQ(status.argument(), "path");
  }
  EXPECT_FALSE(fs::exists(dir.path() / "target.db"));
  EXPECT_EQ(OpenReadOnly(":memory:").status().argument(), "options.readOnly");
  EXPECT_EQ(OpenReadOnly(dir.path().string()).status().code(), Code::kIo);
}

TEST(ReplacedDatabase, RefusesCallsAndAnotherHandleUntilEveryOneIsClosed) {
  const TempDir dir;
  TestDatabase other(dir.File("b.db")), db(dir.File("a.db"));
  other.Create("other", {});
  other.Close();
  const CollectionId c = db.Create("c", {});
  fs::rename(dir.File("b.db"), dir.File("a.db"));
  EXPECT_EQ(Count(db.get(), c, {}).status().code(), Code::kIo);
  Status status;
  db.Add(c, {{"a", {}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_FALSE(Require(db.get()->RunBackground(1000, {})));
  EXPECT_EQ(Database::Open({dir.File("a.db"), {}, 5000}, {}).status().code(), Code::kIo);
  db.Reopen();
  EXPECT_EQ(Require(ListCollections(db.get(), {})).at(0).name, "other");
  db.Create("again", {});
}

}  // namespace
}  // namespace agentmemdb
