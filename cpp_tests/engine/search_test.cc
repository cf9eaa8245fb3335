#include "engine/search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/clock.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

using Strings = std::vector<std::string>;

TEST(Search, GivesHitsBestFirstWithTheScoresOfEachMetric) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    TestDatabase db;
    const CollectionId c = db.Create("c", Vectors(7, metric));
    const VectorSet base = RandomVectors(200, 7, &random);
    std::vector<TestRecord> records;
    for (uint32_t i = 0; i < base.count(); ++i)
      records.push_back({Numbered("r", i), {base[i].begin(), base[i].end()}, {}, {}});
    db.Add(c, std::move(records));
    for (int round = 0; round < 20; ++round) {
      const std::vector<float> query = RandomVector(7, &random);
      const SearchOutput output = db.Search(c, query, 10);
      ASSERT_EQ(output.hits.size(), 10u);
      const std::vector<uint32_t> expected = ExactNearest(metric, base, query, 10);
      for (size_t i = 0; i < 10; ++i) {
        const Hit& hit = output.hits[i];
        const VectorView vector = base[std::stoul(hit.record.id.substr(1))];
        const double distance = ExactDistance(metric, vector, query);
        EXPECT_NEAR(*hit.distance, distance, 2e-5 * std::max(1.0, std::abs(distance))) << MetricName(metric);
        EXPECT_NEAR(*hit.distance, ExactDistance(metric, base[expected[i]], query), 1e-4);
        const double score = metric == Metric::kCosine ? 1 - distance
                             : metric == Metric::kL2   ? 1 / (1 + distance)
                                                       : -distance;
        EXPECT_NEAR(hit.score, score, 2e-5 * std::max(1.0, std::abs(score))) << MetricName(metric);
        EXPECT_LE(hit.score, output.hits[i == 0 ? 0 : i - 1].score);
      }
    }
  }
}

TEST(Search, GivesMinOfKAndTheRecordsThatHaveAVector) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  EXPECT_TRUE(db.SearchIds(c, {1}, 10).empty());
  db.Add(c, {{"a", {1}, {}, {}}, {"none", {}, "only text", {}}, {"b", {2}, {}, {}}, {"d", {3}, {}, {}}});
  EXPECT_EQ(db.SearchIds(c, {0}, 2), (Strings{"a", "b"}));
  EXPECT_EQ(db.SearchIds(c, {0}, 3), (Strings{"a", "b", "d"}));
  EXPECT_EQ(db.SearchIds(c, {0}, 10000), (Strings{"a", "b", "d"}));
}

TEST(Search, OrdersEqualDistancesNewestRecordFirst) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  for (const char* id : {"a", "b", "d", "e"}) db.Add(c, {{id, {1}, {}, {}}});
  db.Delete(c, "b");
  db.Upsert(c, {{"a", {1}, "again", {}}});
  db.Add(c, {{"f", {1}, {}, {}}});
  EXPECT_EQ(db.SearchIds(c, {1}, 10), (Strings{"f", "e", "d", "a"}));
  EXPECT_EQ(db.SearchIds(c, {1}, 2), (Strings{"f", "e"}));
  db.Reopen();
  EXPECT_EQ(db.SearchIds(c, {1}, 10), (Strings{"f", "e", "d", "a"}));
}

TEST(Search, BringsWhatIsIncludedAndNothingElse) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(2, Metric::kCosine));
  db.Add(c, {{"a", {3, 4}, "text", "{\"x\":1}"}});
  for (int mask = 0; mask < 8; ++mask) {
    SearchQuery query;
    query.vector = {1, 1};
    query.include = {(mask & 1) != 0, (mask & 2) != 0, (mask & 4) != 0};
    const RecordOutput record = Require(Search(db.get(), c, query, {})).hits.at(0).record;
    EXPECT_EQ(record.text, query.include.text ? std::optional<std::string>("text") : std::nullopt);
    EXPECT_EQ(record.metadata, query.include.metadata ? std::optional<std::string>("{\"x\":1}") : std::nullopt);
    EXPECT_EQ(record.vector, query.include.vector ? (std::vector<float>{3, 4}) : std::vector<float>{})
        << "as it was given";
    EXPECT_EQ(record.id, "a");
  }
}

TEST(Search, CosineIgnoresTheLengthOfVectors) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(2, Metric::kCosine));
  db.Add(c, {{"far", {0, 1e17f}, {}, {}}, {"near", {1e-17f, 1e-18f}, {}, {}}});
  for (const float length : {1e-17f, 1.0f, 1e17f}) {
    const SearchOutput output = db.Search(c, {length, 0}, 2);
    EXPECT_EQ(Ids(output), (Strings{"near", "far"}));
    EXPECT_NEAR(output.hits[0].score, 0.995037, 1e-5);
    EXPECT_NEAR(output.hits[1].score, 0, 1e-5);
  }
}

TEST(Search, SaysHowItSearched) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Graph(2, Metric::kL2, 0));
  Random random(5);
  std::vector<TestRecord> records;
  for (int i = 0; i < 50; ++i) records.push_back({Numbered("r", i), RandomVector(2, &random), {}, {}});
  db.Add(c, std::move(records));
  SearchOutput output = db.Search(c, {0, 0}, 3);
  EXPECT_TRUE(output.found->used_graph());
  EXPECT_EQ(output.found->ef, 100u);
  EXPECT_EQ(output.found->scanned, 50u) << "nothing is linked yet";
  db.Link();
  output = db.Search(c, {0, 0}, 3);
  EXPECT_EQ(output.found->scanned, 0u);
  output = db.Search(c, {0, 0}, 3, true);
  EXPECT_FALSE(output.found->used_graph());
  EXPECT_EQ(output.found->scanned, 50u);
  EXPECT_GE(output.search_micros, 0);
  EXPECT_GE(output.hydrate_micros, 0);
}

TEST(Search, StopsWhenAbortedOrOutOfTime) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  SearchQuery query;
  query.vector = {1};
  CancelToken cancel;
  cancel.set_deadline_micros(1);
  EXPECT_EQ(Search(db.get(), c, query, cancel).status().code(), Code::kTimeout);
  cancel.Cancel();
  EXPECT_EQ(Search(db.get(), c, query, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(Get(db.get(), c, "a", {}, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(Has(db.get(), c, "a", cancel).status().code(), Code::kAborted);
  EXPECT_EQ(Count(db.get(), c, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(StatsOf(db.get(), c, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(ListCollections(db.get(), cancel).status().code(), Code::kAborted);
  EXPECT_EQ(AddedMark(db.get(), c, cancel).status().code(), Code::kAborted);
}

TEST(Search, NamesTheHitThatWasDamagedInTheFile) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"good", {1}, "text", {}}, {"bad", {9}, "text", {}}});
  SqliteFile(dir.File("a.db")).Run("UPDATE records SET text='other' WHERE id='bad'");
  EXPECT_EQ(db.SearchIds(c, {1}, 1), Strings{"good"});
  SearchQuery query;
  query.vector = {1};
  query.k = 2;
  const Status status = Search(db.get(), c, query, {}).status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.id(), "bad");
}

TEST(Search, SaysWhenARecordVanishedFromTheFile) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, {}, {}}});
  SqliteFile(dir.File("a.db")).Run("DELETE FROM records");
  SearchQuery query;
  query.vector = {1};
  const Status status = Search(db.get(), c, query, {}).status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find("vanished"), std::string::npos) << status.message();
}

TEST(Get, GivesARecordBackExactly) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(3, Metric::kCosine));
  const TimeMs before = NowMs();
  const std::string text("with\0NUL and gr\xc3\xbc\xc3\x9f", 19), metadata = "{ \"b\": 1,  \"a\": [1.50] }";
  const Version version =
      db.Add(c, {{"a", {0.1f, -2e-10f, 3e10f}, text, metadata}, {"empty", {}, "", "{}"}, {"bare", {}, {}, {}}});
  const RecordOutput a = db.Get(c, "a").value();
  EXPECT_EQ(a.id, "a");
  EXPECT_EQ(a.text, text);
  EXPECT_EQ(a.metadata, metadata) << "to the byte";
  EXPECT_EQ(a.vector, (std::vector<float>{0.1f, -2e-10f, 3e10f}));
  EXPECT_EQ(a.version, version);
  EXPECT_EQ(a.created_at, a.updated_at);
  EXPECT_GE(a.created_at, before);
  EXPECT_LE(a.created_at, NowMs());
  EXPECT_EQ(db.Get(c, "empty")->text, "");
  EXPECT_FALSE(db.Get(c, "bare")->text.has_value());
  EXPECT_FALSE(db.Get(c, "bare")->metadata.has_value());
  EXPECT_TRUE(db.Get(c, "bare")->vector.empty());
  EXPECT_FALSE(db.Get(c, "A").has_value());
}

TEST(Get, KeepsNoMoreThanWasAskedFor) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1));
  db.Add(c, {{"a", {1}, "text", "{}"}});
  const RecordOutput record = Require(Get(db.get(), c, "a", {false, false, false}, {})).value();
  EXPECT_FALSE(record.text.has_value());
  EXPECT_FALSE(record.metadata.has_value());
  EXPECT_TRUE(record.vector.empty());
}

TEST(Get, AnIdOf512BytesIsAnIdLikeAnyOther) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  const std::string id(512, 'x'), other = std::string(511, 'x') + "y";
  db.Add(c, {{id, {}, "one", {}}, {other, {}, "other", {}}});
  EXPECT_EQ(db.Get(c, id)->text, "one");
  EXPECT_EQ(db.Get(c, other)->text, "other");
}

TEST(Stats, AddUp) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Graph(2, Metric::kL2, 10)), plain = db.Create("plain", {});
  Random random(6);
  for (int i = 0; i < 20; ++i) db.Add(c, {{Numbered("r", i), RandomVector(2, &random), {}, {}}});
  db.Add(c, {{"text", {}, "no vector", {}}});
  db.Add(plain, {{"a", {}, {}, {}}});
  CollectionStats stats = db.Stats(c);
  EXPECT_EQ(stats.info.name, "c");
  EXPECT_EQ(stats.records, 21);
  EXPECT_EQ(stats.vectors, 20);
  EXPECT_EQ(stats.damaged, 0);
  ASSERT_TRUE(stats.index.has_value());
  EXPECT_EQ(stats.index->tail, 20u);
  EXPECT_GT(stats.index->memory_bytes, 20 * 2 * sizeof(float));
  db.Link();
  db.Delete(c, "r3");
  stats = db.Stats(c);
  EXPECT_EQ(stats.index->linked, 19u);
  EXPECT_EQ(stats.index->deleted, 1u);
  EXPECT_FALSE(db.Stats(plain).index.has_value());
  EXPECT_EQ(db.get()->stats().records, 21);
  EXPECT_EQ(db.get()->stats().collections, 2);
}

}  // namespace
}  // namespace agentmemdb
