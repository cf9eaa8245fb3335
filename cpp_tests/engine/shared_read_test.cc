// Reads of one thread that share a transaction see what each of them must see.
#include "engine/shared_read.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "support/two_processes.h"

namespace agentmemdb {
namespace {

constexpr int64_t kLongAgo = 0;  // A read asked for then may share any.

void AddToC(TestDatabase& db) { db.Add(db.Find("c"), {{"theirs", {1}, {}, {}}}); }

TEST(SharedRead, ServesWhoAskedBeforeItBegan) {
  TwoProcesses two({AddToC});
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(1));
  SharedRead shared;
  shared.Next(kLongAgo);
  EXPECT_EQ(db.Count(c), 0);
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.Count(c), 0) << "it began another transaction";
  shared.Next(MonotonicMicros());
  EXPECT_EQ(db.Count(c), 1) << "asked for after the other process had committed";
  EXPECT_EQ(db.Get(c, "theirs")->vector, std::vector<float>{1});
}

TEST(SharedRead, EndsWithItsScope) {
  TwoProcesses two({AddToC});
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(1));
  {
    SharedRead shared;
    EXPECT_EQ(db.Count(c), 0);
  }
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.Count(c), 1);
  SharedRead shared;
  EXPECT_EQ(db.Count(c), 1);
}

TEST(SharedRead, SeesWhatThisProcessCommits) {
  TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Vectors(1));
  SharedRead shared;
  shared.Next(kLongAgo);
  for (int i = 1; i <= 3; ++i) {
    db.Add(c, {{std::to_string(i), {1}, {}, {}}});
    EXPECT_EQ(db.Count(c), i);
    EXPECT_EQ(db.SearchIds(c, {1}, 10).size(), static_cast<size_t>(i));
  }
}

TEST(SharedRead, IsOfOneDatabase) {
  TempDir dir;
  TestDatabase a(dir.File("a.db")), b(dir.File("b.db"));
  const CollectionId in_a = a.Create("c", Vectors(1)), in_b = b.Create("c", Vectors(1));
  a.Add(in_a, {{"a", {1}, {}, {}}});
  b.Add(in_b, {{"b", {1}, {}, {}}});
  SharedRead shared;
  shared.Next(kLongAgo);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(a.SearchIds(in_a, {1}, 1), std::vector<std::string>{"a"});
    EXPECT_EQ(b.SearchIds(in_b, {1}, 1), std::vector<std::string>{"b"});
  }
}

TEST(SharedRead, KeepsNoWriterOutWhereThereIsOneConnection) {
  TempDir dir;
  for (const std::string& path : {std::string(":memory:"), dir.File("a.db")}) {
    TestDatabase db(path, Durability::kFull, /*single=*/true);
    const CollectionId c = db.Create("c", Vectors(1));
    SharedRead shared;
    shared.Next(kLongAgo);
    EXPECT_EQ(db.Count(c), 0);
    db.Add(c, {{"a", {1}, {}, {}}});
    EXPECT_EQ(db.Count(c), 1);
  }
}

}  // namespace
}  // namespace agentmemdb
