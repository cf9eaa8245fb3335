#include "meta/value.h"

#include <gtest/gtest.h>

#include <string>

namespace agentmemdb {
namespace {

Value Read(std::string_view json) {
  std::optional<Value> value = ParseValue(json, 32);
  EXPECT_TRUE(value) << json;
  return value ? *value : Value();
}

TEST(Value, ReadsEveryJsonType) {
  EXPECT_TRUE(Read("null").is(ValueType::kNull));
  EXPECT_TRUE(Read(" true ").boolean());
  EXPECT_EQ(Read("-12").number(), -12);
  EXPECT_EQ(Read("9007199254740991").number(), 9007199254740991.0);
  EXPECT_EQ(Read("18446744073709551616").number(), 18446744073709551616.0);
  EXPECT_EQ(Read("1.5e3").number(), 1500);
  EXPECT_EQ(Read("\"a\\u00fc\\ud83d\\ude00\\n\"").string(), "a\xc3\xbc\xf0\x9f\x98\x80\n");
  EXPECT_EQ(Read("[1,[],{}]").array().size(), 3u);
  EXPECT_EQ(Read("{\"a\":1,\"b\":{\"c\":[2]}}").Find("b")->Find("c")->array()[0].number(), 2);
}

TEST(Value, KeepsTheOrderOfMembersAndFindsTheLastOfAName) {
  const Value value = Read("{\"z\":1,\"a\":2,\"z\":3}");
  EXPECT_EQ(value.object()[0].name, "z");
  EXPECT_EQ(value.object()[1].name, "a");
  EXPECT_EQ(value.Find("z")->number(), 3);
  EXPECT_EQ(value.Find("y"), nullptr);
  EXPECT_EQ(Read("[1]").Find("0"), nullptr);
}

TEST(Value, RefusesWhatIsNotJson) {
  for (const char* json : {"", " ", "{", "[1,]", "{\"a\":}", "{a:1}", "01", "NaN", "1 2", "'a'", "\"\\ud800\"", "1e999",
                           "\"\xff\"", "\"\xed\xa0\x80\"", "undefined", "{\"a\":1}x", "\"a\nb\""})
    EXPECT_FALSE(ParseValue(json, 32)) << json;
}

TEST(Value, RefusesOneLevelTooMany) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ParseValue(nested(32), 32));
  EXPECT_FALSE(ParseValue(nested(33), 32));
  EXPECT_FALSE(ParseValue("{\"a\":[]}", 1));
  EXPECT_TRUE(ParseValue("1", 0));
  EXPECT_FALSE(ParseValue(std::string(1000000, '['), 32));
}

TEST(Value, ReadsManyMembers) {
  std::string json = "{";
  for (int i = 0; i < 100000; ++i) json += "\"k" + std::to_string(i) + "\":1,";
  json += "\"last\":2}";
  EXPECT_EQ(Read(json).Find("last")->number(), 2);
}

TEST(Value, ComparesAsMongoDbDoes) {
  const char* const ascending[] = {
      "null",
      "-1e300",
      "-1",
      "0",
      "1e-300",
      "2",
      "10",
      "\"\"",
      "\"10\"",
      "\"2\"",
      "\"Z\"",
      "\"a\"",
      "\"a\\u0000\"",
      "\"aa\"",
      "\"\\u00fc\"",
      "\"\\uffff\"",
      "\"\\ud83d\\ude00\"",  // By bytes of UTF-8, not by UTF-16 units.
      "{}",
      "{\"b\":null}",  // The type of the first value comes before its name.
      "{\"a\":1}",
      "{\"a\":1,\"b\":1}",
      "{\"a\":2}",
      "{\"b\":1}",
      "{\"b\":1,\"a\":1}",
      "[]",
      "[null]",
      "[1]",
      "[1,1]",
      "[2]",
      "[[]]",
      "false",
      "true",
  };
  const size_t count = std::size(ascending);
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) {
      EXPECT_EQ(Compare(Read(ascending[i]), Read(ascending[j])), i <=> j) << ascending[i] << " and " << ascending[j];
      EXPECT_EQ(Equal(Read(ascending[i]), Read(ascending[j])), i == j);
    }
  }
  EXPECT_TRUE(Equal(Read("-0"), Read("0.0")));
  EXPECT_TRUE(Equal(Read("1"), Read("1.0")));
  EXPECT_FALSE(Equal(Read("{\"a\":1,\"b\":2}"), Read("{\"b\":2,\"a\":1}")));
}

}  // namespace
}  // namespace agentmemdb
