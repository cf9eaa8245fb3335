#include "meta/field_path.h"

#include <gtest/gtest.h>

#include <string>

namespace agentmemdb {
namespace {

// What a path reaches, in order: numbers and strings as they are, "[]" and "{}" for containers, "-" for missing.
std::string Reached(const std::string& dotted, const std::string& json) {
  const std::optional<Value> metadata = ParseValue(json, 32);
  Result<FieldPath> path = ParseFieldPath(dotted, "path");
  EXPECT_TRUE(metadata && path.ok()) << dotted << " " << json;
  std::string reached;
  AnyAtPath(*metadata, *path, [&](const Value* value, bool) {
    if (!reached.empty()) reached += " ";
    if (value == nullptr) {
      reached += "-";
    } else if (value->is(ValueType::kNumber)) {
      reached += std::to_string(static_cast<int>(value->number()));
    } else {
      reached += value->is(ValueType::kArray) ? "[]" : value->is(ValueType::kObject) ? "{}" : "?";
    }
    return false;
  });
  return reached;
}

TEST(FieldPath, ReachesWhatMongoDbReaches) {
  const struct {
    const char *path, *json, *reached;
  } table[] = {
      {"a", R"({"x":4,"a":5})", "5"},
      {"a", R"({})", "-"},
      {"a", R"({"a":[5,6]})", "5 6 []"},
      {"a", R"({"a":[]})", "[]"},
      {"a", R"({"a":[[1],2]})", "[] 2 []"},
      {"a.b", R"({"a":4})", "-"},
      {"a.b", R"({"a":null})", "-"},
      {"a.b", R"({"a":{}})", "-"},
      {"a.b", R"({"a":[4]})", ""},
      {"a.b", R"({"a":[]})", ""},
      {"a.b", R"({"a":[[{"b":1}]]})", ""},
      {"a.b", R"({"a":{"b":[]}})", "[]"},
      {"a.b", R"({"a":[{"b":5},3,{},{"b":[9,11]},{"b":7}]})", "5 - 9 11 [] 7"},
      {"a.b", R"({"a":[{"b":[2,3]},{"b":[4,5]}]})", "2 3 [] 4 5 []"},
      {"a.1", R"({"a":[5,7,3]})", "7"},
      {"a.3", R"({"a":[5,7,3]})", ""},
      {"a.01", R"({"a":[5,7,3]})", ""},
      {"a.1", R"({"a":{"1":6}})", "6"},
      {"a.1", R"({"a":[5,[2,4],3]})", "[]"},
      {"a.1", R"({"a":[5,{"1":4},3]})", "4 {}"},
      {"a.1.b", R"({"a":[5,{"b":4},3]})", "- 4"},
      {"a.1.b", R"({"a":[5,[{"b":4}],3]})", "4"},
      {"a.0.1", R"({"a":[[1,2],[3,4]]})", "2"},
      {"a.0.b", R"({"a":[{"b":[2,3]},{"b":[4,5]}]})", "- 2 3 [] -"},
      {"0", R"({"0":1})", "1"},
      {"__proto__.x", R"({"__proto__":{"x":1}})", "1"},
  };
  for (const auto& row : table) EXPECT_EQ(Reached(row.path, row.json), row.reached) << row.path << " of " << row.json;
}

TEST(FieldPath, StopsAtTheFirstThatPasses) {
  const std::optional<Value> metadata = ParseValue(R"({"a":[1,2,3]})", 32);
  int seen = 0;
  EXPECT_TRUE(AnyAtPath(*metadata, *ParseFieldPath("a", "path"), [&](const Value* value, bool) {
    ++seen;
    return value->number() == 2;
  }));
  EXPECT_EQ(seen, 2);
}

TEST(FieldPath, KnowsTheFieldsOfTheRecord) {
  EXPECT_EQ(ParseFieldPath("$id", "path")->system, SystemField::kId);
  EXPECT_EQ(ParseFieldPath("$expiresAt", "path")->system, SystemField::kExpiresAt);
  EXPECT_TRUE(ParseFieldPath("id", "path")->in_metadata());
  EXPECT_TRUE(ParseFieldPath("a.$id", "path")->in_metadata());
}

TEST(FieldPath, RefusesWhatIsNoPath) {
  for (const char* dotted : {"", ".", "a.", ".a", "a..b", "$ids", "$id.x", "$", "$createdat"}) {
    const Result<FieldPath> path = ParseFieldPath(dotted, "query.orderBy");
    ASSERT_FALSE(path.ok()) << dotted;
    EXPECT_EQ(path.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(path.status().argument(), "query.orderBy");
  }
}

TEST(FieldPath, HoldsItsLimits) {
  EXPECT_TRUE(ParseFieldPath(std::string(512, 'a'), "path").ok());
  EXPECT_FALSE(ParseFieldPath(std::string(513, 'a'), "path").ok());
  std::string segments = "a";
  for (int i = 1; i < 32; ++i) segments += ".a";
  EXPECT_TRUE(ParseFieldPath(segments, "path").ok());
  EXPECT_FALSE(ParseFieldPath(segments + ".a", "path").ok());
}

}  // namespace
}  // namespace agentmemdb
