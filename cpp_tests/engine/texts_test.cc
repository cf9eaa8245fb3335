#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/verify.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

std::vector<std::string> Found(const TestDatabase& db, CollectionId c, const std::string& words,
                               const std::vector<float>& vector = {}) {
  SearchQuery query;
  query.text = words;
  query.vector = vector;
  Result<SearchOutput> output = Search(db.get(), c, query, {});
  std::vector<std::string> ids;
  for (const Hit& hit : output->hits) ids.push_back(hit.record.id);
  return ids;
}

using Ids = std::vector<std::string>;

// Whether some file of the database has it. Another process looks: closing a file here would drop SQLite's locks on it.
bool IsSomewhere(const std::string& word, const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  return std::system(("grep -rqF " + word + " " + folder).c_str()) == 0;
}

class TextsWithAndWithoutVectors : public testing::TestWithParam<bool> {
 protected:
  CollectionId Fill(TestDatabase* db, int records) {
    const CollectionId c = db->Create("c", GetParam() ? Graph(4, Metric::kCosine, 0) : CollectionRequest());
    std::vector<TestRecord> batch;
    Random random(1);
    for (int i = 0; i < records; ++i)
      batch.push_back({Numbered("r", i),
                       GetParam() ? RandomVector(4, &random) : std::vector<float>(),
                       Numbered("number", i) + " of many",
                       {}});
    db->Add(c, std::move(batch));
    return c;
  }
};

INSTANTIATE_TEST_SUITE_P(Texts, TextsWithAndWithoutVectors, testing::Bool());

TEST_P(TextsWithAndWithoutVectors, ComeBackWithTheIndexImage) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = Fill(&db, 1500);
  EXPECT_FALSE(db.Stats(c).texts.has_value()) << "nobody has asked";
  EXPECT_EQ(Found(db, c, "number7"), Ids{"r7"});
  db.Delete(c, "r8");
  while (*db.get()->RunBackground(1000, {})) continue;
  db.Close();
  db.Reopen();
  const CollectionStats stats = db.Stats(c);
  ASSERT_TRUE(stats.texts.has_value()) << "it was not in the image";
  EXPECT_EQ(stats.texts->texts, 1499);
  EXPECT_EQ(Found(db, c, "number7"), Ids{"r7"});
  EXPECT_EQ(Found(db, c, "number8"), Ids{});
  db.Upsert(c, {{"r7", {}, "something else", {}}});
  EXPECT_EQ(Found(db, c, "number7"), Ids{});
  EXPECT_EQ(Found(db, c, "something"), Ids{"r7"});
  Result<VerifyReport> report = Verify(db.get(), {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->found, 0);
}

TEST(Texts, AreMergedBesideWritesThatLeaveNoTimeToLinkAll) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Graph(8, Metric::kL2, 0));
  Random random(1);
  constexpr int kRounds = 200, kRecords = 300;
  uint32_t most = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<TestRecord> batch;
    for (int i = 0; i < kRecords; ++i)
      batch.push_back(
          {Numbered("r", i * 10 + round % 10 + 3000 * (round % 3)), RandomVector(8, &random), Numbered("word", i), {}});
    db.Upsert(c, std::move(batch));
    EXPECT_FALSE(Found(db, c, "word7").empty());  // Learns all that is new.
    for (int slice = 0; slice < 4; ++slice) Require(db.get()->RunBackground(0, {}).status());
    EXPECT_LT(db.Stats(c).index->linked, db.Count(c)) << "or this test tests nothing";
    most = std::max(most, static_cast<uint32_t>(db.Stats(c).texts->segments));
  }
  EXPECT_LT(most, 20u) << "segments";
}

TEST_P(TextsWithAndWithoutVectors, LeaveNoWordInAnyFileOnceDeletedAndCompacted) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  TestDatabase db(path);
  const CollectionId c = Fill(&db, 1200);
  db.Add(c, {{"secret", {}, "xyzzyplugh is what nobody may know", {}}});
  EXPECT_EQ(Found(db, c, "xyzzyplugh"), Ids{"secret"});
  db.Close();
  EXPECT_TRUE(IsSomewhere("xyzzyplugh", path + "-index/")) << "the image has it, or this test tests nothing";
  db.Reopen();
  EXPECT_EQ(Found(db, c, "xyzzyplugh"), Ids{"secret"});
  db.Delete(c, "secret");
  Result<CompactReport> report = db.get()->Compact({});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_TRUE(report->erased) << report->why;
  EXPECT_FALSE(IsSomewhere("xyzzyplugh", path));
  EXPECT_EQ(Found(db, c, "number3"), Ids{"r3"});
}

}  // namespace
}  // namespace agentmemdb
