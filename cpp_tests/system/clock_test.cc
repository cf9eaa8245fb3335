// A wall clock that jumps by ten years: what has expired follows it, and the order of things does not.
#include "base/clock.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/find.h"
#include "engine/verify.h"
#include "support/child_process.h"
#include "support/clock_jump.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr int64_t kHourMs = 3600000, kTenYearsMs = int64_t{10} * 365 * 24 * kHourMs;

class Clock : public testing::Test {
 protected:
  void SetUp() override {
    collection_ = db_.Create("c", Graph(1, Metric::kL2, 0));
    db_.Add(collection_, {{"stays", {1}, {}, {}}});
    PutOp put;
    put.collection = collection_;
    put.batch.single = true;
    RecordInput record;
    record.id = "goes";
    record.vector = VectorView(&number_, 1);
    record.ttl_ms = kHourMs;
    put.batch.records.push_back(std::move(record));
    WriteCall call;
    call.ops.push_back(std::move(put));
    WriteCall* const calls[] = {&call};
    db_.get()->Commit(calls);
    Require(call.status);
  }

  // The ids that every kind of reading agrees on.
  std::vector<std::string> Visible() {
    const std::vector<std::string> found = db_.SearchIds(collection_, {1}, 10);
    std::vector<std::string> listed;
    for (const RecordOutput& record : Require(Find(db_.get(), collection_, {}, {})).records)
      listed.push_back(record.id);
    EXPECT_TRUE(std::is_permutation(found.begin(), found.end(), listed.begin(), listed.end()));
    EXPECT_EQ(db_.Count(collection_), static_cast<int64_t>(found.size()));
    for (const std::string& id : std::vector<std::string>{"stays", "goes"}) {
      const bool there = std::find(found.begin(), found.end(), id) != found.end();
      EXPECT_EQ(db_.Has(collection_, id), there) << id;
      EXPECT_EQ(db_.Get(collection_, id).has_value(), there) << id;
    }
    return found;
  }
  void ExpectClean() { EXPECT_EQ(Require(Verify(db_.get(), {})).found, 0); }

  const float number_ = 2;
  TempDir dir_;
  TestDatabase db_{dir_.File("a.db")};
  CollectionId collection_{};
};

const std::vector<std::string> kBoth{"stays", "goes"}, kOne{"stays"};

TEST_F(Clock, JumpsAndTheTestNoticesIt) {
  const TimeMs before = NowMs();
  const int64_t micros = MonotonicMicros();
  const ClockJump jump(kTenYearsMs);
  EXPECT_GE(NowMs(), before + kTenYearsMs);
  EXPECT_LT(MonotonicMicros() - micros, kTenYearsMs);
}

TEST_F(Clock, WhatExpiresIsHiddenAndShownAsItSays) {
  EXPECT_EQ(Visible(), kBoth);
  for (int round = 0; round < 2; ++round) {
    {
      const ClockJump ahead(kTenYearsMs);
      EXPECT_EQ(Visible(), kOne);
      ExpectClean();
      db_.Reopen();
      EXPECT_EQ(Visible(), kOne);
    }
    {
      const ClockJump back(-kTenYearsMs);
      EXPECT_EQ(Visible(), kBoth);
      ExpectClean();
      db_.Reopen();
    }
    EXPECT_EQ(Visible(), kBoth) << "neither jump did anything to it";
  }
}

TEST_F(Clock, AnIdThatHasExpiredIsFree) {
  {
    const ClockJump ahead(kTenYearsMs);
    db_.Add(collection_, {{"goes", {3}, "new", {}}});
  }
  EXPECT_EQ(db_.Get(collection_, "goes")->text, "new");
  EXPECT_EQ(Visible(), kBoth);
  ExpectClean();
}

TEST_F(Clock, VersionsAscendWhateverTheTimesSay) {
  const RecordOutput before = *db_.Get(collection_, "stays");
  Version last = before.version;
  for (const int64_t jump_ms : {-kTenYearsMs, kTenYearsMs, -kTenYearsMs}) {
    const ClockJump jump(jump_ms);
    const TimeMs now = NowMs();
    const Version version = db_.Upsert(collection_, {{"stays", {1}, {}, {}}});
    const RecordOutput record = *db_.Get(collection_, "stays");
    EXPECT_GT(version, last);
    EXPECT_EQ(record.version, version);
    EXPECT_EQ(record.created_at, before.created_at) << "an upsert keeps it";
    EXPECT_GE(record.updated_at, now);
    EXPECT_LE(record.updated_at, NowMs());
    last = version;
    db_.Reopen();
    EXPECT_EQ(db_.Get(collection_, "stays")->updated_at, record.updated_at);
  }
  ExpectClean();
}

TEST_F(Clock, OfTwoThatAreAsNearTheOneWrittenLaterComesFirst) {
  const ClockJump back(-kTenYearsMs);
  db_.Add(collection_, {{"later", {1}, {}, {}}});
  EXPECT_EQ(db_.SearchIds(collection_, {1}, 2), (std::vector<std::string>{"later", "stays"}));
}

TEST(ClockJumps, AWriteThatWaitsGivesUpAllTheSame) {
  const TempDir dir;
  ChildProcess child([&](int) {
    static SqliteFile file(dir.File("a.db"));
    file.Run("BEGIN IMMEDIATE");
    return true;
  });
  std::shared_ptr<Database> db = Require(Database::Open({dir.File("a.db"), Durability::kNormal, 30}, {}));
  ASSERT_TRUE(child.Run(0));
  for (const int64_t jump_ms : {-kTenYearsMs, kTenYearsMs}) {
    const ClockJump jump(jump_ms);
    Group group;
    const WriteCall* const call = group.Create("c", {});
    group.Commit(db.get());
    EXPECT_EQ(call->status.code(), Code::kBusy);
  }
}

}  // namespace
}  // namespace agentmemdb
