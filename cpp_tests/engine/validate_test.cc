// Every limit at its value and one past it, and messages that name the argument.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "engine/commit.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

using namespace std::string_literals;

class Validate : public testing::Test {
 protected:
  Status Check(TestRecord record, bool single = true) {
    Group group;
    std::vector<TestRecord> records;
    if (!single) records.push_back({"first", {}, {}, {}});
    records.push_back(std::move(record));
    return ValidateCall(db_.get(), group.Add(collection_, std::move(records)));
  }
  // "" if the record is accepted, else which argument is refused.
  std::string Refused(TestRecord record) {
    const Status status = Check(std::move(record));
    if (!status.ok()) {
      EXPECT_EQ(status.code(), Code::kInvalidArgument);
      EXPECT_EQ(status.message().rfind(status.argument() + " ", 0), 0u) << status.message();
    }
    return status.argument();
  }

  TestDatabase db_;
  CollectionId collection_ = db_.Create("c", Vectors(3));
};

// A JSON object of exactly that many bytes.
std::string MetadataOfBytes(size_t bytes) {
  std::string json = "{\"a\":\"";
  return json.append(bytes - 8, 'x').append("\"}");
}

std::string MetadataOfDepth(size_t depth) {
  std::string json = "{\"a\":";
  return json.append(depth - 1, '[').append(depth - 1, ']').append("}");
}

TEST_F(Validate, Ids) {
  EXPECT_EQ(Refused({"a", {}, {}, {}}), "");
  EXPECT_EQ(Refused({std::string(512, 'x'), {}, {}, {}}), "");
  EXPECT_EQ(Refused({std::string(513, 'x'), {}, {}, {}}), "record.id");
  EXPECT_EQ(Refused({"a\0b"s, {}, {}, {}}), "record.id");
  EXPECT_EQ(Refused({"\xed\xa0\x80", {}, {}, {}}), "record.id");
  EXPECT_EQ(Refused({"a\xc3", {}, {}, {}}), "record.id");
  EXPECT_EQ(ValidateId("", "id").argument(), "id") << "an empty id is not an omitted one";
}

TEST_F(Validate, Texts) {
  EXPECT_EQ(Refused({"a", {}, "", {}}), "");
  EXPECT_EQ(Refused({"a", {}, std::string(16 << 20, 'x'), {}}), "");
  EXPECT_EQ(Refused({"a", {}, std::string((16 << 20) + 1, 'x'), {}}), "record.text");
  EXPECT_EQ(Refused({"a", {}, "\xff", {}}), "record.text");
}

TEST_F(Validate, MetadataSizeAndDepth) {
  EXPECT_EQ(Refused({"a", {}, {}, MetadataOfBytes(1 << 20)}), "");
  EXPECT_EQ(Refused({"a", {}, {}, MetadataOfBytes((1 << 20) + 1)}), "record.metadata");
  EXPECT_EQ(Refused({"a", {}, {}, MetadataOfDepth(32)}), "");
  EXPECT_EQ(Refused({"a", {}, {}, MetadataOfDepth(33)}), "record.metadata");
  EXPECT_EQ(Refused({"a", {}, {}, MetadataOfDepth(100000)}), "record.metadata") << "refused without parsing";
}

TEST_F(Validate, MetadataIsAJsonObject) {
  EXPECT_EQ(Refused({"a", {}, {}, "{}"}), "");
  for (const char* bad : {"", "[]", "null", "1", "\"a\"", "{", "{}x", "{\"a\":}", "{'a':1}", "{\"a\":NaN}",
                          "{\"a\":\"\xff\"}", "{\"a\":1e999}", "]]]]{"})
    EXPECT_EQ(Refused({"a", {}, {}, bad}), "record.metadata") << bad;
}

TEST_F(Validate, Vectors) {
  EXPECT_EQ(Refused({"a", {1, 2, 3}, {}, {}}), "");
  EXPECT_EQ(Refused({"a", {1, 2}, {}, {}}), "record.vector");
  EXPECT_EQ(Refused({"a", {1, 2, 3, 4}, {}, {}}), "record.vector");
  EXPECT_EQ(Refused({"a", {1, std::numeric_limits<float>::quiet_NaN(), 3}, {}, {}}), "record.vector[1]");
  EXPECT_EQ(Refused({"a", {1, 1e30f, 3}, {}, {}}), "record.vector");
  EXPECT_EQ(Check({"a", {1, 2}, {}, {}}).message(), "record.vector must have 3 numbers, got 2");
}

TEST_F(Validate, ABatchSaysWhichRecordIsMeant) {
  EXPECT_EQ(Check({std::string(513, 'x'), {}, {}, {}}, false).argument(), "records[1].id");
  EXPECT_EQ(Check({"a", {1, 2}, {}, {}}, false).argument(), "records[1].vector");
  EXPECT_EQ(Check({"a", {1, 2, INFINITY}, {}, {}}, false).argument(), "records[1].vector[2]");
  EXPECT_EQ(Check({"a", {}, "\xff", {}}, false).argument(), "records[1].text");
  EXPECT_EQ(Check({"a", {}, {}, "x"}, false).argument(), "records[1].metadata");
}

TEST_F(Validate, ACollectionWithoutDimensionsTakesNoVector) {
  const CollectionId plain = db_.Create("plain", {});
  Group group;
  EXPECT_EQ(ValidateCall(db_.get(), group.Add(plain, {{"a", {1}, {}, {}}})).argument(), "record.vector");
  EXPECT_TRUE(ValidateCall(db_.get(), group.Add(plain, {{"a", {}, "text", {}}})).ok());
}

TEST_F(Validate, TheLargestDimensionIsAVectorToStoreAndFind) {
  const CollectionId large = db_.Create("large", agentmemdb::Vectors(8192));
  const std::vector<float> vector(8192, 0.5f);
  db_.Add(large, {{"a", vector, {}, {}}});
  EXPECT_EQ(db_.SearchIds(large, vector, 1), std::vector<std::string>{"a"});
  Group group;
  const WriteCall* call = group.Create("larger", agentmemdb::Vectors(8193));
  group.Commit(db_.get());
  EXPECT_EQ(call->status.argument(), "options.dimensions");
}

TEST_F(Validate, ABatchHasAtMost100000Records) {
  WriteCall call;
  PutOp put;
  put.collection = collection_;
  put.batch.records.resize(100000);
  for (RecordInput& record : put.batch.records) record.id.assign(1, 'a');
  call.ops.push_back(std::move(put));
  EXPECT_TRUE(ValidateCall(db_.get(), &call).ok());
  std::get<PutOp>(call.ops[0]).batch.records.push_back({"a", false, {}, {}, {}});
  const Status status = ValidateCall(db_.get(), &call);
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_EQ(status.argument(), "records");
  EXPECT_NE(status.message().find("100001"), std::string::npos) << status.message();
}

TEST_F(Validate, ABatchHasAtMost256MiB) {
  const CollectionId large = db_.Create("large", agentmemdb::Vectors(8192));
  const std::vector<float> shared(8192, 0.5f);  // 32 KiB: 8,192 times is the limit.
  WriteCall call;
  PutOp put;
  put.collection = large;
  put.batch.records.resize(8191);
  for (RecordInput& record : put.batch.records) {
    record.new_id = true;
    record.vector = shared;
  }
  RecordInput last;
  last.id.assign(1, 'a');
  const size_t ids = 8191 * 36 + 1;
  last.text = std::string((size_t{256} << 20) - 8191 * shared.size() * sizeof(float) - ids % (32 << 10), 'x');
  put.batch.records.push_back(std::move(last));
  // Room for the ids, which are made while validating.
  for (size_t i = 0; i < ids / (32 << 10); ++i) put.batch.records[i].vector = {};
  call.ops.push_back(std::move(put));
  EXPECT_TRUE(ValidateCall(db_.get(), &call).ok());
  std::get<PutOp>(call.ops[0]).batch.records.back().text->push_back('x');
  const Status status = ValidateCall(db_.get(), &call);
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_EQ(status.argument(), "records");
  EXPECT_NE(status.message().find("256 MiB"), std::string::npos) << status.message();
}

TEST_F(Validate, SoDoTheOperationsOfABatchTogether) {
  const CollectionId large = db_.Create("large", agentmemdb::Vectors(8192));
  const std::vector<float> shared(8192, 0.5f);  // 32 KiB: 8,192 times is the limit.
  WriteCall call;
  call.is_batch = true;
  for (int i = 0; i < 8192; ++i) {
    PutOp put;
    put.collection = large;
    put.batch.records.resize(1);
    put.batch.records[0].id.assign(1, 'a');
    if (i > 0) put.batch.records[0].vector = shared;
    call.ops.push_back(std::move(put));
  }
  EXPECT_TRUE(ValidateCall(db_.get(), &call).ok());
  PatchOp patch;
  patch.collection = large;
  patch.id.assign(1, 'a');
  patch.vector = shared;
  call.ops.push_back(std::move(patch));
  const Status status = ValidateCall(db_.get(), &call);
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_EQ(status.argument(), "operations");
}

TEST_F(Validate, KAndEfOfAQuery) {
  const auto refused = [&](uint32_t k, uint32_t ef) {
    SearchQuery query;
    query.vector = {1, 2, 3};
    query.k = k;
    query.ef = ef;
    return Search(db_.get(), collection_, query, {}).status().argument();
  };
  EXPECT_EQ(refused(1, 1), "");
  EXPECT_EQ(refused(10000, 10000), "");
  EXPECT_EQ(refused(10001, 100), "query.k");
  EXPECT_EQ(refused(0, 100), "query.k");
  EXPECT_EQ(refused(10, 10001), "query.ef");
  EXPECT_EQ(refused(10, 0), "query.ef");
}

TEST_F(Validate, TheVectorOfAQuery) {
  const auto refused = [&](CollectionId collection, std::vector<float> vector) {
    SearchQuery query;
    query.vector = std::move(vector);
    return Search(db_.get(), collection, query, {}).status().argument();
  };
  EXPECT_EQ(refused(collection_, {}), "query") << "neither a vector nor a text";
  EXPECT_EQ(refused(collection_, {1, 2}), "query.vector");
  EXPECT_EQ(refused(collection_, {1, 2, NAN}), "query.vector[2]");
  EXPECT_EQ(refused(collection_, {0, 0, 0}), "") << "l2 compares it";
  EXPECT_EQ(refused(db_.Create("cosine", agentmemdb::Vectors(3, Metric::kCosine)), {0, 0, 0}), "query.vector");
  EXPECT_EQ(refused(db_.Create("plain", {}), {1, 2, 3}), "query.vector");
}

TEST_F(Validate, IdsAndNamesOfEveryVerb) {
  EXPECT_EQ(Get(db_.get(), collection_, "", {}, {}).status().argument(), "id");
  EXPECT_EQ(Has(db_.get(), collection_, std::string(513, 'x'), {}).status().argument(), "id");
  EXPECT_EQ(FindCollection(db_.get(), "a b", {}, false, {}).status().argument(), "name");
  Group group;
  EXPECT_EQ(ValidateCall(db_.get(), group.Delete(collection_, "a\0b"s)).argument(), "id");
  EXPECT_EQ(ValidateCall(db_.get(), group.Create("..", {})).argument(), "name");
  EXPECT_EQ(ValidateCall(db_.get(), group.Drop("")).argument(), "name");
}

TEST_F(Validate, StopsWhenItsCallIsAborted) {
  Group group;
  WriteCall* call = group.Add(collection_, {{"a", {}, {}, {}}});
  call->cancel.Cancel();
  EXPECT_EQ(ValidateCall(db_.get(), call).code(), Code::kAborted);
}

}  // namespace
}  // namespace agentmemdb
