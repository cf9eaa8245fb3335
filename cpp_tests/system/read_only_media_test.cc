// A disk that cannot be written to, and files that nobody may open.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/verify.h"
#include "support/database_life.h"
#include "support/disk_history.h"
#include "support/temp_dir.h"
#include "support/test_disk.h"

namespace agentmemdb {
namespace {

class ReadOnlyMedia : public testing::Test {
 protected:
  // A database with an image, closed or left as a process that was killed leaves it; from then on nothing can be changed.
  void Make(bool closed) {
    {
      TestDatabase db(path_);
      collection_ = db.Create("c", Graph(1, Metric::kL2, 0));
      for (int i = 0; i < 20; ++i) db.Add(collection_, {{Numbered("r", i), {static_cast<float>(i)}, "text", {}}});
      db.Reopen();
      if (!closed) db.Add(collection_, {{"late", {99}, {}, {}}});
      if (!closed) db.Drop();
    }
    MakeReadOnly();
  }
  void MakeReadOnly() {
    before_ = DiskState::ReadFrom(dir_.path().string());
    FailDisk({dir_.path().string(), kDiskChange, 1, true, EROFS});
  }
  void TearDown() override {
    HealDisk();
    EXPECT_EQ(DiskState::ReadFrom(dir_.path().string()), before_);
  }
  Result<std::shared_ptr<Database>> Open(bool read_only) {
    return Database::Open({path_, Durability::kFull, 0, read_only}, {});
  }

  TempDir dir_;
  std::string path_ = dir_.File("a.db");
  CollectionId collection_{};
  DiskState before_;
};

TEST_F(ReadOnlyMedia, IsReadFromByWhoAsksForNoMore) {
  Make(/*closed=*/true);
  std::shared_ptr<Database> db = Require(Open(true));
  SearchQuery query;
  query.vector = {7};
  query.k = 1;
  EXPECT_EQ(Ids(Require(Search(db.get(), collection_, query, {}))), std::vector<std::string>{"r7"});
  EXPECT_EQ(Require(ReadContents(db.get())).size(), 21u);
  EXPECT_TRUE(Require(StatsOf(db.get(), collection_, {})).image.has_value());
  EXPECT_EQ(Require(Verify(db.get(), {})).found, 0);
  Group group;
  const WriteCall* const call = group.Delete(collection_, "r1");
  group.Commit(db.get());
  EXPECT_EQ(call->status.code(), Code::kReadOnly);
  Database::Close(std::move(db));
}

TEST_F(ReadOnlyMedia, IsRefusedToWhoWantsToWrite) {
  Make(/*closed=*/true);
  const Status status = Open(false).status();
  EXPECT_TRUE(status.code() == Code::kReadOnly || status.code() == Code::kIo) << status.message();
  EXPECT_EQ(status.path(), path_);
}

TEST_F(ReadOnlyMedia, WithALogIsReadTogetherWithItOrRefused) {
  Make(/*closed=*/false);
  for (const bool has_shared_memory : {true, false}) {
    if (!has_shared_memory) {
      HealDisk();
      ASSERT_TRUE(std::filesystem::remove(path_ + "-shm"));
      MakeReadOnly();
    }
    for (const bool read_only : {true, false}) {
      SCOPED_TRACE(std::string(read_only ? "read-only" : "to write") + (has_shared_memory ? "" : ", without -shm"));
      Result<std::shared_ptr<Database>> db = Open(read_only);
      EXPECT_EQ(db.ok(), has_shared_memory);
      if (!db.ok()) {
        EXPECT_TRUE(db.status().code() == Code::kReadOnly || db.status().code() == Code::kIo) << db.status().message();
        EXPECT_EQ(db.status().path(), path_);
        continue;
      }
      EXPECT_EQ(Require(ReadContents(db->get())).size(), 22u);
      Group group;
      const WriteCall* const call = group.Delete(collection_, "r1");
      group.Commit(db->get());
      EXPECT_EQ(call->status.code(), Code::kReadOnly) << call->status.message();
      Database::Close(std::move(*db));
    }
  }
}

TEST_F(ReadOnlyMedia, AFileThatNobodyMayOpenIsRefusedUntilItMayBe) {
  Make(/*closed=*/true);
  FailDisk({path_, kDiskOpen | kDiskOpenToWrite, 1, true, EACCES});
  for (const bool read_only : {true, false}) {
    const Status status = Open(read_only).status();
    EXPECT_EQ(status.code(), Code::kIo) << status.message();
    EXPECT_EQ(status.path(), path_);
  }
  MakeReadOnly();
  EXPECT_EQ(Require(ReadContents(Require(Open(true)).get())).size(), 21u);
}

}  // namespace
}  // namespace agentmemdb
