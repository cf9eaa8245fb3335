#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace agentmemdb {
namespace {

TEST(Status, IsOkAndEmptyByDefault) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Code::kOk);
  EXPECT_EQ(status.message() + status.argument() + status.path() + status.id(), "");
}

TEST(Status, CarriesWhatWentWrongAndWhere) {
  const Status status = Status(Code::kCorrupt, "damaged").WithArgument("a").WithPath("/p").WithId("i");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.message(), "damaged");
  EXPECT_EQ(status.argument(), "a");
  EXPECT_EQ(status.path(), "/p");
  EXPECT_EQ(status.id(), "i");
}

TEST(Status, AnInvalidArgumentBeginsItsMessageWithTheName) {
  const Status status = Status::InvalidArgument("query.k", "must be 1 or more");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.argument(), "query.k");
  EXPECT_EQ(status.message(), "query.k must be 1 or more");
}

TEST(Status, TheCodeTableNamesEveryCodeOnceAndInOrder) {
  std::set<std::string> names;
  int expected = static_cast<int>(Code::kOk);
  for (const CodeInfo& info : CodeTable()) {
    EXPECT_EQ(static_cast<int>(info.code), ++expected);
    EXPECT_EQ(std::string(info.name).rfind("ERR_", 0), 0u) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(std::string(info.meaning).back(), '.');
    EXPECT_STREQ(CodeName(info.code), info.name);
  }
  EXPECT_EQ(expected + 1, static_cast<int>(Code::kAborted)) << "only the abort is kept from users";
}

TEST(Result, HoldsAValueOrAStatus) {
  Result<std::unique_ptr<int>> good(std::make_unique<int>(7));
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good.status().ok());
  EXPECT_EQ(**good, 7);
  const Result<int> bad(Status(Code::kIo, "no"));
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code(), Code::kIo);
}

Status PassesOn(const Status& status, bool* went_on) {
  RETURN_IF_ERROR(status);
  *went_on = true;
  return {};
}

TEST(Status, ReturnIfErrorGoesOnOnlyAfterSuccess) {
  bool went_on = false;
  EXPECT_EQ(PassesOn(Status(Code::kBusy, "later"), &went_on).code(), Code::kBusy);
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(PassesOn(Status(), &went_on).ok());
  EXPECT_TRUE(went_on);
}

}  // namespace
}  // namespace agentmemdb
