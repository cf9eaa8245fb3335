// Lines of an export: what is written reads back the same, and any other bytes are refused in words, never taken for something.
#include "engine/jsonl.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/episode.h"
#include "engine/json_text.h"
#include "support/seed.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

using namespace std::string_literals;

std::string Line(const RecordOutput& record) {
  std::string text;
  AppendRecordLine(&text, record);
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
  text.pop_back();
  return text;
}

template <class T>
T Parsed(std::string_view line) {
  return std::move(std::get<T>(*ParseLine(line)));
}

// "" if it is taken, else why not.
std::string Refused(std::string_view line) {
  const Result<JsonlLine> parsed = ParseLine(line);
  EXPECT_TRUE(parsed.ok() || parsed.status().code() == Code::kCorrupt) << line;
  return parsed.status().message();
}

TEST(Jsonl, EveryFieldOfARecordReadsBackTheSame) {
  RecordOutput record;
  record.id = "\"\\/\n\x01 é\xf0\x9f\x98\x80";
  record.text = "line\nline\r\ttab \x7f \xe2\x80\xa8 \0 end"s;
  record.metadata = R"({"b":1,"a":[1.50,{"__proto__":null}],"b ":"é","b":2})";
  record.vector = {0.1f, 1};
  record.created_at = 1;
  record.updated_at = limits::kTimeMsMax;
  record.expires_at = 0;
  record.version = 7;
  const RecordInput read = std::move(Parsed<RecordLine>(Line(record)).record);
  EXPECT_EQ(read.id, record.id);
  EXPECT_EQ(read.text, record.text);
  EXPECT_EQ(read.metadata, record.metadata) << "as it is spelled, in its order";
  EXPECT_EQ(read.created_at, record.created_at);
  EXPECT_EQ(read.updated_at, record.updated_at);
  EXPECT_EQ(read.expires_at, record.expires_at);
  EXPECT_FALSE(read.ttl_ms);
  EXPECT_FALSE(read.new_id);
}

TEST(Jsonl, WhatARecordLacksItLacksAgain) {
  RecordOutput record;
  record.id = "a";
  const RecordLine read = Parsed<RecordLine>(Line(record));
  EXPECT_FALSE(read.record.text || read.record.metadata || read.record.expires_at);
  EXPECT_TRUE(read.record.vector.empty());
  record.text = "";
  record.metadata = "{}";
  const RecordLine empty = Parsed<RecordLine>(Line(record));
  EXPECT_EQ(empty.record.text, "");
  EXPECT_EQ(empty.record.metadata, "{}");
}

TEST(Jsonl, EveryFloatReadsBackBitByBit) {
  SCOPED_TRACE(SeedNote());
  using Limits = std::numeric_limits<float>;
  RecordOutput record;
  record.id = "a";
  record.vector = {
      0.0f,        -0.0f,        Limits::max(),        Limits::lowest(), Limits::min(), Limits::denorm_min(),
      1.0f / 3,    16777216.0f,  16777217.0f,          9.9999994e-9f,    1e-45f,        Limits::epsilon(),
      8.589973e9f, 3.1415927e0f, -Limits::denorm_min()};
  Random random(TestSeed());
  while (record.vector.size() < limits::kDimensionsMax) {
    const auto number = std::bit_cast<float>(static_cast<uint32_t>(random.Next()));
    if (std::isfinite(number)) record.vector.push_back(number);
  }
  const RecordLine read = Parsed<RecordLine>(Line(record));
  ASSERT_EQ(read.record.vector.size(), record.vector.size());
  for (size_t i = 0; i < record.vector.size(); ++i)
    ASSERT_EQ(std::bit_cast<uint32_t>(read.record.vector[i]), std::bit_cast<uint32_t>(record.vector[i]))
        << record.vector[i];
}

TEST(Jsonl, FloatsAreTheNearestToWhatIsWritten) {
  std::vector<float> floats;
  // Just above the middle between 1 and the next float: by way of a double it would become 1.
  EXPECT_TRUE(ReadJsonFloats("[1.00000005960464477539062500000000001, 1e-50, -1e-50, 4e38]", 4, &floats) == false);
  EXPECT_TRUE(ReadJsonFloats(" [1]", 4, &floats) == false);
  ASSERT_TRUE(ReadJsonFloats("[1.00000005960464477539062500000000001, 1e-50,\n-1e-50 ]", 4, &floats));
  EXPECT_EQ(floats[0], std::nextafter(1.0f, 2.0f));
  EXPECT_EQ(floats[1], 0.0f);
  EXPECT_TRUE(std::signbit(floats[2]));
}

TEST(Jsonl, OtherLinesReadBackTheSame) {
  std::string text;
  AppendHeaderLine(&text, 5);
  EXPECT_EQ(text, "{\"agentmemdb\":1,\"exportedAt\":5}\n");
  EXPECT_EQ(Parsed<HeaderLine>(text).format, 1);
  text.clear();
  CollectionOptions options;
  options.dimensions = 3;
  AppendCollectionLine(&text, "notes", options);
  const CollectionLine collection = Parsed<CollectionLine>(text);
  EXPECT_EQ(collection.name, "notes");
  EXPECT_EQ(collection.options, options.ToJson());
  text.clear();
  AppendEndLine(&text, {2, 3});
  EXPECT_EQ(Parsed<EndLine>(text).collections, 2);
  EXPECT_EQ(Parsed<EndLine>(text).records, 3);
}

TEST(Jsonl, ALineMayBeWrittenByHand) {
  const RecordLine read = Parsed<RecordLine>(
      " { \"text\" :\t\"a\\u00e9\\ud83d\\ude00\\n\" , \"\\u0069d\" : \"x\" , \"createdAt\" : 1e3 } \r");
  EXPECT_EQ(read.record.id, "x");
  EXPECT_EQ(read.record.text, "aé😀\n");
  EXPECT_EQ(read.record.created_at, 1000);
}

TEST(Jsonl, MetadataOfSeveralLinesBecomesOne) {
  RecordOutput record;
  record.id = "a";
  record.metadata = "{\n  \"a b\" : [ 1 ,\n 2 ],\r\n \"c\\\"  d\": \"  \" }";
  EXPECT_EQ(Parsed<RecordLine>(Line(record)).record.metadata, R"({"a b":[1,2],"c\"  d":"  "})");
  std::string text;
  AppendCompactJson(&text, "[1 2,t\nrue , false ]");
  EXPECT_EQ(text, "[1 2,t rue,false]") << "what is not JSON stays so";
}

TEST(Jsonl, EveryKindOfDamageIsRefused) {
  const std::vector<std::string> damaged{
      "",
      " ",
      "\xef\xbb\xbf{\"id\":\"a\"}",
      "null",
      "[]",
      "\"id\"",
      "{",
      "}",
      "{}",
      "{}{}",
      "{\"id\":\"a\"}}",
      "{\"id\":\"a\"} x",
      "{\"id\"}",
      "{\"id\":}",
      "{\"id\" \"a\"}",
      "{\"id\":\"a\",}",
      "{,\"id\":\"a\"}",
      "{\"id\":\"a\" \"text\":\"b\"}",
      "{id:\"a\"}",
      "{'id':'a'}",
      "{\"id\":\"a",
      "{\"id\":\"a\"",
      "{\"id\":\"a\\\"}",
      "{\"id\":\"\\ud800\"}",
      "{\"id\":\"a\x01\"}",
      "{\"id\":\"\\x\"}",
      "{\"id\":\"\"}",
      "{\"id\":null}",
      "{\"id\":5}",
      "{\"id\":[\"a\"]}",
      "{\"id\":\"a\",\"id\":\"b\"}",
      "{\"id\":\"a\",\"\\u0069d\":\"b\"}",
      "{\"text\":\"no id\"}",
      "{\"id\":\"a\",\"unknown\":1}",
      "{\"id\":\"a\",\"__proto__\":{}}",
      "{\"id\":\"a\",\"\":1}",
      "{\"id\":\"\xff\"}",
      "{\"id\":\"a\",\"text\":\"\xed\xa0\x80\"}",
      "{\"id\":\"a\0\"}"s,
      "{\"id\":\"a\",\"text\":null}",
      "{\"id\":\"a\",\"text\":1}",
      "{\"id\":\"a\",\"metadata\":[]}",
      "{\"id\":\"a\",\"metadata\":\"{}\"}",
      "{\"id\":\"a\",\"vector\":1}",
      "{\"id\":\"a\",\"vector\":[]}",
      "{\"id\":\"a\",\"vector\":[1,]}",
      "{\"id\":\"a\",\"vector\":[,1]}",
      "{\"id\":\"a\",\"vector\":[1 2]}",
      "{\"id\":\"a\",\"vector\":[01]}",
      "{\"id\":\"a\",\"vector\":[1.]}",
      "{\"id\":\"a\",\"vector\":[.5]}",
      "{\"id\":\"a\",\"vector\":[+1]}",
      "{\"id\":\"a\",\"vector\":[1e]}",
      "{\"id\":\"a\",\"vector\":[0x1]}",
      "{\"id\":\"a\",\"vector\":[NaN]}",
      "{\"id\":\"a\",\"vector\":[Infinity]}",
      "{\"id\":\"a\",\"vector\":[inf]}",
      "{\"id\":\"a\",\"vector\":[null]}",
      "{\"id\":\"a\",\"vector\":[\"1\"]}",
      "{\"id\":\"a\",\"vector\":[1e39]}",
      "{\"id\":\"a\",\"vector\":[1e400]}",
      "{\"id\":\"a\",\"vector\":[[1]]}",
      "{\"id\":\"a\",\"vector\":[1]]}",
      "{\"id\":\"a\",\"createdAt\":1.5}",
      "{\"id\":\"a\",\"createdAt\":\"1\"}",
      "{\"id\":\"a\",\"updatedAt\":9007199254740993}",
      "{\"id\":\"a\",\"expiresAt\":1e400}",
      "{\"id\":\"a\",\"expiresAt\":null}",
      "{\"id\":\"a\",\"version\":{}}",
      "{\"id\":\"a\",\"version\":-}",
      "{\"id\":\"a\",\"collection\":\"b\"}",
      "{\"agentmemdb\":1,\"id\":\"a\"}",
      "{\"agentmemdb\":0}",
      "{\"agentmemdb\":\"1\"}",
      "{\"exportedAt\":1}",
      "{\"collection\":\"\"}",
      "{\"options\":{}}",
      "{\"collection\":\"a\",\"options\":[]}",
      "{\"collection\":\"a\",\"options\":{\"a\":}}",
      "{\"collection\":\"a\",\"options\":{\"a\":\"" + std::string(200000, 'x') + "\"}}",
      "{\"collection\":5}",
      "{\"end\":1}",
      "{\"end\":{}}",
      "{\"end\":{\"records\":1}}",
      "{\"end\":{\"records\":1,\"records\":1}}",
      "{\"end\":{\"records\":1,\"collections\":1.5}}",
      "{\"end\":{\"records\":1,\"collections\":1,\"more\":1}}"};
  for (const std::string& line : damaged) EXPECT_NE(Refused(line), "") << line.substr(0, 200);
}

TEST(Jsonl, VectorsHaveNoMoreNumbersThanTheyMay) {
  const auto line = [](size_t count) {
    std::string text = "{\"id\":\"a\",\"vector\":[1";
    for (size_t i = 1; i < count; ++i) text += ",1";
    return text + "]}";
  };
  EXPECT_EQ(Refused(line(limits::kDimensionsMax)), "");
  EXPECT_NE(Refused(line(limits::kDimensionsMax + 1)), "");
}

TEST(Jsonl, ANewerFormatIsNotDamage) { EXPECT_EQ(ParseLine("{\"agentmemdb\":2}").status().code(), Code::kUnsupported); }

TEST(Jsonl, DepthCostsNothing) {
  constexpr size_t kDeep = 1000000;
  const std::string deep =
      "{\"id\":\"a\",\"metadata\":{\"a\":" + std::string(kDeep, '[') + std::string(kDeep, ']') + "}}";
  EXPECT_EQ(Refused(deep), "") << "its depth is looked at where every record's is";
  const RecordLine read = Parsed<RecordLine>(deep);
  EXPECT_FALSE(ValidateMetadata(*read.record.metadata, "metadata").ok());
  EXPECT_NE(Refused(std::string(kDeep, '[')), "");
  EXPECT_NE(Refused(std::string(kDeep, '{')), "");
  EXPECT_NE(Refused("{\"id\":" + std::string(kDeep, '[') + "}"), "");
}

// Real lines with some bytes changed, left out or put in: a record or a refusal, and nothing that reading cannot stand. Meant for a
// sanitizer, and to be the beginning of a fuzz target.
TEST(Jsonl, ChangedBytesAreReadOrRefused) {
  SCOPED_TRACE(SeedNote());
  const std::vector<std::string> lines{
      R"({"agentmemdb":1,"exportedAt":1700000000000})",
      R"({"collection":"notes","options":{"dimensions":3,"metric":"l2"}})",
      R"({"id":"a","vector":[0.1,-2e-7,3],"text":"t\u00e9\n","metadata":{"a":[1,{"b":null}]},"createdAt":1,"updatedAt":2,"expiresAt":3,"version":4})",
      R"({"end":{"collections":1,"records":1}})",
      R"({"id":"e","task_id":"t","state_embedding":[1,0.5],"reward":1,"metadata":{"a":1},"steps":null,"timestamp":5,"tags":["x"]})"};
  constexpr std::string_view kBytes = "{}[]\":,\\ 0123456789-+.eEtrufalsn\n\0\x7f\xc3\xff";
  Random random(TestSeed());
  const auto any = [&](size_t count) { return static_cast<size_t>(random.Next() % count); };
  int taken = 0;
  for (int round = 0; round < (kSanitized ? 20000 : 100000); ++round) {
    std::string line = lines[any(lines.size())];
    for (size_t changes = 1 + any(3); changes > 0 && !line.empty(); --changes) {
      const size_t at = any(line.size());
      const char byte = kBytes[any(kBytes.size())];
      if (const size_t how = any(4); how == 0)
        line.erase(at, 1 + any(4));
      else if (how == 1)
        line.insert(at, 1, byte);
      else if (how == 2)
        line.resize(at);
      else
        line[at] = byte;
    }
    const Result<JsonlLine> parsed = ParseLine(line);
    taken += parsed.ok();
    ASSERT_TRUE(parsed.ok() || parsed.status().message() != "") << line;
    const Result<RecordLine> episode = ParseEpisode(line);
    ASSERT_TRUE(episode.ok() || episode.status().code() == Code::kCorrupt) << line;
  }
  EXPECT_GT(taken, 0);
}

TEST(Episode, KeepsEverything) {
  const Result<RecordLine> read = ParseEpisode(
      R"({"id":"e1", "task_id":"t","state_embedding":[1,0.5],"reward":-0.25,"metadata":{"b":1, "a":[2]},"steps":null,)"
      R"("timestamp":1700000000000,"tags":["x","y"],"source":null,"user_id":"u","extra":"kept"})");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read.value().record.id, "e1");
  EXPECT_EQ(read.value().record.vector.size(), 2u);
  EXPECT_EQ(read.value().record.created_at, 1700000000000);
  EXPECT_EQ(read.value().record.updated_at, 1700000000000);
  EXPECT_EQ(
      read.value().record.metadata,
      R"({"task_id":"t","reward":-0.25,"metadata":{"b":1,"a":[2]},"timestamp":1700000000000,"tags":["x","y"],"user_id":"u","extra":"kept"})");
}

TEST(Episode, IsRefusedWithoutAnEmbeddingOrWithAnotherType) {
  for (const char* episode :
       {"{}", "[]", "{\"id\":\"a\"}", "{\"state_embedding\":null}", "{\"state_embedding\":[]}",
        "{\"state_embedding\":[null]}", "{\"state_embedding\":[1],\"id\":5}",
        "{\"state_embedding\":[1],\"timestamp\":1.5}", "{\"state_embedding\":[1],\"timestamp\":\"now\"}",
        "{\"state_embedding\":[1],\"reward\":1,\"reward\":2}", "{\"state_embedding\":[1]"})
    EXPECT_EQ(ParseEpisode(episode).status().code(), Code::kCorrupt) << episode;
  const Result<RecordLine> bare = ParseEpisode("{\"state_embedding\":[1],\"id\":null}");
  ASSERT_TRUE(bare.ok());
  EXPECT_TRUE(bare.value().record.new_id);
  EXPECT_FALSE(bare.value().record.metadata || bare.value().record.created_at);
}

}  // namespace
}  // namespace agentmemdb
