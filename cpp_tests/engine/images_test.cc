// Databases that are closed and opened again: what their index images bring back, and what is newer.
#include <gtest/gtest.h>

#include "storage/index_image.h"
#include "support/child_process.h"
#include "support/files.h"
#include "support/image_files.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kDimensions = 8;

std::vector<TestRecord> Records(int first, int count, Random* random) {
  std::vector<TestRecord> records;
  for (int i = 0; i < count; ++i)
    records.push_back({Numbered("r", first + i), RandomVector(kDimensions, random), {}, {}});
  return records;
}

class Images : public testing::Test {
 protected:
  // A collection whose graph holds `count` records.
  CollectionId Load(TestDatabase* db, const std::string& name, int count) {
    const CollectionId c = db->Create(name, Graph(kDimensions, Metric::kCosine, 0));
    db->Add(c, Records(0, count, &random_));
    db->Link();
    return c;
  }
  // Whether graph and exact search answer as they do for a database that has no images at all.
  void ExpectAsRebuilt(TestDatabase* db, CollectionId c) {
    const std::string copy = dir_.File("copy.db");
    std::filesystem::remove(copy);
    Require(db->get()->BackUp(copy, {}));
    TestDatabase rebuilt(copy);
    EXPECT_EQ(db->Count(c), rebuilt.Count(c));
    EXPECT_EQ(db->Stats(c).vectors, rebuilt.Stats(c).vectors);
    EXPECT_EQ(db->Stats(c).damaged, rebuilt.Stats(c).damaged);
    rebuilt.Link();
    const auto k = static_cast<uint32_t>(db->Count(c));
    for (int i = 0; i < (kSanitized ? 3 : 20); ++i) {
      const std::vector<float> query = RandomVector(kDimensions, &random_);
      ASSERT_EQ(db->SearchIds(c, query, 10, true), rebuilt.SearchIds(c, query, 10, true));
      ASSERT_EQ(db->SearchIds(c, query, k), rebuilt.SearchIds(c, query, k));
    }
  }

  Random random_{TestSeed()};
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
};

TEST_F(Images, AreSavedOnCloseAndBringTheGraphBackAtOnce) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  const CollectionId c = Load(&db, "c", 300);
  EXPECT_FALSE(db.Stats(c).image.has_value());
  const std::vector<float> query = RandomVector(kDimensions, &random_);
  const SearchOutput before = db.Search(c, query, 10);
  db.Reopen();
  const CollectionStats stats = db.Stats(c);
  ASSERT_TRUE(stats.image.has_value());
  EXPECT_EQ(stats.image->version, db.get()->applied());
  EXPECT_EQ(stats.image->bytes, static_cast<int64_t>(std::filesystem::file_size(ImageFile(path_, ".image")) +
                                                     std::filesystem::file_size(ImageFile(path_, ".f32"))));
  EXPECT_EQ(stats.index->linked, 300u);
  EXPECT_EQ(stats.index->tail, 0u);
  EXPECT_FALSE(db.get()->HasBackgroundWork());
  const SearchOutput after = db.Search(c, query, 10);
  EXPECT_EQ(Ids(after), Ids(before));
  EXPECT_EQ(after.found->visited, before.found->visited);
  ExpectAsRebuilt(&db, c);
  const std::string file = ImageFile(path_, ".image");
  db.Reopen();
  EXPECT_EQ(ImageFile(path_, ".image"), file) << "nothing has changed: it is not written again";
}

TEST_F(Images, KeepTheTail) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  const CollectionId c = Load(&db, "c", 100);
  db.Add(c, Records(100, 50, &random_));
  db.Reopen();
  EXPECT_EQ(db.Stats(c).index->linked, 100u);
  EXPECT_EQ(db.Stats(c).index->tail, 50u);
  ExpectAsRebuilt(&db, c);
  db.Link();
  EXPECT_EQ(db.Stats(c).index->linked, 150u);
  db.Reopen();
  EXPECT_EQ(db.Stats(c).index->tail, 0u) << "linking is saved too";
}

TEST_F(Images, AreNotForSmallCollectionsOrMemoryOrThoseWhoEndWithoutClosing) {
  {
    TestDatabase db(path_);
    db.Add(db.Create("small", Graph(kDimensions, Metric::kL2, 11)), Records(0, 10, &random_));
    db.Add(db.Create("plain", {}), {{"a", {}, {}, {}}});
    db.Create("empty", Graph(kDimensions, Metric::kL2, 0));
    db.Reopen();
    EXPECT_FALSE(std::filesystem::exists(path_ + "-index"));
    Load(&db, "c", 50);
    db.Drop();
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + "-index"));
  TestDatabase memory;
  Load(&memory, "c", 50);
  memory.Close();
  EXPECT_FALSE(std::filesystem::exists(":memory:-index"));
}

TEST_F(Images, TakeWhatIsNewerFromTheFile) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  const CollectionId c = Load(&db, "c", 2100);
  db.Reopen();
  // Less than a thousandth: not worth an image.
  db.Delete(c, "r7");
  db.Upsert(c, {{"r8", RandomVector(kDimensions, &random_), "new", {}}});
  const std::string file = ImageFile(path_, ".image");
  db.Reopen();
  EXPECT_EQ(ImageFile(path_, ".image"), file);
  EXPECT_EQ(db.Stats(c).index->deleted, 2u) << "the graph is the one saved";
  EXPECT_FALSE(db.Has(c, "r7"));
  EXPECT_EQ(db.Get(c, "r8")->text, "new");
  ExpectAsRebuilt(&db, c);
  db.Add(c, Records(2100, 100, &random_));
  db.Reopen();
  EXPECT_NE(ImageFile(path_, ".image"), file) << "and the one before is gone";
  ExpectAsRebuilt(&db, c);
}

TEST_F(Images, FollowAModelThroughManyReopenings) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  CollectionId c = Load(&db, "c", 60);
  int next = 60;
  for (int round = 0; round < (kSanitized ? 8 : 25); ++round) {
    for (uint64_t changes = random_.Below(40); changes > 0; --changes) {
      const std::string id = Numbered("r", static_cast<int64_t>(random_.Below(static_cast<uint64_t>(next))));
      if (random_.Below(3) == 0)
        db.Delete(c, id);
      else if (random_.Below(2) == 0)
        db.Upsert(c, {{id, RandomVector(kDimensions, &random_), {}, {}}});
      else if (random_.Below(4) == 0)
        db.Upsert(c, {{id, {}, "no vector", {}}});
      else
        db.Add(c, Records(next++, 1, &random_));
    }
    for (uint64_t slices = random_.Below(60); slices > 0; --slices) Require(db.get()->RunBackground(0, {}));
    if (random_.Below(5) == 0) db.Drop();
    db.Reopen();
    ExpectAsRebuilt(&db, c);
  }
}

TEST_F(Images, AreOfNoUseOnceTheirCollectionIsGone) {
  TestDatabase db(path_);
  Load(&db, "c", 50);
  const CollectionId other = Load(&db, "other", 60);
  db.Reopen();
  EXPECT_EQ(ImageFiles(path_, ".image").size(), 2u);
  db.DropCollection("c");
  const CollectionId c = Load(&db, "c", 20);
  db.Reopen();
  EXPECT_EQ(ImageFiles(path_, ".image").size(), 2u) << "the old one was removed";
  EXPECT_EQ(db.Stats(c).index->linked, 20u);
  EXPECT_EQ(db.Stats(other).index->linked, 60u);
}

TEST_F(Images, OthersChangesAreSeenByWhoOpensAnImage) {
  SCOPED_TRACE(SeedNote());
  ChildProcess other([&](int) {
    TestDatabase db(path_);
    const CollectionId c = db.Find("c");
    db.Delete(c, "r1");
    db.Add(c, {{"theirs", std::vector<float>(kDimensions, 1), {}, {}}});
    db.Add(db.Create("plain", {}), {{"p", {}, "text", {}}});
    db.Drop();
    return true;
  });
  CollectionId c{};
  {
    TestDatabase db(path_);
    c = Load(&db, "c", 200);
  }
  ASSERT_TRUE(other.Run(0));
  TestDatabase db(path_);
  EXPECT_EQ(db.Stats(c).index->linked, 199u);
  EXPECT_TRUE(db.Has(c, "theirs"));
  EXPECT_FALSE(db.Has(c, "r1"));
  EXPECT_EQ(db.Count(db.Find("plain")), 1);
  ExpectAsRebuilt(&db, c);
}

TEST_F(Images, AProcessThatHasTheDatabaseOpenDoesNotMindAnothersSave) {
  ChildProcess other([&](int) {
    TestDatabase db(path_);
    const CollectionId c = db.Find("c");
    for (int i = 0; i < 20; ++i) db.Add(c, {{Numbered("theirs", i), std::vector<float>(kDimensions, 1), {}, {}}});
    db.Link();
    db.Close();
    return true;
  });
  {
    TestDatabase db(path_);
    Load(&db, "c", 200);
  }
  TestDatabase db(path_);
  const std::string file = ImageFile(path_, ".image");
  ASSERT_TRUE(other.Run(0));
  EXPECT_NE(ImageFile(path_, ".image"), file) << "the file it has mapped is gone";
  const CollectionId c = db.Find("c");
  EXPECT_EQ(db.Count(c), 220);
  ExpectAsRebuilt(&db, c);
}

TEST_F(Images, AStaleOneUnderTheTokenOfANewerIsNone) {
  TestDatabase db(path_);
  const CollectionId c = Load(&db, "c", 100);
  db.Close();
  const std::string image = ReadFile(ImageFile(path_, ".image")), vectors = ReadFile(ImageFile(path_, ".f32"));
  db.Reopen();
  db.Upsert(c, Records(0, 100, &random_));
  db.Link();
  db.Close();
  WriteFile(ImageFile(path_, ".image"), image);
  WriteFile(ImageFile(path_, ".f32"), vectors);
  db.Reopen();
  EXPECT_FALSE(db.Stats(c).image.has_value());
  ExpectAsRebuilt(&db, c);
}

TEST_F(Images, ThoseOfAnotherDatabaseAreNone) {
  CollectionId c{};
  {
    TestDatabase db(path_), other(dir_.File("b.db"));
    c = Load(&db, "c", 100);
    Load(&other, "c", 100);
  }
  const std::string theirs = dir_.File("b.db");
  std::filesystem::copy_file(ImageFile(theirs, ".image"), ImageFile(path_, ".image"),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(ImageFile(theirs, ".f32"), ImageFile(path_, ".f32"),
                             std::filesystem::copy_options::overwrite_existing);
  TestDatabase db(path_);
  EXPECT_FALSE(db.Stats(c).image.has_value());
  ExpectAsRebuilt(&db, c);
}

TEST_F(Images, AreReadByThoseWhoMayNotWrite) {
  CollectionId c{};
  {
    TestDatabase db(path_);
    c = Load(&db, "c", 100);
  }
  const std::string file = ImageFile(path_, ".image");
  DatabaseOptions options{path_, Durability::kNormal, 5000};
  options.read_only = true;
  std::shared_ptr<Database> db = Require(Database::Open(options, {}));
  const CollectionStats stats = Require(StatsOf(db.get(), c, {}));
  EXPECT_TRUE(stats.image.has_value());
  EXPECT_EQ(stats.index->linked, 100u);
  std::filesystem::remove(file);
  Database::Close(std::move(db));
  EXPECT_TRUE(ImageFiles(path_, ".image").empty()) << "and are not written by them";
}

TEST_F(Images, WhatASaveThatWasNeverFinishedLeftIsRemoved) {
  CollectionId c{};
  {
    TestDatabase db(path_);
    c = Load(&db, "c", 50);
  }
  const std::string image = ImageFile(path_, ".image");
  WriteFile(path_ + "-index/" + NewImageToken() + ".image", "half");
  WriteFile(path_ + "-index/" + NewImageToken() + ".f32", "half");
  const TestDatabase db(path_);
  EXPECT_EQ(ImageFile(path_, ".image"), image);
  EXPECT_EQ(ImageFiles(path_, ".f32").size(), 1u);
  EXPECT_TRUE(db.Stats(c).image.has_value());
}

TEST_F(Images, ADamagedVectorIsNeverAnswered) {
  SCOPED_TRACE(SeedNote());
  CollectionId c{};
  {
    TestDatabase db(path_);
    c = Load(&db, "c", 100);
  }
  const std::string file = ImageFile(path_, ".f32");
  std::string bytes = ReadFile(file);
  bytes[1000] = static_cast<char>(bytes[1000] ^ 0x40);
  WriteFile(file, bytes);
  TestDatabase db(path_);
  EXPECT_TRUE(db.Stats(c).image.has_value()) << "it is not read yet";
  EXPECT_EQ(db.SearchIds(c, RandomVector(kDimensions, &random_), 5).size(), 5u);
  EXPECT_FALSE(db.Stats(c).image.has_value());
  ExpectAsRebuilt(&db, c);
  db.Reopen();
  EXPECT_TRUE(db.Stats(c).image.has_value()) << "a new one";
  ExpectAsRebuilt(&db, c);
}

TEST_F(Images, OneThatHoldsMoreThanThereIsIsNone) {
  CollectionId c{};
  {
    TestDatabase db(path_);
    c = Load(&db, "c", 100);
  }
  // A row that vanished, as no log tells.
  SqliteFile(path_).Run("DELETE FROM records WHERE \"row\" = 50");
  TestDatabase db(path_);
  EXPECT_EQ(db.Stats(c).damaged, 0) << "the count of the collection still has it";
  db.Close();
  SqliteFile file(path_);
  CollectionRow row{c, "c", file.Ask("SELECT options FROM collections"), 99};
  file.Run("UPDATE collections SET records = 99, crc = " + std::to_string(CollectionChecksum(row)));
  db.Reopen();
  EXPECT_FALSE(db.Stats(c).image.has_value());
  EXPECT_EQ(db.Count(c), 99);
  EXPECT_EQ(db.SearchIds(c, RandomVector(kDimensions, &random_), 100).size(), 99u);
}

}  // namespace
}  // namespace agentmemdb
