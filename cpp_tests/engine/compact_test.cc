// Giving space back while others have the file open.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "engine/verify.h"
#include "support/sqlite_file.h"
#include "support/test_store.h"
#include "support/two_processes.h"

namespace agentmemdb {
namespace {

constexpr char kSecret[] = "the-id-of-what-nobody-may-know";

std::vector<TestRecord> Records(int count) {
  std::vector<TestRecord> records;
  for (int i = 0; i < count; ++i) records.push_back({Numbered("r", i), {static_cast<float>(i), 1}, "text", {}});
  return records;
}

// Whether some file of the database has the secret in it. Another process looks: closing a file here would drop SQLite's locks on it.
bool SecretIsSomewhere(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int found = std::system(("grep -rqF " + std::string(kSecret) + " " + folder).c_str());
  if (found != 0 && WEXITSTATUS(found) != 1) throw std::runtime_error("grep failed");
  return found == 0;
}

bool IsSound(const TestDatabase& db) { return Require(Verify(db.get(), {})).found == 0; }

TEST(Compact, AReaderOfAnOlderStateKeepsTheLogAndItSaysSo) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  std::optional<SqliteFile> theirs;
  ChildProcess child([&](int step) {
    if (step == 0) {
      theirs.emplace(path);
      theirs->Run("BEGIN");
      return theirs->AskInteger("SELECT count(*) FROM records") == 101;
    }
    theirs.reset();
    return true;
  });
  DatabaseOptions options;
  options.path = path;
  options.busy_timeout_ms = 50;
  const std::shared_ptr<Database> shortly = Require(Database::Open(options, {}));
  TestDatabase db(path, Durability::kFull);
  const CollectionId c = db.Create("c", Graph(2, Metric::kL2, 0));
  db.Add(c, Records(100));
  db.Add(c, {{kSecret, {3, 3}, {}, {}}});
  ASSERT_TRUE(child.Run(0));
  db.Delete(c, kSecret);
  const CompactReport held = Require(db.get()->Compact({}));
  EXPECT_FALSE(held.erased);
  EXPECT_NE(held.why.find("older state"), std::string::npos) << held.why;
  EXPECT_TRUE(SecretIsSomewhere(path));
  EXPECT_EQ(db.Count(c), 100);
  ASSERT_TRUE(child.Run(1));
  EXPECT_TRUE(Require(db.get()->Compact({})).erased);
  EXPECT_FALSE(SecretIsSomewhere(path));
  EXPECT_TRUE(IsSound(db));
}

TEST(Compact, AProcessThatHasNotReadSinceWritesNoImageOfWhatWasErased) {
  CollectionId c{};
  TwoProcesses two({
      [&](TestDatabase& db) {
        c = db.Find("c");
        Require(db.get()->Read({}, [](const ReadView&) { return Status(); }));
        EXPECT_TRUE(db.Has(c, kSecret));
        db.Link();
      },
      [](TestDatabase& db) { db.Close(); },
      [](TestDatabase& db) {
        db.Reopen();
        if (db.Count(db.Find("c")) != 100 || !IsSound(db)) throw std::runtime_error("not what was left");
      },
  });
  TestDatabase& db = two.mine();
  c = db.Create("c", Graph(2, Metric::kL2, 0));
  db.Add(c, Records(100));
  db.Add(c, {{kSecret, {3, 3}, {}, {}}});
  ASSERT_TRUE(two.Next());
  db.Delete(c, kSecret);
  EXPECT_TRUE(Require(db.get()->Compact({})).erased);
  ASSERT_TRUE(two.Next());
  EXPECT_FALSE(SecretIsSomewhere(two.path()));
  ASSERT_TRUE(two.Next());
  EXPECT_TRUE(IsSound(db));
}

TEST(Compact, AProcessThatIsBehindTheDeletionsLoadsEverythingAnew) {
  TwoProcesses two({
      [](TestDatabase& db) {
        if (db.Count(db.Find("c")) != 100) throw std::runtime_error("all are there");
      },
      [](TestDatabase& db) {
        const CollectionId c = db.Find("c");
        if (db.Has(c, "r5") || db.Count(c) != 50) throw std::runtime_error("deleted ones are there");
        if (db.SearchIds(c, {5, 1}, 1, true) != std::vector<std::string>{"r50"}) throw std::runtime_error("and found");
        db.Add(c, {{"theirs", {1, 1}, {}, {}}});
      },
  });
  TestDatabase& db = two.mine();
  const CollectionId c = db.Create("c", Vectors(2));
  db.Add(c, Records(100));
  ASSERT_TRUE(two.Next());
  for (int i = 0; i < 50; ++i) db.Delete(c, Numbered("r", i));
  EXPECT_TRUE(Require(db.get()->Compact({})).erased);
  ASSERT_TRUE(two.Next());
  EXPECT_TRUE(db.Has(c, "theirs"));
  EXPECT_EQ(db.Count(c), 51);
}

TEST(Compact, LeavesNoDeadNodeInAGraph) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", Graph(2, Metric::kL2, 0));
  db.Add(c, Records(2000));
  db.Link();
  for (int i = 0; i < 20; ++i) db.Delete(c, Numbered("r", i));
  EXPECT_EQ(db.Stats(c).index->deleted, 20u) << "too few for the background";
  EXPECT_TRUE(Require(db.get()->Compact({})).erased);
  EXPECT_EQ(db.Stats(c).index->deleted, 0u);
  EXPECT_EQ(db.SearchIds(c, {30, 1}, 1, true), std::vector<std::string>{"r30"});
  EXPECT_TRUE(IsSound(db));
}

TEST(Deletions, TheOldestAreForgottenWhenThereAreMany) {
  const TempDir dir;
  TestStore writer(dir.File("a.db"));
  const CollectionId c = writer.AddCollection("c");
  std::vector<RowId> rows;
  for (int i = 0; i < 20; ++i) rows.push_back(writer.Add(c, Numbered("r", i)));
  for (const RowId row : rows) writer.Delete(c, row);
  {
    const auto transaction = writer.Write();
    DatabaseHeader header = Require(transaction->Header());
    Require(transaction->BoundDeletions(&header, 100));
    EXPECT_EQ(header.log_floor, 0) << "there are not so many";
    Require(transaction->BoundDeletions(&header, 5));
    EXPECT_EQ(header.log_floor, header.change_version - 5);
    Require(transaction->Commit(header));
  }
  int told = 0;
  Require(writer.Read()->ScanTombstones(0, [&](CollectionId, RowId) { ++told; }));
  EXPECT_EQ(told, 5);
}

}  // namespace
}  // namespace agentmemdb
