// What the operators of arrays and of texts mean: after MongoDB's manual, and ours for $contains and $startsWith.
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

bool IsMatch(const std::string& filter, const std::string& metadata) {
  const Result<Filter> parsed = ParseFilter(filter);
  EXPECT_TRUE(parsed.ok()) << filter << ": " << parsed.status().message();
  RecordFields record;
  record.id = "id-7";
  record.metadata = metadata;
  return parsed.ok() && Matches(parsed.value(), record);
}

void Check(std::initializer_list<Case> table) {
  for (const Case& row : table) {
    EXPECT_EQ(IsMatch(row.filter, row.metadata), row.matches) << row.filter << " on " << row.metadata;
    const std::string filter = row.filter;
    EXPECT_EQ(IsMatch("{\"$not\":" + filter + "}", row.metadata), !row.matches) << "$not of " << filter;
  }
}

TEST(FilterOperators, All) {
  Check({
      {R"({"a":{"$all":[1,2]}})", R"({"a":[2,3,1]})", true},
      {R"({"a":{"$all":[1,2]}})", R"({"a":[1,3]})", false},
      {R"({"a":{"$all":[1]}})", R"({"a":1})", true},
      {R"({"a":{"$all":[1,2]}})", R"({"a":1})", false},
      {R"({"a":{"$all":[[1,2]]}})", R"({"a":[1,2]})", true},
      {R"({"a":{"$all":[[1,2]]}})", R"({"a":[[1,2],3]})", true},
      {R"({"a":{"$all":[[1,2],3]}})", R"({"a":[[1,2],3]})", true},
      {R"({"a":{"$all":[]}})", R"({"a":[]})", false},
      {R"({"a":{"$all":[]}})", R"({})", false},
      {R"({"a":{"$all":[null]}})", R"({})", true},
      {R"({"a":{"$all":[1,1]}})", R"({"a":[1]})", true},
      {R"({"a.b":{"$all":[1,2]}})", R"({"a":[{"b":1},{"b":2}]})", true},
      {R"({"a":{"$all":[{"$elemMatch":{"x":1,"y":2}},{"$elemMatch":{"x":2,"y":1}}]}})",
       R"({"a":[{"x":2,"y":1},{"x":1,"y":2}]})", true},
      {R"({"a":{"$all":[{"$elemMatch":{"x":1,"y":2}},{"$elemMatch":{"x":2,"y":1}}]}})", R"({"a":[{"x":1,"y":2}]})",
       false},
      {R"({"a":{"$all":[{"$elemMatch":{"$gt":1,"$lt":3}}]}})", R"({"a":[0,2]})", true},
      {R"({"a":{"$not":{"$all":[1,2]}}})", R"({"a":[1]})", true},
  });
}

TEST(FilterOperators, ElemMatchOfValues) {
  Check({
      {R"({"a":{"$elemMatch":{"$gte":80,"$lt":85}}})", R"({"a":[82,85,88]})", true},
      {R"({"a":{"$elemMatch":{"$gte":80,"$lt":85}}})", R"({"a":[75,88,89]})", false},
      {R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":2})", false},
      {R"({"a":{"$elemMatch":{"$gt":1}}})", R"({})", false},
      {R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":null})", false},
      {R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":[[2]]})", false},
      {R"({"a":{"$elemMatch":{"$eq":[2]}}})", R"({"a":[[2]]})", true},
      {R"({"a":{"$elemMatch":{"$elemMatch":{"$gt":1}}}})", R"({"a":[[0],[2]]})", true},
      {R"({"a":{"$elemMatch":{"$elemMatch":{"$gt":1}}}})", R"({"a":[2]})", false},
      {R"({"a":{"$elemMatch":{"$in":[1,5]}}})", R"({"a":[3,5]})", true},
      {R"({"a":{"$elemMatch":{"$nin":[3,5]}}})", R"({"a":[3,5]})", false},
      {R"({"a":{"$elemMatch":{"$ne":3}}})", R"({"a":[3,5]})", true},
      {R"({"a":{"$elemMatch":{"$ne":3}}})", R"({"a":[]})", false},
      {R"({"a":{"$elemMatch":{"$not":{"$gt":4}}}})", R"({"a":[5,4]})", true},
      {R"({"a":{"$elemMatch":{"$exists":true}}})", R"({"a":[null]})", true},
      {R"({"a":{"$elemMatch":{"$exists":true}}})", R"({"a":[]})", false},
      {R"({"a":{"$elemMatch":{"$regex":"^b"}}})", R"({"a":["a","bc"]})", true},
      {R"({"a":{"$elemMatch":{"$startsWith":"b","$contains":"c"}}})", R"({"a":["ac","bc"]})", true},
      {R"({"a":{"$elemMatch":{"$startsWith":"b","$contains":"c"}}})", R"({"a":["ac","b"]})", false},
      {R"({"a.b":{"$elemMatch":{"$gt":1,"$lt":3}}})", R"({"a":[{"b":[5]},{"b":[2]}]})", true},
      {R"({"a.0":{"$elemMatch":{"$gt":1}}})", R"({"a":[[2],[0]]})", true},
      {R"({"a.0":{"$elemMatch":{"$gt":1}}})", R"({"a":[[0],[2]]})", false},
  });
}

TEST(FilterOperators, ElemMatchOfObjects) {
  Check({
      {R"({"a":{"$elemMatch":{"x":1,"y":{"$gte":8}}}})", R"({"a":[{"x":1,"y":5},{"x":2,"y":9}]})", false},
      {R"({"a":{"$elemMatch":{"x":1,"y":{"$gte":8}}}})", R"({"a":[{"x":1,"y":9},{"x":2,"y":5}]})", true},
      {R"({"a":{"$elemMatch":{"x":1}}})", R"({"a":{"x":1}})", false},
      {R"({"a":{"$elemMatch":{"x":1}}})", R"({"a":[1,null,"x"]})", false},
      {R"({"a":{"$elemMatch":{"x":null}}})", R"({"a":[1]})", false},
      {R"({"a":{"$elemMatch":{"x":null}}})", R"({"a":[{}]})", true},
      {R"({"a":{"$elemMatch":{"x":{"$exists":false}}}})", R"({"a":[{"x":1}]})", false},
      {R"({"a":{"$elemMatch":{}}})", R"({"a":[]})", false},
      {R"({"a":{"$elemMatch":{}}})", R"({"a":[{"b":1}]})", true},
      {R"({"a":{"$elemMatch":{}}})", R"({"a":[1]})", false},
      {R"({"a":{"$elemMatch":{"0":5}}})", R"({"a":[[5]]})", true},
      {R"({"a":{"$elemMatch":{"0":5}}})", R"({"a":[[4,5]]})", false},
      {R"({"a":{"$elemMatch":{"$or":[{"x":1},{"y":2}]}}})", R"({"a":[{"y":2}]})", true},
      {R"({"a":{"$elemMatch":{"x":1,"$nor":[{"y":2}]}}})", R"({"a":[{"x":1,"y":2}]})", false},
      {R"({"a":{"$elemMatch":{"x":1,"$not":{"y":2}}}})", R"({"a":[{"x":1,"y":3}]})", true},
      {R"({"a":{"$elemMatch":{"b":{"$elemMatch":{"c":1}}}}})", R"({"a":[{"b":[{"c":0}]},{"b":[{"c":1}]}]})", true},
      {R"({"a":{"$elemMatch":{"b.c":1}}})", R"({"a":[{"b":[{"c":0},{"c":1}]}]})", true},
      {R"({"a.b":{"$elemMatch":{"c":1}}})", R"({"a":[{"b":[{"c":0}]},{"b":[{"c":1}]}]})", true},
      {R"({"a":{"$not":{"$elemMatch":{"x":1}}}})", R"({})", true},
  });
}

TEST(FilterOperators, ContainsIsIncludes) {
  Check({
      {R"({"a":{"$contains":"bc"}})", R"({"a":"abcd"})", true},
      {R"({"a":{"$contains":"BC"}})", R"({"a":"abcd"})", false},
      {R"({"a":{"$contains":""}})", R"({"a":""})", true},
      {R"({"a":{"$contains":"b"}})", R"({"a":["a","b"]})", true},
      {R"({"a":{"$contains":"b"}})", R"({"a":["abc"]})", false},
      {R"({"a":{"$contains":2}})", R"({"a":[1,2]})", true},
      {R"({"a":{"$contains":2}})", R"({"a":2})", false},
      {R"({"a":{"$contains":"2"}})", R"({"a":2})", false},
      {R"({"a":{"$contains":null}})", R"({"a":[null]})", true},
      {R"({"a":{"$contains":null}})", R"({})", false},
      {R"({"a":{"$contains":[1]}})", R"({"a":[[1],2]})", true},
      {R"({"a":{"$contains":[1]}})", R"({"a":[1]})", false},
      {R"({"a":{"$contains":{"b":1}}})", R"({"a":[{"b":1}]})", true},
      {R"({"a.b":{"$contains":"x"}})", R"({"a":[{"b":"y"},{"b":"wxy"}]})", true},
      {R"({"$id":{"$contains":"-"}})", R"({})", true},
  });
}

TEST(FilterOperators, StartsWith) {
  Check({
      {R"({"a":{"$startsWith":"ab"}})", R"({"a":"abc"})", true},
      {R"({"a":{"$startsWith":"ab"}})", R"({"a":"ab"})", true},
      {R"({"a":{"$startsWith":"ab"}})", R"({"a":"a"})", false},
      {R"({"a":{"$startsWith":"b"}})", R"({"a":"ab"})", false},
      {R"({"a":{"$startsWith":"A"}})", R"({"a":"ab"})", false},
      {R"({"a":{"$startsWith":""}})", R"({"a":""})", true},
      {R"({"a":{"$startsWith":""}})", R"({"a":1})", false},
      {R"({"a":{"$startsWith":""}})", R"({})", false},
      {R"({"a":{"$startsWith":"b"}})", R"({"a":["a","bc"]})", true},
      {R"({"a":{"$startsWith":"b"}})", R"({"a":[["b"]]})", false},
      {R"({"$id":{"$startsWith":"id-"}})", R"({})", true},
  });
}

TEST(FilterOperators, Regex) {
  Check({
      {R"({"a":{"$regex":"b.d"}})", R"({"a":"abcde"})", true},
      {R"({"a":{"$regex":"^b"}})", R"({"a":"ab"})", false},
      {R"({"a":{"$regex":"B"}})", R"({"a":"ab"})", false},
      {R"({"a":{"$regex":"B","$options":"i"}})", R"({"a":"ab"})", true},
      {R"({"a":{"$options":"i","$regex":"\u00c4"}})", R"({"a":"\u00e4"})", true},
      {R"({"a":{"$regex":"^b"}})", R"({"a":"a\nb"})", false},
      {R"({"a":{"$regex":"^b$","$options":"m"}})", R"({"a":"a\nb\nc"})", true},
      {R"({"a":{"$regex":"a.b"}})", R"({"a":"a\nb"})", false},
      {R"({"a":{"$regex":"a.b","$options":"s"}})", R"({"a":"a\nb"})", true},
      {R"({"a":{"$regex":"a b # both\n c","$options":"x"}})", R"({"a":"abc"})", true},
      {R"({"a":{"$regex":"a b"}})", R"({"a":"ab"})", false},
      {R"({"a":{"$regex":"[ #]\\ \\#","$options":"x"}})", R"({"a":"# #"})", true},
      {R"({"a":{"$regex":"[]# ]a","$options":"x"}})", R"({"a":" a"})", true},
      {R"({"a":{"$regex":"\\Qa b\\E c","$options":"x"}})", R"({"a":"a bc"})", true},
      {R"({"a":{"$regex":"A.B","$options":"is"}})", R"({"a":"a\nb"})", true},
      {R"({"a":{"$regex":""}})", R"({"a":""})", true},
      {R"({"a":{"$regex":""}})", R"({"a":1})", false},
      {R"({"a":{"$regex":""}})", R"({})", false},
      {R"({"a":{"$regex":"1"}})", R"({"a":1})", false},
      {R"({"a":{"$regex":"^b"}})", R"({"a":["a","b"]})", true},
      {R"({"a":{"$regex":"^b"}})", R"({"a":[["b"]]})", false},
      {R"({"a":{"$regex":"^.$"}})", R"({"a":"\ud83d\ude00"})", true},
      {R"({"a":{"$regex":"a\u0000b"}})", R"({"a":"a\u0000b"})", true},
      {R"({"a":{"$not":{"$regex":"^b"}}})", R"({"a":"a"})", true},
      {R"({"a":{"$not":{"$regex":"^b"}}})", R"({})", true},
      {R"({"a":{"$regex":"^a","$ne":"ab"}})", R"({"a":"ac"})", true},
      {R"({"$id":{"$regex":"\\d$"}})", R"({})", true},
  });
}

}  // namespace
}  // namespace agentmemdb
