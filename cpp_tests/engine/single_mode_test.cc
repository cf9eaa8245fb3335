// A database as it is on a network file system: every verb in single mode.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/snapshot.h"
#include "engine/verify.h"
#include "support/child_process.h"
#include "support/image_files.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kDimensions = 8;

class SingleMode : public testing::Test {
 protected:
  std::vector<TestRecord> Records(int first, int count) {
    std::vector<TestRecord> records;
    for (int i = 0; i < count; ++i)
      records.push_back({Numbered("r", first + i), RandomVector(kDimensions, &random_), "text", {}});
    return records;
  }
  static void ExpectSound(Database* database) {
    const VerifyReport report = Require(Verify(database, {}));
    for (const Difference& difference : report.differences) ADD_FAILURE() << difference.message;
    EXPECT_EQ(report.found, 0);
  }

  Random random_{TestSeed()};
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
};

TEST_F(SingleMode, IsForMemoryAndNotForLocalFiles) {
  EXPECT_TRUE(TestDatabase().get()->stats().single);
  EXPECT_FALSE(TestDatabase(path_).get()->stats().single);
  EXPECT_TRUE(TestDatabase(path_, Durability::kFull, true).get()->stats().single);
}

TEST_F(SingleMode, EverythingWorksAndComesBack) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_, Durability::kFull, true);
  const CollectionId c = db.Create("c", Graph(kDimensions, Metric::kCosine, 0));
  db.Add(c, Records(0, 300));
  db.Link();
  ExpectSound(db.get());
  for (const bool tidy : {true, false, true}) {
    const std::vector<float> query = RandomVector(kDimensions, &random_);
    const std::vector<std::string> before = db.SearchIds(c, query, 10);
    if (!tidy) db.Drop();
    db.Reopen();
    EXPECT_TRUE(db.get()->stats().single);
    EXPECT_FALSE(fs::exists(path_ + "-shm"));
    EXPECT_EQ(db.SearchIds(c, query, 10, true), db.SearchIds(c, query, 10));
    EXPECT_EQ(db.SearchIds(c, query, 10), before);
    ASSERT_TRUE(db.Stats(c).image.has_value()) << "saved by the first close";
    db.Upsert(c, Records(290, 20));
    EXPECT_TRUE(db.Delete(c, Numbered("r", db.Count(c) % 100)));
    db.Link();
    db.get()->CopyLog();
    ExpectSound(db.get());
  }
  Require(db.get()->BackUp(dir_.File("copy.db"), {}));
  TestDatabase copy(dir_.File("copy.db"));
  EXPECT_EQ(copy.Count(c), db.Count(c));
  ExpectSound(copy.get());
}

TEST_F(SingleMode, IsCompactedAndRestored) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_, Durability::kFull, true);
  const CollectionId c = db.Create("c", Graph(kDimensions, Metric::kCosine, 0));
  db.Add(c, Records(0, 200));
  db.Link();
  Require(CreateSnapshot(db.get(), "before", {}).status());
  for (int i = 0; i < 150; ++i) db.Delete(c, Numbered("r", i));
  const CompactReport report = Require(db.get()->Compact({}));
  EXPECT_TRUE(report.erased) << report.why;
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(db.Count(c), 50);
  ExpectSound(db.get());
  WriteCall restore;
  restore.ops.push_back(RestoreOp{"before", nullptr});
  WriteCall* const calls[] = {&restore};
  db.get()->Commit(calls);
  Require(restore.status);
  EXPECT_EQ(db.Count(c), 200);
  ExpectSound(db.get());
  EXPECT_FALSE(fs::exists(path_ + "-shm"));
}

TEST_F(SingleMode, ImagesAreSavedInTheBackgroundBesideReadsAndWrites) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_, Durability::kNormal, true);
  const CollectionId c = db.Create("c", Graph(kDimensions, Metric::kL2, 0));
  for (int i = 0; i < 6000; i += 500) db.Add(c, Records(i, 500));
  while (Require(db.get()->RunBackground(1000, {}))) db.SearchIds(c, RandomVector(kDimensions, &random_), 3);
  EXPECT_TRUE(db.Stats(c).image.has_value());
  EXPECT_EQ(ImageFiles(path_, ".image").size(), 1u);
  ExpectSound(db.get());
}

TEST_F(SingleMode, AReadOnlyHandleSharesTheEngineAndElseKeepsOthersOut) {
  const auto open = [&](bool read_only) {
    return Database::Open({path_, {}, /*busy_timeout_ms=*/50, read_only, /*single=*/true}, {});
  };
  EXPECT_EQ(open(true).status().code(), Code::kNotFound);
  {
    TestDatabase writer(path_, Durability::kFull, true);
    writer.Add(writer.Create("c", Vectors(kDimensions)), Records(0, 10));
    EXPECT_EQ(Require(open(true)), writer.shared());
  }
  std::shared_ptr<Database> reader = Require(open(true));
  EXPECT_TRUE(reader->stats().single);
  EXPECT_EQ(reader->stats().records, 10);
  ExpectSound(reader.get());
  const Status refused = open(false).status();
  EXPECT_EQ(refused.code(), Code::kBusy);
  EXPECT_NE(refused.message().find("one at a time"), std::string::npos) << refused.message();
  Database::Close(std::move(reader));
  EXPECT_TRUE(open(false).ok());
}

TEST_F(SingleMode, AnotherProcessWaitsUntilItIsClosed) {
  std::shared_ptr<Database> theirs;
  ChildProcess child([&](int step) {
    if (step == 0) theirs = Require(Database::Open({path_, {}, 5000, false, true}, {}));
    if (step == 1) Database::Close(std::move(theirs));
    return true;
  });
  ASSERT_TRUE(child.Run(0));
  EXPECT_EQ(Database::Open({path_, {}, 0, false, true}, {}).status().code(), Code::kBusy);
  ASSERT_TRUE(child.Run(1));
  EXPECT_TRUE(Database::Open({path_, {}, 0, false, true}, {}).ok());
}

}  // namespace
}  // namespace agentmemdb
