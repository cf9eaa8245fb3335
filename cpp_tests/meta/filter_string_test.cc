#include "meta/filter_string.h"

#include <gtest/gtest.h>

#include <string>

#include "meta/filter_eval.h"

namespace agentmemdb {
namespace {

// A tree as text: equal texts are equal trees, but for patterns.
std::string Tree(const Filter& filter) {
  std::string tree = std::to_string(static_cast<int>(filter.kind));
  if (filter.kind == FilterKind::kField)
    tree.append(filter.path.dotted).append(std::to_string(static_cast<int>(filter.op)));
  for (const Value& operand : filter.operands) {
    tree.append(" ").append(std::to_string(static_cast<int>(operand.type())));
    if (operand.is(ValueType::kString)) tree.append(operand.string());
    if (operand.is(ValueType::kNumber)) tree.append(std::to_string(operand.number()));
    if (operand.is(ValueType::kBool)) tree.append(operand.boolean() ? "t" : "f");
  }
  for (const Filter& child : filter.children) tree.append(Tree(child));
  return tree.append(";");
}

TEST(FilterString, MakesTheTreeOfTheJsonForm) {
  const struct {
    std::string text, json;
  } table[] = {
      {"topic = 'billing' AND year >= 2020", R"({"topic":"billing","year":{"$gte":2020}})"},
      {"a == 1", R"({"a":1})"},
      {"a=1", R"({"a":1})"},
      {"a!=1", R"({"a":{"$ne":1}})"},
      {"a <> 'x'", R"({"a":{"$ne":"x"}})"},
      {"a<1", R"({"a":{"$lt":1}})"},
      {"a<=-1.5e3", R"({"a":{"$lte":-1500}})"},
      {"a > -0", R"({"a":{"$gt":0}})"},
      {"a IN (1, 'x', null, true)", R"({"a":{"$in":[1,"x",null,true]}})"},
      {"a in()", R"({"a":{"$in":[]}})"},
      {"a NOT IN (2,1,2)", R"({"a":{"$nin":[1,2]}})"},
      {"a BETWEEN 1 AND 5", R"({"a":{"$gte":1,"$lte":5}})"},
      {"a NOT BETWEEN 1 AND 5", R"({"a":{"$not":{"$gte":1,"$lte":5}}})"},
      {"a BETWEEN 1 AND 5 AND b = 2", R"({"$and":[{"a":{"$gte":1,"$lte":5}},{"b":2}]})"},
      {"a IS NULL", R"({"a":null})"},
      {"a is not null", R"({"a":{"$ne":null}})"},
      {"a = NULL", R"({"a":null})"},
      {"EXISTS a.b", R"({"a.b":{"$exists":true}})"},
      {"NOT EXISTS a", R"({"a":{"$exists":false}})"},
      {"a CONTAINS 'x'", R"({"a":{"$contains":"x"}})"},
      {"a NOT CONTAINS 5", R"({"a":{"$not":{"$contains":5}}})"},
      {"a STARTS WITH 'x'", R"({"a":{"$startsWith":"x"}})"},
      {"a not starts with 'x'", R"({"a":{"$not":{"$startsWith":"x"}}})"},
      {"a MATCHES '^x'", R"({"a":{"$regex":"^x"}})"},
      {"a LIKE 'x%'", R"({"a":{"$regex":"^x"}})"},
      {"a NOT LIKE '%'", R"({"a":{"$not":{"$regex":""}}})"},
      {"a=1 OR b=2 AND c=3", R"({"$or":[{"a":1},{"b":2,"c":3}]})"},
      {"(a=1 OR b=2) AND c=3", R"({"$and":[{"$or":[{"a":1},{"b":2}]},{"c":3}]})"},
      {"((a=1))", R"({"a":1})"},
      {"NOT a=1 AND b=2", R"({"$and":[{"$not":{"a":1}},{"b":2}]})"},
      {"NOT (a=1 OR b=2)", R"({"$not":{"$or":[{"a":1},{"b":2}]}})"},
      {"not not a=1", R"({"$not":{"$not":{"a":1}}})"},
      {"a.b.0 = 1", R"({"a.b.0":1})"},
      {"user-id = 1", R"({"user-id":1})"},
      {"\"odd name\" = 1", R"({"odd name":1})"},
      {"`odd name`.b = 1", R"({"odd name.b":1})"},
      {"a.\"b \"\"c\"\"\".d = 1", R"({"a.b \"c\".d":1})"},
      {"\"and\" = 1", R"({"and":1})"},
      {"\xc3\xa4 = '\xc3\xb6'", R"({"ä":"ö"})"},
      {"a = 'it''s'", R"({"a":"it's"})"},
      {"a = ''", R"({"a":""})"},
      {"a = TRUE or b = False", R"({"$or":[{"a":true},{"b":false}]})"},
      {"$createdAt >= 5 and $id = 'x'", R"({"$createdAt":{"$gte":5},"$id":"x"})"},
      {"\n\ta\r=\n1 ", R"({"a":1})"},
      {"a=9007199254740992", R"({"a":9007199254740992})"},
      {"with = 1", R"({"with":1})"},
  };
  for (const auto& row : table) {
    Result<Filter> text = ParseFilterString(row.text), json = ParseFilter(row.json);
    ASSERT_TRUE(text.ok()) << row.text << ": " << text.status().message();
    ASSERT_TRUE(json.ok()) << row.json;
    EXPECT_EQ(Tree(text.value()), Tree(json.value())) << row.text;
  }
}

TEST(FilterString, NamesThePositionOfEveryMistake) {
  const struct {
    std::string text, says;
  } table[] = {
      {"", "position 0: expected a field, got the end"},
      {"  ", "position 2: expected a field, got the end"},
      {"topic = 'x' AND AND", "position 16: expected a field, got 'AND'"},
      {"topic = AND", "position 8: expected a value, got 'AND'"},
      {"topic == \"x\"", "position 9: expected a value, got '\"x\"'; texts stand in single quotes"},
      {"a = b", "position 4: expected a value, got 'b'"},
      {"a", "position 1: expected an operator"},
      {"a 5", "position 2: expected an operator"},
      {"a NOT 5", "position 6: expected an operator"},
      {"a ! 5", "position 2: expected an operator"},
      {"a =< 5", "position 3: expected a value, got '<'"},
      {"a = 1 b = 2", "position 6: expected AND, OR or the end, got 'b'"},
      {"a = 1)", "position 5: expected AND, OR or the end, got ')'"},
      {"(a = 1", "position 6: expected ')', got the end"},
      {"5 = a", "position 0: expected a field, got '5'"},
      {"'a' = 5", "position 0: expected a field, got a text"},
      {"in = 5", "position 0: expected a field, got 'in'; put it in double quotes"},
      {"a IN 5", "position 5: expected '(', got '5'"},
      {"a IN (5", "position 7: expected ',', got the end"},
      {"a IN (5,", "position 8: expected a value, got the end"},
      {"a IN (5 6)", "position 8: expected ',', got '6'"},
      {"a BETWEEN 1 OR 2", "position 12: expected AND, got 'OR'"},
      {"a IS 5", "position 5: expected NULL or NOT NULL, got '5'"},
      {"a IS NOT 5", "position 9: expected NULL, got '5'"},
      {"a LIKE 5", "position 7: expected a text in single quotes"},
      {"a LIKE '\\'", "position 7: ends with a backslash"},
      {"a STARTS 'x'", "position 9: expected WITH"},
      {"a STARTS WITH 5", "position 14: must be a string"},
      {"a MATCHES '('", "position 10: is no regular expression"},
      {"a MATCHES '(?=x)'", "position 10: has '(?=', and look-around"},
      {"a = 'x", "position 4: there is no ' at the end"},
      {"\"a = 1", "position 0: there is no \" at the end"},
      {"a. = 1", "position 0: a path ends with a dot"},
      {"a..b = 1", "position 0: a path ends with a dot"},
      {"\"\" = 1", "position 0: must be a dotted path without empty segments"},
      {"$ids = 1", "position 0: is not a field"},
      {"$id = 5", "position 6: must be a string, as $id is"},
      {"$version IN (1, 'x')", "must be a number, as $version is"},
      {"$createdAt > '2026-01-01'", "position 13: must be a time in milliseconds"},
      {"a = 01", "position 4: '01' is no number"},
      {"a = 5x", "position 4: '5x' is no number"},
      {"a = 1.2.3", "position 4: '1.2.3' is no number"},
      {"a = 1e999", "position 4: '1e999' is no number"},
      {"a = 9007199254740994", "position 4: must be an integer within 2^53"},
      {"a = 5 ; b", "position 6: expected AND, OR or the end, got ';'"},
      {"\xc3\xa4\xf0\x9f\x98\x80 = ?", "position 6: expected a value, got '?'"},  // As JavaScript counts.
  };
  for (const auto& row : table) {
    const Result<Filter> filter = ParseFilterString(row.text, "query.filter");
    ASSERT_FALSE(filter.ok()) << row.text;
    EXPECT_EQ(filter.status().code(), Code::kInvalidArgument) << row.text;
    EXPECT_EQ(filter.status().argument(), "query.filter") << row.text;
    EXPECT_EQ(filter.status().message().rfind("query.filter: position ", 0), 0u) << filter.status().message();
    EXPECT_NE(filter.status().message().find(row.says), std::string::npos) << filter.status().message();
  }
}

bool IsLike(const std::string& text, const std::string& pattern) {
  Result<Filter> filter = ParseFilterString("a LIKE '" + pattern + "'");
  EXPECT_TRUE(filter.ok()) << pattern;
  const std::string metadata = std::string("{\"a\":\"").append(text).append("\"}");
  RecordFields record;
  record.metadata = metadata;
  return filter.ok() && Matches(filter.value(), record);
}

TEST(FilterString, LikeIsOfTheWholeText) {
  EXPECT_TRUE(IsLike("abc", "abc"));
  EXPECT_FALSE(IsLike("abcd", "abc"));
  EXPECT_FALSE(IsLike("ABC", "abc"));
  EXPECT_TRUE(IsLike("abc", "a%"));
  EXPECT_TRUE(IsLike("abc", "%c"));
  EXPECT_TRUE(IsLike("abc", "%b%"));
  EXPECT_TRUE(IsLike("", "%"));
  EXPECT_TRUE(IsLike("abc", "a_c"));
  EXPECT_TRUE(IsLike("a\xf0\x9f\x98\x80", "a_"));
  EXPECT_FALSE(IsLike("ac", "a_c"));
  EXPECT_TRUE(IsLike("50%", "50\\%"));
  EXPECT_FALSE(IsLike("500", "50\\%"));
  EXPECT_TRUE(IsLike("a_c", "a\\_c"));
  EXPECT_TRUE(IsLike("a.c(*", "a.c(*"));
  EXPECT_FALSE(IsLike("abc(*", "a.c(*"));
  EXPECT_TRUE(IsLike("a\\nb", "a%b"));
  EXPECT_FALSE(IsLike("b\\na", "a"));
}

TEST(FilterString, HoldsTheLimitsOfFilters) {
  const auto repeat = [](int times, const std::string& text) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  EXPECT_TRUE(ParseFilterString("a=1" + repeat(999, " OR a=1")).ok());
  EXPECT_FALSE(ParseFilterString("a=1" + repeat(1000, " OR a=1")).ok());
  EXPECT_TRUE(ParseFilterString(repeat(32, "(") + "a=1" + repeat(32, ")")).ok());
  EXPECT_FALSE(ParseFilterString(repeat(33, "(") + "a=1" + repeat(33, ")")).ok());
  EXPECT_TRUE(ParseFilterString(repeat(32, "NOT ") + "a=1").ok());
  EXPECT_FALSE(ParseFilterString(repeat(33, "NOT ") + "a=1").ok());
  EXPECT_TRUE(ParseFilterString("a LIKE '" + repeat(1000, "x") + "'").ok());
  EXPECT_FALSE(ParseFilterString("a LIKE '" + repeat(1001, "x") + "'").ok());
  EXPECT_TRUE(ParseFilterString("a MATCHES 'x'" + repeat(99, " OR a MATCHES 'x'")).ok());
  EXPECT_FALSE(ParseFilterString("a MATCHES 'x'" + repeat(100, " OR a MATCHES 'x'")).ok());
}

}  // namespace
}  // namespace agentmemdb
