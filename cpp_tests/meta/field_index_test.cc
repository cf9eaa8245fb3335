#include "meta/field_index.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "meta/field_indexes.h"
#include "meta/filter_eval.h"
#include "support/filter_generator.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

struct Stored {
  std::string id, metadata;

  RecordFields fields() const {
    RecordFields fields;
    fields.id = id;
    fields.created_at = static_cast<TimeMs>(metadata.size());
    fields.version = static_cast<Version>(metadata.size() % 60);
    if (metadata.size() % 3 == 0) fields.expires_at = 30;
    if (!metadata.empty()) fields.metadata = metadata;
    return fields;
  }
};

void Learn(FieldIndex* index, uint32_t slot, const Stored& record) {
  const RecordFields fields = record.fields();
  RecordValues values(fields);
  index->Learn(Slot{slot}, &values);
}

Filter Parsed(const std::string& json) {
  Result<Filter> filter = ParseFilter(json);
  EXPECT_TRUE(filter.ok()) << json << ": " << filter.status().message();
  return std::move(*filter);
}

// Of a filter with one clause.
const Filter& LeafOf(const Filter& filter) {
  return filter.kind == FilterKind::kField ? filter : filter.children.front();
}

FieldPath PathOf(const std::string& json) { return LeafOf(Parsed(json)).path; }

void ForEachLeaf(const Filter& filter, const std::function<void(const Filter&)>& visit) {
  if (filter.kind == FilterKind::kField) return visit(filter);
  for (const Filter& child : filter.children) ForEachLeaf(child, visit);
}

IdSet FoundIn(const FieldIndex& index, const Filter& leaf, const IdSet& known) {
  IdSet found = index.Find(leaf);
  found.And(known);
  return found;
}

TEST(FieldIndex, FindsWhatMatchesWhileRecordsComeAndGo) {
  SCOPED_TRACE(SeedNote());
  constexpr uint32_t kRecords = 150;
  FilterGenerator generator(TestSeed());
  Random random(TestSeed());
  size_t leaves = 0, matched = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<Filter> filters;
    std::map<std::string, std::unique_ptr<FieldIndex>> indexes;
    for (int i = 0; i < 5; ++i) {
      filters.push_back(Parsed(generator.FilterJson(2)));
      ForEachLeaf(filters.back(), [&](const Filter& leaf) {
        indexes.try_emplace(leaf.path.dotted, std::make_unique<FieldIndex>(leaf.path));
      });
    }
    std::vector<Stored> records(kRecords);
    IdSet known;
    for (int change = 0; change < 3; ++change) {
      for (uint32_t slot = 0; slot < kRecords; ++slot) {
        const uint64_t what = change == 0 ? 1 : random.Below(4);
        if (what == 0) {
          for (const auto& [path, index] : indexes) index->Forget(Slot{slot});
          known.Remove(Slot{slot});
        } else if (what == 1) {
          records[slot] = {std::to_string(slot), generator.Metadata()};
          for (const auto& [path, index] : indexes) Learn(index.get(), slot, records[slot]);
          known.Add(Slot{slot});
        }
      }
      for (const Filter& filter : filters) {
        ForEachLeaf(filter, [&](const Filter& leaf) {
          const FieldIndex& index = *indexes.at(leaf.path.dotted);
          IdSet expected;
          known.ForEach([&](Slot slot) {
            if (Matches(leaf, records[ToInt(slot)].fields())) expected.Add(slot);
          });
          EXPECT_EQ(FoundIn(index, leaf, known), expected) << leaf.path.dotted;
          ++leaves;
          matched += expected.Count();
          IdSet unknown = IdSet::All(kRecords);
          index.RemoveKnown(&unknown);
          EXPECT_EQ(unknown.Count() + known.Count(), kRecords);
        });
      }
    }
  }
  EXPECT_GT(leaves, 1000u);
  EXPECT_GT(matched, leaves * kRecords / 50);  // The leaves are not idle,
  EXPECT_LT(matched, leaves * kRecords * 49 / 50);
}

TEST(FieldIndex, NumbersCompareExactly) {
  FieldIndex index(PathOf(R"({"n":1})"));
  const std::vector<std::string> numbers = {"0",      "-0.0",   "1",   "1.0000000000000002", "-1", "1e308",
                                            "-1e308", "5e-324", "0.1", "9007199254740991"};
  IdSet known;
  for (uint32_t slot = 0; slot < numbers.size(); ++slot) {
    Learn(&index, slot, {"", "{\"n\":" + numbers[slot] + "}"});
    known.Add(Slot{slot});
  }
  for (const char* op : {"$eq", "$gt", "$gte", "$lt", "$lte"}) {
    for (const std::string& operand : numbers) {
      const Filter leaf = Parsed("{\"n\":{\"" + std::string(op) + "\":" + operand + "}}");
      IdSet expected;
      for (uint32_t slot = 0; slot < numbers.size(); ++slot) {
        if (Matches(leaf, Stored{"", "{\"n\":" + numbers[slot] + "}"}.fields())) expected.Add(Slot{slot});
      }
      EXPECT_EQ(FoundIn(index, LeafOf(leaf), known), expected) << op << " " << operand;
    }
  }
  const Filter many = Parsed(R"({"n":{"$in":[0,1,2,3,4,5,6,7,"x",null]}})");
  EXPECT_EQ(FoundIn(index, LeafOf(many), known).Count(), 3u);
}

TEST(FieldIndex, NothingIsLearntOfADamagedRecord) {
  FieldIndex index(PathOf(R"({"n":1})"));
  const Stored damaged{"", "{\"n\":"};
  const RecordFields fields = damaged.fields();
  RecordValues values(fields);
  index.Learn(Slot{0}, &values);
  EXPECT_TRUE(values.damaged());
  IdSet unknown = IdSet::All(1);
  index.RemoveKnown(&unknown);
  EXPECT_EQ(unknown.Count(), 1u);
}

TEST(FieldIndexes, KeepThoseAskedForLastWithinTheirLimits) {
  FieldIndexes indexes;
  const auto path = [](int i) { return PathOf("{\"p" + std::to_string(i) + "\":1}"); };
  const FieldIndex* first = indexes.Get(path(0)).get();
  for (size_t i = 1; i < limits::kFieldIndexesMax + 10; ++i) {
    indexes.Get(path(static_cast<int>(i)));
    EXPECT_EQ(indexes.Get(path(0)).get(), first);
  }
  indexes.Trim();
  EXPECT_EQ(indexes.Get(path(0)).get(), first);
  const size_t bytes = indexes.memory_bytes();
  EXPECT_GT(bytes, 0u);
  for (int i = 1000; i < 2000; ++i) indexes.Get(path(i));
  indexes.Trim();
  EXPECT_EQ(indexes.memory_bytes(), bytes);
}

TEST(FieldIndexes, DeclaredOnesStayWhateverTheyTake) {
  FieldIndexes indexes(100'000);
  const FieldPath path = PathOf(R"({"n":1})");
  indexes.Get(path);
  indexes.Declare(path);
  indexes.Declare(path);
  const auto index = indexes.Get(path);
  for (uint32_t slot = 0; slot < 2000; ++slot) {
    const Stored record{"", "{\"n\":\"" + std::string(100, 'x') + std::to_string(slot % 500) + "\"}"};
    indexes.LearnDeclared(Slot{slot}, record.fields());
  }
  for (int i = 0; i < 100; ++i) indexes.Get(PathOf("{\"p" + std::to_string(i) + "\":1}"));
  indexes.Trim();
  EXPECT_EQ(indexes.Get(path), index);
  const auto stats = indexes.stats();
  ASSERT_EQ(stats.size(), limits::kFieldIndexesMax + 1);
  EXPECT_EQ(stats.front().path, "n");
  EXPECT_TRUE(stats.front().declared);
  EXPECT_EQ(stats.front().distinct, 500u);
  EXPECT_FALSE(stats.back().declared);
  indexes.Forget(Slot{0});
  IdSet unknown = IdSet::All(2000);
  index->RemoveKnown(&unknown);
  EXPECT_EQ(unknown.Count(), 1u);
}

TEST(FieldIndex, CountsDistinctNumbersAboutWhenThereAreMany) {
  FieldIndex index(PathOf(R"({"n":1})"));
  for (uint32_t slot = 0; slot < 60000; ++slot) Learn(&index, slot, {"", "{\"n\":" + std::to_string(slot / 2) + "}"});
  EXPECT_NEAR(static_cast<double>(index.CountDistinct()), 30000, 600);
}

TEST(FieldIndexes, OneThatIsTooLargeIsNotMadeAgain) {
  FieldIndexes indexes(100'000);
  const FieldPath path = PathOf(R"({"n":1})");
  const auto index = indexes.Get(path);
  for (uint32_t slot = 0; slot < 2000; ++slot)
    Learn(index.get(), slot, {"", "{\"n\":\"" + std::string(100, 'x') + std::to_string(slot) + "\"}"});
  indexes.Trim();
  EXPECT_EQ(indexes.memory_bytes(), 0u);
  EXPECT_EQ(indexes.Get(path), nullptr);
  EXPECT_NE(indexes.Get(PathOf(R"({"m":1})")), nullptr);
}

}  // namespace
}  // namespace agentmemdb
