#include "meta/filter.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "base/clock.h"

namespace agentmemdb {
namespace {

using namespace std::string_literals;

std::string Repeat(size_t times, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string Nested(size_t times, const std::string& open, const std::string& inner, const std::string& close) {
  return Repeat(times, open) + inner + Repeat(times, close);
}

// {"$or":[{"a":1}, ...]}
std::string Clauses(size_t count) { return "{\"$or\":[{\"a\":1}" + Repeat(count - 1, ",{\"a\":1}") + "]}"; }

Filter Parsed(const std::string& json) {
  Result<Filter> filter = ParseFilter(json);
  EXPECT_TRUE(filter.ok()) << json << ": " << filter.status().message();
  return filter.ok() ? *filter : Filter();
}

TEST(ParseFilter, MakesTheTree) {
  const Filter everything = Parsed("{}");
  EXPECT_EQ(everything.kind, FilterKind::kAnd);
  EXPECT_TRUE(everything.children.empty());

  const Filter equal = Parsed(R"({"a.b":5})");
  EXPECT_EQ(equal.kind, FilterKind::kField);
  EXPECT_EQ(equal.op, FieldOp::kEqual);
  EXPECT_EQ(equal.path.dotted, "a.b");
  EXPECT_EQ(equal.operands.at(0).number(), 5);

  const Filter range = Parsed(R"({"$createdAt":{"$gt":1,"$lte":9}})");
  EXPECT_EQ(range.kind, FilterKind::kAnd);
  EXPECT_EQ(range.children.at(0).op, FieldOp::kGreater);
  EXPECT_EQ(range.children.at(1).op, FieldOp::kLessOrEqual);
  EXPECT_EQ(range.children.at(1).path.system, SystemField::kCreatedAt);

  const Filter not_in = Parsed(R"({"a":{"$nin":[2,"x",1,2,null]}})");
  EXPECT_EQ(not_in.kind, FilterKind::kNor);
  EXPECT_EQ(not_in.children.at(0).op, FieldOp::kIn);
  EXPECT_EQ(not_in.children.at(0).operands.size(), 4u);
  EXPECT_TRUE(not_in.children.at(0).operands.at(0).is(ValueType::kNull));
  EXPECT_EQ(not_in.children.at(0).operands.at(2).number(), 2);

  const Filter either = Parsed(R"({"$or":[{"a":1},{"$nor":[{"b":{"$exists":false}}]}]})");
  EXPECT_EQ(either.kind, FilterKind::kOr);
  EXPECT_EQ(either.children.at(1).kind, FilterKind::kNor);
  EXPECT_EQ(either.children.at(1).children.at(0).kind, FilterKind::kNor);
  EXPECT_EQ(either.children.at(1).children.at(0).children.at(0).op, FieldOp::kExists);
}

TEST(ParseFilter, TakesOperatorsAsLiteralsOnlyInEq) {
  EXPECT_EQ(Parsed(R"({"a":{"$eq":{"$gt":1}}})").operands.at(0).object().at(0).name, "$gt");
  EXPECT_TRUE(ParseFilter(R"({"a":{"$ne":{"b":{"$gt":1}}}})").ok());
}

TEST(ParseFilter, NamesThePlaceOfEveryMistake) {
  const std::string field_operators =
      "$eq $ne $gt $gte $lt $lte $in $nin $all $elemMatch $exists $contains $startsWith $regex $not";
  const struct {
    std::string json, argument, says;
  } table[] = {
      {"", "filter", "valid JSON"},
      {"{", "filter", "valid JSON"},
      {R"({"a":"\ud800"})", "filter", "valid JSON"},
      {"{\"a\":\"\xff\"}", "filter", "valid JSON"},
      {R"({"a":1e999})", "filter", "valid JSON"},
      {R"({"a":1} x)", "filter", "valid JSON"},
      {"[]", "filter", "an object"},
      {"null", "filter", "an object"},
      {R"({"$or":[{"a":1},{"year":{"$gtt":1}}]})", "filter.$or[1].year.$gtt", field_operators},
      {R"({"a.b":{"$regexp":"x"}})", "filter.a.b.$regexp", field_operators},
      {R"({"a":{"$and":[{"$gt":1}]}})", "filter.a.$and", field_operators},
      {R"({"a":{"$gt":1,"b":2}})", "filter.a.b", field_operators},
      {R"({"a":{"b":2,"$gt":1}})", "filter.a.b", field_operators},
      {R"({"a":{"$":1}})", "filter.a.$", field_operators},
      {R"({"$gt":1})", "filter.$gt", "$and $or $nor $not"},
      {R"({"$ids":"x"})", "filter.$ids", "$id $createdAt $updatedAt $expiresAt $version"},
      {R"({"$id.x":"x"})", "filter.$id.x", "$id $createdAt"},
      {R"({"$where":"1"})", "filter.$where", "$and $or $nor $not"},
      {R"({"$and":{}})", "filter.$and", "array of at least one"},
      {R"({"$and":[]})", "filter.$and", "array of at least one"},
      {R"({"$or":[]})", "filter.$or", "array of at least one"},
      {R"({"$nor":null})", "filter.$nor", "array of at least one"},
      {R"({"$and":[{},1]})", "filter.$and[1]", "an object"},
      {R"({"$nor":[{"$or":[{"a":1},{"b":1},[]]}]})", "filter.$nor[0].$or[2]", "an object"},
      {R"({"$not":[{"a":1}]})", "filter.$not", "an object"},
      {R"({"$not":{"a":{"$x":1}}})", "filter.$not.a.$x", field_operators},
      {R"({"a":{"$not":5}})", "filter.a.$not", "operators"},
      {R"({"a":{"$not":{}}})", "filter.a.$not", "operators"},
      {R"({"a":{"$not":{"b":1}}})", "filter.a.$not", "operators"},
      {R"({"a":{"$not":{"$not":{"$x":1}}}})", "filter.a.$not.$not.$x", field_operators},
      {R"({"a":{"$in":5}})", "filter.a.$in", "an array"},
      {R"({"a":{"$nin":{}}})", "filter.a.$nin", "an array"},
      {R"({"a":{"$in":[1,{"$gt":2}]}})", "filter.a.$in[1].$gt", "inside a value"},
      {R"({"a":{"b":{"$gt":2}}})", "filter.a.b.$gt", "inside a value"},
      {R"({"a":[{"b":[{"$gt":2}]}]})", "filter.a[0].b[0].$gt", "inside a value"},
      {R"({"a":{"$exists":1}})", "filter.a.$exists", "true or false"},
      {R"({"a":{"$exists":null}})", "filter.a.$exists", "true or false"},
      {R"({"a":{"$all":5}})", "filter.a.$all", "an array"},
      {R"({"a":{"$all":[1,{"$gt":2}]}})", "filter.a.$all[1].$gt", "inside a value"},
      {R"({"a":{"$all":[{"$elemMatch":{"b":1}},2]}})", "filter.a.$all[1]", "$elemMatch"},
      {R"({"a":{"$all":[{"$elemMatch":{"$x":1}}]}})", "filter.a.$all[0].$elemMatch.$x", field_operators},
      {R"({"a":{"$all":[1,{"$elemMatch":{"b":1}}]}})", "filter.a.$all[1].$elemMatch", "inside a value"},
      {R"({"a":{"$elemMatch":5}})", "filter.a.$elemMatch", "an object"},
      {R"({"a":{"$elemMatch":{"b":{"$x":1}}}})", "filter.a.$elemMatch.b.$x", field_operators},
      {R"({"a":{"$elemMatch":{"$gt":1,"b":2}}})", "filter.a.$elemMatch.b", field_operators},
      {R"({"a":{"$elemMatch":{"b":1,"$gt":2}}})", "filter.a.$elemMatch.$gt", "$and $or $nor $not"},
      {R"({"a":{"$elemMatch":{"$or":[{"$id":"x"}]}}})", "filter.a.$elemMatch.$or[0].$id", "none"},
      {R"({"$id":{"$elemMatch":{"$gt":"x"}}})", "filter.$id.$elemMatch", "arrays"},
      {R"({"a":{"$startsWith":5}})", "filter.a.$startsWith", "a string"},
      {R"({"$version":{"$startsWith":"5"}})", "filter.$version.$startsWith", "only $id"},
      {R"({"$createdAt":{"$regex":"5"}})", "filter.$createdAt.$regex", "only $id"},
      {R"({"a":{"$regex":5}})", "filter.a.$regex", "a string"},
      {R"({"a":{"$options":"i"}})", "filter.a.$options", "$regex"},
      {R"({"a":{"$regex":"x","$options":"g"}})", "filter.a.$options", "i, m, s and x"},
      {R"({"a":{"$regex":"x","$options":"ii"}})", "filter.a.$options", "each once"},
      {R"({"a":{"$regex":"x","$options":1}})", "filter.a.$options", "i, m, s and x"},
      {R"({"a":{"$not":{"$regex":"("}}})", "filter.a.$not.$regex", "no regular expression: missing )"},
      {R"x({"a":{"$regex":"(a)\\1"}})x", "filter.a.$regex", "back-references"},
      {R"x({"a":{"$regex":"a(?!b)"}})x", "filter.a.$regex", "look-around"},
      {R"x({"a":{"$regex":"(?<=b)a"}})x", "filter.a.$regex", "look-around"},
      {R"x({"a":{"$regex":"(a{1000}){1000}"}})x", "filter.a.$regex", "repetition"},
      {R"({"a":{"$regex":"\\pL{200}\\pL{200}"}})", "filter.a.$regex", "repeats too much"},
      {R"({"":1})", "filter.", "empty segments"},
      {R"({"a..b":1})", "filter.a..b", "empty segments"},
      {R"({"$and":[{"a.":1}]})", "filter.$and[0].a.", "empty segments"},
      {R"({"$id":5})", "filter.$id", "a string"},
      {R"({"$id":{"$all":["a",5]}})", "filter.$id.$all[1]", "a string"},
      {R"({"$id":{"$in":["a",5]}})", "filter.$id.$in[1]", "a string"},
      {R"({"$createdAt":{"$gt":"2024-01-01"}})", "filter.$createdAt.$gt", "milliseconds"},
      {R"({"$updatedAt":null})", "filter.$updatedAt", "milliseconds"},
      {R"({"$expiresAt":"never"})", "filter.$expiresAt", "milliseconds"},
      {R"({"$version":{"$in":[1,"2"]}})", "filter.$version.$in[1]", "a number"},
      {R"({"$version":{"a":1}})", "filter.$version", "a number"},
      {"{\"" + std::string(513, 'a') + "\":1}", "filter." + std::string(512, 'a') + "...", "512 bytes"},
      {"{\"" + Repeat(32, "a.") + "a\":1}", "filter." + Repeat(32, "a.") + "a", "32 segments"},
  };
  for (const auto& row : table) {
    const Result<Filter> filter = ParseFilter(row.json);
    ASSERT_FALSE(filter.ok()) << row.json;
    EXPECT_EQ(filter.status().code(), Code::kInvalidArgument) << row.json;
    EXPECT_EQ(filter.status().argument(), row.argument) << row.json;
    EXPECT_NE(filter.status().message().find(row.says), std::string::npos) << filter.status().message();
    EXPECT_EQ(filter.status().message().rfind(row.argument + " ", 0), 0u) << filter.status().message();
  }
}

TEST(ParseFilter, CallsTheFilterWhatTheCallerCallsIt) {
  EXPECT_EQ(ParseFilter(R"({"a":{"$x":1}})", "query.filter").status().argument(), "query.filter.a.$x");
}

TEST(ParseFilter, CutsALongNameBetweenCharacters) {
  const std::string argument = ParseFilter("{\"a" + Repeat(300, "\xc3\xbc") + "\":1}").status().argument();
  EXPECT_EQ(argument, "filter.a" + Repeat(255, "\xc3\xbc") + "...");
}

TEST(ParseFilter, HoldsItsLimits) {
  const struct {
    const char* what;
    std::string at_limit, beyond;
  } table[] = {
      {"bytes", "{\"a\":\"" + std::string((1u << 20) - 8, 'x') + "\"}",
       "{\"a\":\"" + std::string((1u << 20) - 7, 'x') + "\"}"},
      {"clauses in a list", Clauses(1000), Clauses(1001)},
      {"operators of one field", "{\"a\":{\"$gt\":1" + Repeat(999, ",\"$gt\":1") + "}}",
       "{\"a\":{\"$gt\":1" + Repeat(1000, ",\"$gt\":1") + "}}"},
      {"empty filters", "{\"$and\":[{}" + Repeat(999, ",{}") + "]}", "{\"$and\":[{}" + Repeat(1000, ",{}") + "]}"},
      {"depth of $and", Nested(32, "{\"$and\":[", "{\"a\":1}", "]}"), Nested(33, "{\"$and\":[", "{\"a\":1}", "]}")},
      {"depth of $not", Nested(32, "{\"$not\":", "{\"a\":1}", "}"), Nested(33, "{\"$not\":", "{\"a\":1}", "}")},
      {"depth of a field's $not", "{\"a\":" + Nested(32, "{\"$not\":", "{\"$gt\":1}", "}") + "}",
       "{\"a\":" + Nested(33, "{\"$not\":", "{\"$gt\":1}", "}") + "}"},
      {"depth of both", Nested(31, "{\"$or\":[", R"({"a":{"$not":{"$gt":1}}})", "]}"),
       Nested(32, "{\"$or\":[", R"({"a":{"$not":{"$gt":1}}})", "]}")},
      {"depth of $elemMatch", Nested(32, "{\"a\":{\"$elemMatch\":", "{\"a\":1}", "}}"),
       Nested(33, "{\"a\":{\"$elemMatch\":", "{\"a\":1}", "}}")},
      {"values of $all", "{\"a\":{\"$all\":[1" + Repeat(999, ",1") + "]}}",
       "{\"a\":{\"$all\":[1" + Repeat(1000, ",1") + "]}}"},
      {"bytes of a pattern", R"({"a":{"$regex":")" + std::string(1000, 'x') + "\"}}",
       R"({"a":{"$regex":")" + std::string(1001, 'x') + "\"}}"},
      {"patterns", "{\"$or\":[" + Repeat(99, "{\"a\":{\"$regex\":\"x\"}},") + "{\"a\":{\"$regex\":\"x\"}}]}",
       "{\"$or\":[" + Repeat(100, "{\"a\":{\"$regex\":\"x\"}},") + "{\"a\":{\"$regex\":\"x\"}}]}"},
      {"depth of JSON", "{\"a\":" + Nested(99, "[", "", "]") + "}", "{\"a\":" + Nested(100, "[", "", "]") + "}"},
      {"a value as deep as metadata in the deepest place",
       Nested(32, "{\"$or\":[", "{\"a\":{\"$in\":[" + Nested(32, "[", "", "]") + "]}}", "]}"), "[]"},
  };
  for (const auto& row : table) {
    const Result<Filter> at_limit = ParseFilter(row.at_limit);
    EXPECT_TRUE(at_limit.ok()) << row.what << ": " << at_limit.status().message();
    const Result<Filter> beyond = ParseFilter(row.beyond);
    EXPECT_EQ(beyond.status().code(), Code::kInvalidArgument) << row.what;
  }
  EXPECT_EQ(ParseFilter(Clauses(1001)).status().argument(), "filter.$or[1000].a");
}

TEST(ParseFilter, TakesALongListOfValues) {
  const std::string json = "{\"$id\":{\"$in\":[\"a\"" + Repeat(200000, ",\"a\"") + ",\"b\"]}}";
  EXPECT_EQ(Parsed(json).operands.size(), 2u);
}

TEST(ParseFilter, RefusesHostileInput) {
  const struct {
    const char* what;
    std::string json;
  } table[] = {
      {"100,000 clauses", Clauses(100000)},
      {"100,000 fields", "{\"a\":1" + Repeat(100000, ",\"a\":1") + "}"},
      {"100,000 empty filters", "{\"$and\":[{}" + Repeat(100000, ",{}") + "]}"},
      {"depth 10,000 of $and", Nested(10000, "{\"$and\":[", "{}", "]}")},
      {"depth 10,000 of $not", Nested(10000, "{\"$not\":", "{}", "}")},
      {"depth 10,000 of a value", "{\"a\":" + Nested(10000, "[", "", "]") + "}"},
      {"depth 500,000, never closed", std::string(500000, '[')},
      {"64 MiB", std::string(64u << 20, '[')},
      {"a path of 1 MiB", "{\"" + std::string(1000000, 'a') + "\":1}"},
      {"a path of 500,000 segments", "{\"" + Repeat(500000, "a.") + "a\":1}"},
      {"an operator of 1 MiB", "{\"a\":{\"$" + std::string(1000000, 'a') + "\":1}}"},
      {"an operator behind 250,000 values", "{\"a\":[1" + Repeat(250000, ",1") + ",{\"$x\":1}]}"},
      {"100,000 values of $all", "{\"a\":{\"$all\":[1" + Repeat(100000, ",1") + "]}}"},
      {"1,000 large patterns",
       "{\"$or\":[" + Repeat(999, "{\"a\":{\"$regex\":\"\\\\pL{20}\"}},") + "{\"a\":{\"$regex\":\"x\"}}]}"},
      {"a pattern of 300 classes", "{\"a\":{\"$regex\":\"" + Repeat(300, "\\\\pL") + "\",\"$options\":\"i\"}}"},
      {"a pattern that repeats repetitions", R"x({"a":{"$regex":"((a{30}){30}){30}"}})x"},
      {"a pattern of 100,000 parentheses", "{\"a\":{\"$regex\":\"" + std::string(100000, '(') + "\"}}"},
      {"depth 10,000 of $elemMatch", Nested(10000, "{\"a\":{\"$elemMatch\":", "{}", "}}")},
      {"a string form of 100,000 tests", "\"a=1" + Repeat(100000, " OR a=1") + "\""},
      {"a string form of depth 100,000", "\"" + std::string(100000, '(') + "\""},
      {"a string form of 100,000 NOT", "\"" + Repeat(100000, "NOT ") + "a=1\""},
      {"a string form of 1 MiB of one name", "\"" + std::string(1000000, 'a') + "=1\""},
      {"a string form of one long number", "\"a=" + std::string(1000000, '1') + "\""},
      {"a string that never ends", "{\"a\":\"" + std::string(1000000, 'a')},
  };
  for (const auto& row : table) {
    const int64_t begun = MonotonicMicros();
    const Result<Filter> filter = ParseFilter(row.json);
    std::printf("  %s: refused in %.1f ms\n", row.what, static_cast<double>(MonotonicMicros() - begun) / 1000);
    EXPECT_EQ(filter.status().code(), Code::kInvalidArgument) << row.what;
    EXPECT_LT(filter.status().message().size(), 2000u) << row.what;
  }
}

}  // namespace
}  // namespace agentmemdb
