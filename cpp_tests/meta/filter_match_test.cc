// What filters mean: one table, after MongoDB's manual and the tests of its matcher.
#include <gtest/gtest.h>

#include <string>

#include "meta/filter_eval.h"

namespace agentmemdb {
namespace {

struct Case {
  const char* filter;
  const char* metadata;
  bool matches;
};

bool IsMatch(const std::string& filter, const RecordFields& record) {
  const Result<Filter> parsed = ParseFilter(filter);
  EXPECT_TRUE(parsed.ok()) << filter << ": " << parsed.status().message();
  return parsed.ok() && Matches(parsed.value(), record);
}

void Check(std::initializer_list<Case> table) {
  for (const Case& row : table) {
    RecordFields record;
    record.metadata = row.metadata;
    EXPECT_EQ(IsMatch(row.filter, record), row.matches) << row.filter << " on " << row.metadata;
    // And the opposite, however it is written.
    const std::string filter = row.filter;
    EXPECT_EQ(IsMatch("{\"$not\":" + filter + "}", record), !row.matches)
        << "$not of " << filter << " on " << row.metadata;
    EXPECT_EQ(IsMatch("{\"$nor\":[" + filter + "]}", record), !row.matches) << "$nor of " << filter;
  }
}

TEST(FilterMatch, Equality) {
  Check({
      {R"({})", R"({})", true},
      {R"({})", R"({"a":1})", true},
      {R"({"a":1})", R"({"a":1})", true},
      {R"({"a":1})", R"({"a":1.0})", true},
      {R"({"a":0})", R"({"a":-0.0})", true},
      {R"({"a":1})", R"({"a":"1"})", false},
      {R"({"a":1})", R"({"a":true})", false},
      {R"({"a":false})", R"({"a":0})", false},
      {R"({"a":""})", R"({"a":null})", false},
      {R"({"a":"x"})", R"({"a":"X"})", false},
      {R"({"a":"\u00e9"})", R"({"a":"e\u0301"})", false},
      {R"({"a":{"$eq":1}})", R"({"a":1})", true},
      {R"({"a":1,"b":2})", R"({"a":1,"b":2})", true},
      {R"({"a":1,"b":2})", R"({"a":1,"b":3})", false},
      {R"({"__proto__":1})", R"({"__proto__":1})", true},
  });
}

TEST(FilterMatch, EmbeddedObjectsAreEqualInTheirOrder) {
  Check({
      {R"({"a":{"b":1,"c":2}})", R"({"a":{"b":1,"c":2}})", true},
      {R"({"a":{"b":1,"c":2}})", R"({"a":{"c":2,"b":1}})", false},
      {R"({"a":{"b":1}})", R"({"a":{"b":1,"c":2}})", false},
      {R"({"a":{}})", R"({"a":{}})", true},
      {R"({"a":{}})", R"({"a":{"b":1}})", false},
      {R"({"a":{}})", R"({})", false},
      {R"({"a":{"b":1}})", R"({"a":[{"b":1},{"b":2}]})", true},
      {R"({"a.b":1})", R"({"a":{"b":1,"c":2}})", true},
      {R"({"a.b":1})", R"({"a.b":1})", false},
      {R"({"a":{"$eq":{"$gt":1}}})", R"({"a":{"$gt":1}})", true},
  });
}

TEST(FilterMatch, NullAndMissing) {
  Check({
      {R"({"a":null})", R"({"a":null})", true},
      {R"({"a":null})", R"({})", true},
      {R"({"a":null})", R"({"a":0})", false},
      {R"({"a":null})", R"({"a":[]})", false},
      {R"({"a":null})", R"({"a":[1,null]})", true},
      {R"({"a":[null]})", R"({})", false},
      {R"({"a.b":null})", R"({})", true},
      {R"({"a.b":null})", R"({"a":null})", true},
      {R"({"a.b":null})", R"({"a":4})", true},
      {R"({"a.b":null})", R"({"a":{}})", true},
      {R"({"a.b":null})", R"({"a":{"b":"hi"}})", false},
      {R"({"a.b":null})", R"({"a":[]})", false},
      {R"({"a.b":null})", R"({"a":[[]]})", false},
      {R"({"a.b":null})", R"({"a":[1,"string",4]})", false},
      {R"({"a.b":null})", R"({"a":[null,null]})", false},
      {R"({"a.b":null})", R"({"a":[{"b":3},{}]})", true},
      {R"({"a.b":null})", R"({"a":[{"b":1},{"b":3}]})", false},
      {R"({"a.b":{"$ne":null}})", R"({"a":[]})", true},
      {R"({"a":{"$ne":null}})", R"({})", false},
      {R"({"a":{"$in":[null,1]}})", R"({})", true},
      {R"({"a":{"$in":[1]}})", R"({})", false},
      {R"({"a":{"$gte":null}})", R"({"a":null})", true},
      {R"({"a":{"$lte":null}})", R"({"a":null})", true},
      {R"({"a":{"$gte":null}})", R"({})", true},
      {R"({"a":{"$gt":null}})", R"({"a":null})", false},
      {R"({"a":{"$gt":null}})", R"({"a":1})", false},
      {R"({"a":{"$lt":null}})", R"({})", false},
  });
}

TEST(FilterMatch, OrderOnlyWithinAType) {
  Check({
      {R"({"a":{"$gt":1}})", R"({"a":2})", true},
      {R"({"a":{"$gt":1}})", R"({"a":1})", false},
      {R"({"a":{"$gte":1}})", R"({"a":1})", true},
      {R"({"a":{"$lt":1}})", R"({"a":0.999})", true},
      {R"({"a":{"$lte":1}})", R"({"a":1.001})", false},
      {R"({"a":{"$gt":1}})", R"({"a":"2"})", false},
      {R"({"a":{"$lt":"2"}})", R"({"a":1})", false},
      {R"({"a":{"$gte":0}})", R"({"a":null})", false},
      {R"({"a":{"$gte":0}})", R"({"a":true})", false},
      {R"({"a":{"$gt":1}})", R"({})", false},
      {R"({"a":{"$lt":1}})", R"({})", false},
      {R"({"a":{"$lt":"b"}})", R"({"a":"a"})", true},
      {R"({"a":{"$lt":"b"}})", R"({"a":"B"})", true},
      {R"({"a":{"$gt":"10"}})", R"({"a":"9"})", true},
      {R"({"a":{"$gt":"ab"}})", R"({"a":"abc"})", true},
      {R"({"a":{"$gt":"\uffff"}})", R"({"a":"\ud83d\ude00"})", true},
      {R"({"a":{"$gt":false}})", R"({"a":true})", true},
      {R"({"a":{"$lt":true}})", R"({"a":0})", false},
      {R"({"a":{"$gt":{"b":1}}})", R"({"a":{"b":2}})", true},
      {R"({"a":{"$gt":{"b":1}}})", R"({"a":{"b":"x"}})", true},
      {R"({"a":{"$gte":1,"$lte":3}})", R"({"a":2})", true},
      {R"({"a":{"$gte":1,"$lte":3}})", R"({"a":4})", false},
  });
}

TEST(FilterMatch, ArraysMatchByAnyElementOrWhole) {
  Check({
      {R"({"a":2})", R"({"a":[1,2,3]})", true},
      {R"({"a":4})", R"({"a":[1,2,3]})", false},
      {R"({"a":[1,2]})", R"({"a":[1,2]})", true},
      {R"({"a":[2,1]})", R"({"a":[1,2]})", false},
      {R"({"a":[1]})", R"({"a":[1,2]})", false},
      {R"({"a":[1,2]})", R"({"a":[[1,2],3]})", true},
      {R"({"a":1})", R"({"a":[[1,2],3]})", false},
      {R"({"a":[]})", R"({"a":[]})", true},
      {R"({"a":[]})", R"({"a":[[]]})", true},
      {R"({"a":{"$gt":2}})", R"({"a":[1,3]})", true},
      {R"({"a":{"$gt":3}})", R"({"a":[1,3]})", false},
      {R"({"a":{"$gt":2,"$lt":1}})", R"({"a":[0,3]})", true},  // Not by the same element.
      {R"({"a":{"$gt":[1]}})", R"({"a":[1,0]})", true},
      {R"({"a":{"$gt":[1]}})", R"({"a":[[2]]})", true},
      {R"({"a":{"$gt":[1]}})", R"({"a":5})", false},
      {R"({"a":{"$gt":1}})", R"({"a":[]})", false},
      {R"({"a.b":1})", R"({"a":[{"b":1},{"b":2}]})", true},
      {R"({"a.b":3})", R"({"a":[{"b":1},{"b":2}]})", false},
      {R"({"a.b":2})", R"({"a":[{"b":[1,2]}]})", true},
      {R"({"a.b":[1,2]})", R"({"a":[{"b":[1,2]}]})", true},
      {R"({"a.b.c":1})", R"({"a":[{"b":[{"c":0},{"c":1}]}]})", true},
      {R"({"a.b":1})", R"({"a":[[{"b":1}]]})", false},
      {R"({"a.b":1,"a.c":2})", R"({"a":[{"b":1,"c":0},{"b":0,"c":2}]})", true},
  });
}

TEST(FilterMatch, NumericSegmentsAreIndexesAndKeys) {
  Check({
      {R"({"a.0":1})", R"({"a":[1,2]})", true},
      {R"({"a.1":1})", R"({"a":[1,2]})", false},
      {R"({"a.2":null})", R"({"a":[1,2]})", false},
      {R"({"a.2":{"$exists":true}})", R"({"a":[1,2]})", false},
      {R"({"a.0":1})", R"({"a":{"0":1}})", true},
      {R"({"a.0":1})", R"({"a":[{"0":1}]})", true},
      {R"({"a.0":1})", R"({"a":[0,{"0":1}]})", true},
      {R"({"a.0.b":1})", R"({"a":[{"b":1},{"b":2}]})", true},
      {R"({"a.1.b":1})", R"({"a":[{"b":1},{"b":2}]})", false},
      {R"({"a.0.1":2})", R"({"a":[[1,2],[3,4]]})", true},
      {R"({"a.0":1})", R"({"a":[[1,2]]})", false},
      {R"({"a.0":[1,2]})", R"({"a":[[1,2]]})", true},
      {R"({"a.0.b":1})", R"({"a":[[{"b":1}]]})", true},
      {R"({"a.00":1})", R"({"a":[1]})", false},
      {R"({"a.-1":1})", R"({"a":[1]})", false},
      {R"({"a.99999999999999999999":1})", R"({"a":[1]})", false},
  });
}

TEST(FilterMatch, InAndNin) {
  Check({
      {R"({"a":{"$in":[1,2]}})", R"({"a":2})", true},
      {R"({"a":{"$in":[1,2]}})", R"({"a":3})", false},
      {R"({"a":{"$in":[1,2]}})", R"({"a":"1"})", false},
      {R"({"a":{"$in":[]}})", R"({"a":1})", false},
      {R"({"a":{"$in":[3,"x",null,true]}})", R"({"a":true})", true},
      {R"({"a":{"$in":[1,9]}})", R"({"a":[5,9]})", true},
      {R"({"a":{"$in":[[5,9]]}})", R"({"a":[5,9]})", true},
      {R"({"a":{"$in":[{"b":1}]}})", R"({"a":{"b":1}})", true},
      {R"({"a":{"$nin":[1,2]}})", R"({"a":3})", true},
      {R"({"a":{"$nin":[1,2]}})", R"({"a":1})", false},
      {R"({"a":{"$nin":[1,2]}})", R"({})", true},
      {R"({"a":{"$nin":[null]}})", R"({})", false},
      {R"({"a":{"$nin":[]}})", R"({"a":1})", true},
      {R"({"a":{"$nin":[9]}})", R"({"a":[5,9]})", false},
      {R"({"a":{"$nin":[9]}})", R"({"a":[5,8]})", true},
  });
}

TEST(FilterMatch, NeIsTheNegationOfTheWhole) {
  Check({
      {R"({"a":{"$ne":1}})", R"({"a":2})", true},
      {R"({"a":{"$ne":1}})", R"({"a":1})", false},
      {R"({"a":{"$ne":1}})", R"({"a":"1"})", true},
      {R"({"a":{"$ne":1}})", R"({})", true},
      {R"({"a":{"$ne":1}})", R"({"a":[1,2]})", false},
      {R"({"a":{"$ne":3}})", R"({"a":[1,2]})", true},
      {R"({"a":{"$ne":[1,2]}})", R"({"a":[1,2]})", false},
      {R"({"a.b":{"$ne":1}})", R"({"a":[{"b":1},{"b":2}]})", false},
      {R"({"a.b":{"$ne":1}})", R"({"a":[{"b":2},{}]})", true},
  });
}

TEST(FilterMatch, Exists) {
  Check({
      {R"({"a":{"$exists":true}})", R"({"a":1})", true},
      {R"({"a":{"$exists":true}})", R"({"a":null})", true},
      {R"({"a":{"$exists":true}})", R"({"a":[]})", true},
      {R"({"a":{"$exists":true}})", R"({})", false},
      {R"({"a":{"$exists":false}})", R"({})", true},
      {R"({"a":{"$exists":false}})", R"({"a":null})", false},
      {R"({"a.b":{"$exists":true}})", R"({"a":1})", false},
      {R"({"a.b":{"$exists":true}})", R"({"a":[{},{"b":null}]})", true},
      {R"({"a.b":{"$exists":false}})", R"({"a":[{},{"b":1}]})", false},
      {R"({"a.b":{"$exists":false}})", R"({"a":[]})", true},
      {R"({"a":{"$exists":true,"$ne":1}})", R"({"a":2})", true},
  });
}

TEST(FilterMatch, NotOfAFieldIncludesOtherTypesAndMissing) {
  Check({
      {R"({"a":{"$not":{"$gt":5}}})", R"({"a":4})", true},
      {R"({"a":{"$not":{"$gt":5}}})", R"({"a":6})", false},
      {R"({"a":{"$not":{"$gt":5}}})", R"({"a":"6"})", true},
      {R"({"a":{"$not":{"$gt":5}}})", R"({})", true},
      {R"({"a":{"$not":{"$gt":5}}})", R"({"a":[1,9]})", false},
      {R"({"a":{"$not":{"$ne":5}}})", R"({"a":5})", true},
      {R"({"a":{"$not":{"$gt":5,"$lt":9}}})", R"({"a":7})", false},
      {R"({"a":{"$not":{"$gt":5,"$lt":9}}})", R"({"a":9})", true},
      {R"({"a":{"$not":{"$not":{"$gt":5}}}})", R"({"a":6})", true},
      {R"({"a":{"$gt":1,"$not":{"$gt":5}}})", R"({"a":3})", true},
      {R"({"a":{"$gt":1,"$not":{"$gt":5}}})", R"({"a":0})", false},
  });
}

TEST(FilterMatch, LogicalOperators) {
  Check({
      {R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1,"b":2})", true},
      {R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1})", false},
      {R"({"$and":[{}]})", R"({})", true},
      {R"({"$or":[{"a":1},{"b":2}]})", R"({"b":2})", true},
      {R"({"$or":[{"a":1},{"b":2}]})", R"({"a":2,"b":1})", false},
      {R"({"$or":[{"a":1},{}]})", R"({})", true},
      {R"({"$nor":[{"a":1},{"b":2}]})", R"({})", true},
      {R"({"$nor":[{"a":1},{"b":2}]})", R"({"b":2})", false},
      {R"({"$nor":[{}]})", R"({})", false},
      {R"({"$not":{"a":1,"b":2}})", R"({"a":1})", true},
      {R"({"c":3,"$or":[{"a":1},{"b":2}]})", R"({"a":1,"c":3})", true},
      {R"({"c":3,"$or":[{"a":1},{"b":2}]})", R"({"a":1})", false},
      {R"({"$or":[{"$and":[{"a":1},{"b":2}]},{"$nor":[{"c":{"$exists":true}}]}]})", R"({"a":1})", true},
      {R"({"$or":[{"$and":[{"a":1},{"b":2}]},{"$nor":[{"c":{"$exists":true}}]}]})", R"({"a":1,"c":0})", false},
  });
}

TEST(FilterMatch, FieldsOfTheRecord) {
  RecordFields record;
  record.id = "user-7";
  record.created_at = 1000;
  record.updated_at = 2000;
  record.version = 3;
  record.metadata = R"({"$id":"other","id":"meta"})";
  const struct {
    const char* filter;
    bool matches;
  } table[] = {
      {R"({"$id":"user-7"})", true},
      {R"({"$id":{"$in":["a","user-7"]}})", true},
      {R"({"$id":{"$gte":"user-","$lt":"user."}})", true},
      {R"({"$id":"other"})", false},
      {R"({"id":"meta"})", true},
      {R"({"$createdAt":{"$lte":1000}})", true},
      {R"({"$createdAt":{"$lt":1000}})", false},
      {R"({"$updatedAt":{"$gt":1999.5}})", true},
      {R"({"$version":{"$ne":3}})", false},
      {R"({"$version":{"$exists":true}})", true},
      {R"({"$expiresAt":null})", true},
      {R"({"$expiresAt":{"$exists":false}})", true},
      {R"({"$expiresAt":{"$lt":5000}})", false},
      {R"({"$or":[{"$version":9},{"id":"meta"}]})", true},
  };
  for (const auto& row : table) EXPECT_EQ(IsMatch(row.filter, record), row.matches) << row.filter;
  record.expires_at = 3000;
  EXPECT_TRUE(IsMatch(R"({"$expiresAt":{"$lt":5000}})", record));
  EXPECT_FALSE(IsMatch(R"({"$expiresAt":null})", record));
}

TEST(FilterMatch, ARecordWithoutMetadataIsOneWithoutFields) {
  const RecordFields record;
  EXPECT_TRUE(IsMatch("{}", record));
  EXPECT_TRUE(IsMatch(R"({"a.b":null})", record));
  EXPECT_TRUE(IsMatch(R"({"a":{"$ne":1}})", record));
  EXPECT_FALSE(IsMatch(R"({"a":{"$exists":true}})", record));
  EXPECT_FALSE(IsMatch(R"({"a":1})", record));
}

}  // namespace
}  // namespace agentmemdb
