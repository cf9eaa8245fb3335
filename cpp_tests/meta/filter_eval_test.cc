#include "meta/filter_eval.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/filter_generator.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

// Records in a vector; an index that answers the leaves it is told to.
class Records : public FieldSource {
 public:
  struct Record {
    std::string id, metadata;
    bool live = true;
  };

  RecordFields Fields(size_t slot) const {
    RecordFields fields;
    fields.id = records[slot].id;
    fields.created_at = static_cast<TimeMs>(slot);
    fields.version = static_cast<Version>(slot % 7);
    if (slot % 3 == 0) fields.expires_at = static_cast<TimeMs>(slot * 2);
    if (!records[slot].metadata.empty()) fields.metadata = records[slot].metadata;
    return fields;
  }

  IdSet Live() override {
    IdSet live;
    for (size_t i = 0; i < records.size(); ++i) {
      if (records[i].live) live.Add(Slot{static_cast<uint32_t>(i)});
    }
    return live;
  }

  Status Visit(const IdSet& candidates, const CancelToken&, const VisitRecord& visit) override {
    ++visits;
    for (auto slot = candidates.Next(Slot{0}); slot; slot = candidates.Next(Slot{ToInt(*slot) + 1})) {
      ++visited;
      if (cancel_after == visited) cancel->Cancel();
      RETURN_IF_ERROR(visit(*slot, Fields(ToInt(*slot))));
    }
    return {};
  }

  // Every so many leaves; 0 = none. Answers also name records that are not live.
  std::optional<IdSet> Lookup(const Filter& leaf, const CancelToken&) override {
    EXPECT_EQ(leaf.kind, FilterKind::kField);
    if (indexed_of_4 == 0 || random.Below(4) >= indexed_of_4) return std::nullopt;
    IdSet found;
    for (size_t i = 0; i < records.size(); ++i) {
      if (Matches(leaf, Fields(i))) found.Add(Slot{static_cast<uint32_t>(i)});
    }
    return found;
  }

  std::vector<Record> records;
  uint64_t indexed_of_4 = 0;
  Random random{TestSeed()};
  int visits = 0;
  size_t visited = 0;
  size_t cancel_after = 0;
  const CancelToken* cancel = nullptr;
};

TEST(EvaluateFilter, AgreesWithMatchesWhateverTheIndexAnswers) {
  SCOPED_TRACE(SeedNote());
  FilterGenerator generator(TestSeed());
  Records source;
  for (int i = 0; i < 60; ++i)
    source.records.push_back({"id" + std::to_string(i), generator.Metadata(), source.random.Below(10) != 0});
  size_t matched = 0;
  for (int round = 0; round < 1500; ++round) {
    const std::string json = generator.FilterJson(3);
    const Result<Filter> filter = ParseFilter(json);
    ASSERT_TRUE(filter.ok()) << json << ": " << filter.status().message();
    IdSet expected;
    for (size_t i = 0; i < source.records.size(); ++i) {
      if (source.records[i].live && Matches(filter.value(), source.Fields(i)))
        expected.Add(Slot{static_cast<uint32_t>(i)});
    }
    matched += expected.Count();
    for (const uint64_t indexed : {0u, 2u, 4u}) {
      source.indexed_of_4 = indexed;
      source.visits = 0;
      Result<IdSet> found = EvaluateFilter(filter.value(), source, CancelToken());
      ASSERT_TRUE(found.ok()) << json << ": " << found.status().message();
      EXPECT_EQ(*found, expected) << json << ", indexed " << indexed;
      EXPECT_LE(source.visits, indexed == 4 ? 0 : 1) << json;
    }
  }
  EXPECT_GT(matched, 1500u * 60 / 10);  // The filters are not idle,
  EXPECT_LT(matched, 1500u * 60 * 9 / 10);
}

// Answers one path only.
class OnePathIndexed : public Records {
 public:
  std::optional<IdSet> Lookup(const Filter& leaf, const CancelToken&) override {
    if (leaf.path.dotted != "indexed") return std::nullopt;
    IdSet found;
    for (uint32_t i = 0; i < records.size(); ++i) {
      if (Matches(leaf, Fields(i))) found.Add(Slot{i});
    }
    return found;
  }
};

TEST(EvaluateFilter, VisitsOnlyWhatTheIndexLeavesUndecided) {
  const struct {
    const char* filter;
    size_t visited, matched;
  } table[] = {
      {R"({})", 0, 100},
      {R"({"indexed":1})", 0, 10},
      {R"({"indexed":1,"free":0})", 10, 5},
      {R"({"free":0,"indexed":1})", 10, 5},
      {R"({"$or":[{"indexed":1},{"free":0}]})", 90, 55},
      {R"({"$nor":[{"indexed":1},{"free":0}]})", 90, 45},
      {R"({"indexed":{"$ne":1},"free":0})", 90, 45},
      {R"({"indexed":77,"free":0})", 0, 0},
      {R"({"free":0})", 100, 50},
  };
  OnePathIndexed source;
  for (int i = 0; i < 100; ++i)
    source.records.push_back(
        {"", "{\"indexed\":" + std::to_string(i / 10) + ",\"free\":" + std::to_string(i % 2) + "}"});
  for (const auto& row : table) {
    source.visited = 0;
    const Result<Filter> filter = ParseFilter(row.filter);
    Result<IdSet> found = EvaluateFilter(filter.value(), source, CancelToken());
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->Count(), row.matched) << row.filter;
    EXPECT_EQ(source.visited, row.visited) << row.filter;
  }
}

TEST(EvaluateFilter, StopsWithin256RecordsOfACancel) {
  Records source;
  source.records.assign(10000, {"id", R"({"a":1})"});
  const CancelToken cancel;
  source.cancel = &cancel;
  source.cancel_after = 1000;
  const Result<Filter> filter = ParseFilter(R"({"a":1})");
  const Result<IdSet> found = EvaluateFilter(filter.value(), source, cancel);
  EXPECT_EQ(found.status().code(), Code::kAborted);
  EXPECT_LT(source.visited, 1000u + 256);
  source.visited = 0;
  EXPECT_EQ(EvaluateFilter(filter.value(), source, cancel).status().code(), Code::kAborted);
  EXPECT_EQ(source.visited, 0u);
}

TEST(EvaluateFilter, StopsWithin1MiBOfACancel) {
  Records source;
  source.records.assign(100, {"id", "{\"a\":\"" + std::string(500000, 'x') + "\"}"});
  const CancelToken cancel;
  source.cancel = &cancel;
  source.cancel_after = 10;
  const Result<Filter> filter = ParseFilter(R"({"a":1})");
  EXPECT_EQ(EvaluateFilter(filter.value(), source, cancel).status().code(), Code::kAborted);
  EXPECT_LE(source.visited, 13u);
}

TEST(EvaluateFilter, NamesTheRecordWhoseMetadataIsBroken) {
  for (const char* metadata : {"{\"a\":", "[1]", "1"}) {
    Records source;
    source.records = {{"good", R"({"a":1})"}, {"bad", metadata}};
    const Result<Filter> by_metadata = ParseFilter(R"({"a":1})");
    const Result<IdSet> found = EvaluateFilter(by_metadata.value(), source, CancelToken());
    EXPECT_EQ(found.status().code(), Code::kCorrupt);
    EXPECT_EQ(found.status().id(), "bad");
    const Result<Filter> by_id = ParseFilter(R"({"$id":"bad"})");
    EXPECT_TRUE(EvaluateFilter(by_id.value(), source, CancelToken()).ok());
  }
}

TEST(EvaluateFilter, PassesOnWhatTheSourceReports) {
  class Broken : public Records {
   public:
    Status Visit(const IdSet&, const CancelToken&, const VisitRecord&) override { return Status(Code::kIo, "no disk"); }
  };
  Broken source;
  source.records.push_back({"id", "{}"});
  const Result<Filter> filter = ParseFilter(R"({"a":1})");
  EXPECT_EQ(EvaluateFilter(filter.value(), source, CancelToken()).status().code(), Code::kIo);
}

}  // namespace
}  // namespace agentmemdb
