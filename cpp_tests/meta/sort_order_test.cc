#include "meta/sort_order.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "meta/record_values.h"

namespace agentmemdb {
namespace {

SortOrder Order(const std::vector<std::string>& fields) {
  Result<SortOrder> order = ParseSortOrder(fields, "query.orderBy");
  EXPECT_TRUE(order.ok()) << order.status().message();
  return order.ok() ? std::move(*order) : SortOrder();
}

// As JSON; "none" for an empty array.
std::string KeyOf(const std::string& metadata, const std::string& path, bool descending) {
  RecordFields fields;
  fields.metadata = metadata;
  RecordValues values(fields);
  SortKeyFinder finder(descending);
  values.Any(*ParseFieldPath(path, "path"), [&](const Value* value, bool of_array) {
    finder.Add(value, of_array);
    return false;
  });
  std::string json;
  if (finder.key() != nullptr) AppendJson(*finder.key(), &json);
  return finder.key() == nullptr ? "none" : json;
}

TEST(SortKey, IsTheLeastOrTheGreatestOfWhatAPathReaches) {
  EXPECT_EQ(KeyOf(R"({"a":5})", "a", false), "5");
  EXPECT_EQ(KeyOf(R"({})", "a", false), "null");
  EXPECT_EQ(KeyOf(R"({"a":[3,1,2]})", "a", false), "1");
  EXPECT_EQ(KeyOf(R"({"a":[3,1,2]})", "a", true), "3");
  EXPECT_EQ(KeyOf(R"({"a":[3,"x",null]})", "a", false), "null");
  EXPECT_EQ(KeyOf(R"({"a":[3,"x",null]})", "a", true), "\"x\"");
  EXPECT_EQ(KeyOf(R"({"a":[]})", "a", false), "none");
  EXPECT_EQ(KeyOf(R"({"a":[[]]})", "a", false), "[]");
  EXPECT_EQ(KeyOf(R"({"a":[[2,1],[1]]})", "a", false), "[1]");
  EXPECT_EQ(KeyOf(R"({"a":[{"b":2},{"b":[5,1]},{}]})", "a.b", false), "null");
  EXPECT_EQ(KeyOf(R"({"a":[{"b":2},{"b":[5,1]},{}]})", "a.b", true), "5");
  EXPECT_EQ(KeyOf(R"({"a":[1,2]})", "a.b", false), "null");
}

TEST(SortKey, AnEmptyArrayComesBeforeEverything) {
  const Value null, number(1.0);
  EXPECT_TRUE(CompareKeys(nullptr, &null) < 0);
  EXPECT_TRUE(CompareKeys(&null, nullptr) > 0);
  EXPECT_TRUE(CompareKeys(nullptr, nullptr) == 0);
  EXPECT_TRUE(CompareKeys(&null, &number) < 0);
}

TEST(SortOrder, ReadsSignsAndPaths) {
  const SortOrder order = Order({"-a.b", "+$createdAt"});
  EXPECT_TRUE(order.at(0).descending);
  EXPECT_EQ(order.at(0).path.dotted, "a.b");
  EXPECT_FALSE(order.at(1).descending);
  EXPECT_EQ(order.at(1).path.system, SystemField::kCreatedAt);
  const std::vector<std::vector<std::string>> wrong = {
      {}, {"+"}, {""}, {"+a..b"}, {"+a", "-a"}, {"-$unknown"}, {"+a."}, std::vector<std::string>(9, "+a")};
  for (const auto& fields : wrong) {
    const Status status = ParseSortOrder(fields, "query.orderBy").status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.argument(), "query.orderBy");
  }
}

TEST(SortCursor, ComesBackAsItWas) {
  const SortOrder order = Order({"-a", "+b \"c\"", "+d"});
  SortCursor cursor;
  cursor.keys = {Value(std::string("it's \"x\"\n")), std::nullopt,
                 *ParseValue(R"([{"b":[1,-2.5e-300,null,true]}])", 40)};
  cursor.row = 9007199254740992;
  const std::string json = cursor.ToJson(order);
  Result<SortCursor> read = SortCursor::FromJson(json, order, "query.cursor");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->row, cursor.row);
  EXPECT_EQ(read->ToJson(order), json);
}

TEST(SortCursor, OfAnotherOrderOrNoneIsRefused) {
  const SortOrder order = Order({"-a"});
  for (const std::string json :
       {R"({"by":["+a"],"keys":[[1]],"row":1})", R"({"by":["-a","+b"],"keys":[[1]],"row":1})",
        R"({"by":["-a"],"keys":[],"row":1})", R"({"by":["-a"],"keys":[[1,2]],"row":1})",
        R"({"by":["-a"],"keys":[1],"row":1})", R"({"by":["-a"],"keys":[[1]],"row":-1})",
        R"({"by":["-a"],"keys":[[1]],"row":0.5})", R"({"by":["-a"],"keys":[[1]],"row":1e300})",
        R"({"by":["-a"],"keys":[[1]]})", R"({"by":[5],"keys":[[1]],"row":1})", "", "{", "null", "[[[[[["}) {
    EXPECT_EQ(SortCursor::FromJson(json, order, "query.cursor").status().argument(), "query.cursor") << json;
  }
}

}  // namespace
}  // namespace agentmemdb
