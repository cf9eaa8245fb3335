// Going back to a snapshot while another process has the file open.
#include "engine/snapshot.h"

#include <gtest/gtest.h>

#include "engine/verify.h"
#include "support/sqlite_file.h"
#include "support/two_processes.h"

namespace agentmemdb {
namespace {

Status Restore(Database* database, const std::string& name) {
  Group group;
  const WriteCall* const call = group.Restore(name);
  group.Commit(database);
  return call->status;
}

void Expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

TEST(Snapshot, AnotherProcessSeesTheRestoredStateWithItsNextCall) {
  TwoProcesses two({
      [](TestDatabase& db) { Expect(db.Count(db.Find("c")) == 2, "both are there"); },
      [](TestDatabase& db) {
        const CollectionId c = db.Find("c");
        Expect(db.SearchIds(c, {9, 9}, 5) == std::vector<std::string>{"a"}, "only the first was there then");
        Expect(db.Add(c, {{"theirs", {5, 5}, {}, {}}}) > 0, "it goes on");
      },
      [](TestDatabase& db) {
        Require(Restore(db.get(), "then"));
        Expect(db.Count(db.Find("c")) == 1, "and may restore itself");
      },
  });
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Graph(2, Metric::kL2, 0));
  const Version first = db.Add(c, {{"a", {1, 1}, "first", {}}});
  EXPECT_EQ(Require(CreateSnapshot(db.get(), "then", {})).name, "then");
  db.Add(c, {{"b", {9, 9}, {}, {}}});
  ASSERT_TRUE(two.Next());
  Require(Restore(db.get(), "then"));
  EXPECT_GT(db.get()->applied(), first + 1) << "versions go on rising";
  ASSERT_TRUE(two.Next());
  EXPECT_TRUE(db.Has(c, "theirs"));
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.SearchIds(c, {9, 9}, 5), std::vector<std::string>{"a"});
  EXPECT_EQ(Require(Verify(db.get(), {})).found, 0);
}

TEST(Snapshot, ARestoreThatFailsHalfwayChangesNothing) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  TestDatabase db(path);
  const CollectionId c = db.Create("c", Vectors(2));
  for (int i = 0; i < 600; ++i) db.Add(c, {{Numbered("r", i), {1, 2}, "text", {}}});
  Require(CreateSnapshot(db.get(), "s", {}).status());
  // A record less than the collection counts.
  SqliteFile(SnapshotFolder(path).PathOf("s")).Run("DELETE FROM records WHERE id = 'r599'");
  db.Delete(c, "r0");
  const Version before = db.get()->applied();
  EXPECT_EQ(Restore(db.get(), "s").code(), Code::kCorrupt);
  EXPECT_EQ(db.get()->applied(), before);
  EXPECT_EQ(db.Count(c), 599);
  db.Add(c, {{"r0", {1, 2}, {}, {}}});
  EXPECT_EQ(Require(Verify(db.get(), {})).found, 0);
}

TEST(Snapshot, RowsAndCollectionsAreNumberedOnWhereTheyWere) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  TestDatabase db(path);
  const CollectionId c = db.Create("c", {});
  db.Add(c, {{"a", {}, {}, {}}});
  Require(CreateSnapshot(db.get(), "s", {}).status());
  const CollectionId later = db.Create("later", {});
  db.Add(later, {{"x", {}, {}, {}}, {"y", {}, {}, {}}});
  const int64_t row = SqliteFile(path).AskInteger("SELECT max(\"row\") FROM records");
  Require(Restore(db.get(), "s"));
  EXPECT_GT(ToInt(db.Create("later", {})), ToInt(later));
  db.Add(c, {{"z", {}, {}, {}}});
  EXPECT_GT(SqliteFile(path).AskInteger("SELECT max(\"row\") FROM records"), row);
}

TEST(Snapshot, AProcessThatHasSeenItsCollectionDroppedWritesToItAgain) {
  CollectionId c{};
  TwoProcesses two({
      [&](TestDatabase& db) { Expect(db.Count(c = db.Find("c")) == 1, "it is there"); },
      [&](TestDatabase& db) { Expect(Require(ListCollections(db.get(), {})).empty(), "it is gone"); },
      [&](TestDatabase& db) {
        Expect(db.Add(c, {{"theirs", {5, 5}, {}, {}}}) > 0, "it is there again");
      },
  });
  TestDatabase& db = two.mine();
  const CollectionId mine = db.Create("c", Vectors(2));
  db.Add(mine, {{"a", {1, 1}, {}, {}}});
  Require(CreateSnapshot(db.get(), "s", {}).status());
  ASSERT_TRUE(two.Next());
  db.DropCollection("c");
  ASSERT_TRUE(two.Next());
  Require(Restore(db.get(), "s"));
  ASSERT_TRUE(two.Next());
  EXPECT_EQ(db.Count(mine), 2);
}

// Somebody has opened the snapshot to write, and was killed.
TEST(Snapshot, ALogThatIsLeftOfOneIsNotTakenForAnothersOfThatName) {
  const TempDir dir;
  const std::string path = dir.File("a.db"), snapshot = SnapshotFolder(path).PathOf("s");
  TestDatabase db(path);
  const CollectionId c = db.Create("c", {});
  const auto leave_a_log = [&] {
    TestDatabase other(snapshot);
    other.Add(other.Find("c"), {{"not ours", {}, {}, {}}});
    other.Drop();
    ASSERT_TRUE(FileExists(snapshot + "-wal"));
  };
  for (const bool removed_by_hand : {false, true}) {
    Require(CreateSnapshot(db.get(), "s", {}).status());
    leave_a_log();
    if (removed_by_hand)
      RemoveFile(snapshot);
    else
      EXPECT_TRUE(Require(DeleteSnapshot(db.get(), "s", {})));
    db.Upsert(c, {{"ours", {}, {}, {}}});
    Require(CreateSnapshot(db.get(), "s", {}).status());
    Require(Restore(db.get(), "s"));
    EXPECT_EQ(db.Count(c), 1);
    EXPECT_TRUE(db.Has(c, "ours"));
    EXPECT_TRUE(Require(DeleteSnapshot(db.get(), "s", {})));
  }
}

}  // namespace
}  // namespace agentmemdb
