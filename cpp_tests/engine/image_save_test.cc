// Index images that are saved in the background.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "support/image_files.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

class ImageSaves : public testing::Test {
 protected:
  // 5,000 records, as many as make a save worth while.
  CollectionId Load(TestDatabase* db) {
    const CollectionId c = db->Create("c", Graph(2, Metric::kL2, 0));
    db->Add(c, Records());
    return c;
  }
  std::vector<TestRecord> Records() {
    std::vector<TestRecord> records;
    for (int i = 0; i < 5000; ++i) records.push_back({Numbered("r", i), RandomVector(2, &random_), {}, {}});
    return records;
  }

  Random random_{TestSeed()};
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
};

TEST_F(ImageSaves, AreMadeInTheBackgroundWhenMuchHasChangedAndAllIsLinked) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  const CollectionId c = Load(&db);
  EXPECT_TRUE(db.get()->HasBackgroundWork());
  int64_t slices = 0;
  while (Require(db.get()->RunBackground(0, {}))) ++slices;
  ASSERT_TRUE(db.Stats(c).image.has_value());
  EXPECT_EQ(db.Stats(c).index->tail, 0u);
  EXPECT_FALSE(db.get()->HasBackgroundWork());
  const std::vector<float> query = RandomVector(2, &random_);
  const std::vector<std::string> before = db.SearchIds(c, query, 20);
  db.Drop();  // Without closing.
  db.Reopen();
  EXPECT_EQ(db.Stats(c).index->linked, 5000u);
  EXPECT_EQ(db.SearchIds(c, query, 20), before);
  // A write between the slices ends a save, and leaves nothing.
  const std::string file = ImageFile(path_, ".image");
  db.Upsert(c, Records());
  while (ImageFiles(path_, ".image").size() < 2) ASSERT_TRUE(Require(db.get()->RunBackground(0, {})));
  db.Delete(c, "r17");
  db.Link();
  EXPECT_EQ(ImageFile(path_, ".image"), file);
  EXPECT_FALSE(db.Has(c, "r17"));
  db.Close();
  EXPECT_NE(ImageFile(path_, ".image"), file);
}

TEST_F(ImageSaves, AreMadeBesideSearchesAndWrites) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  const CollectionId c = Load(&db);
  std::atomic<bool> done{false};
  std::thread background([&] {
    while (!done) Require(db.get()->RunBackground(1000, {}));
  });
  std::vector<std::thread> searchers;
  for (int i = 0; i < 2; ++i) {
    searchers.emplace_back([&, seed = random_.Next()] {
      Random random(seed);
      while (!done) EXPECT_EQ(db.SearchIds(c, RandomVector(2, &random), 5, random.Below(4) == 0).size(), 5u);
    });
  }
  const auto wait_for_save = [&](Version after) {
    for (;;) {
      const auto image = db.Stats(c).image;
      if (image && image->version > after) return image->version;
      SleepMs(1);
    }
  };
  const Version first = wait_for_save(0);
  // Rows of the file the table has gone over to are written to, and searched, while the next image is made.
  std::vector<TestRecord> records = Records();
  for (int i = 0; i < 500; ++i) db.Upsert(c, {records[random_.Below(5000)]});
  records = Records();
  db.Upsert(c, records);
  EXPECT_GT(wait_for_save(first), first);
  done = true;
  background.join();
  for (std::thread& searcher : searchers) searcher.join();
  for (int i = 0; i < 5000; i += 100)
    ASSERT_EQ(db.Search(c, records[static_cast<size_t>(i)].vector, 1, true).hits[0].distance.value(), 0);
}

}  // namespace
}  // namespace agentmemdb
