// A write that finds no room. In a process of its own, whose files cannot grow.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "support/child_process.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

void LimitFileBytes(rlim_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, RLIM_INFINITY};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("setrlimit");
}

void Expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

TEST(DiskFull, TheCallThatFindsNoRoomFailsAndTheOthersOfItsGroupDoNot) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  ChildProcess child([&](int) {
    TestDatabase db(path);
    const CollectionId c = db.Create("c", Vectors(1));
    db.Add(c, {{"before", {1}, {}, {}}});
    LimitFileBytes(8 << 20);
    Group group;
    const WriteCall* small = group.Add(c, {{"small", {2}, {}, {}}});
    // More than SQLite's cache: it is written before the commit, and the failure rolls back the whole transaction.
    const WriteCall* large = group.Add(c, {{"large", {3}, std::string(15 << 20, 'x'), {}}});
    const WriteCall* late = group.Add(c, {{"late", {4}, {}, {}}});
    group.Commit(db.get());
    Expect(small->status.ok(), "the small call was not repeated on its own");
    Expect(large->status.code() == Code::kIo, "the large call found room, or another error");
    Expect(late->status.code() == Code::kReadOnly, "a write after a failed one must not be tried");
    Expect(db.SearchIds(c, {3}, 10) == std::vector<std::string>{"small", "before"}, "reads go on");
    Expect(!db.Has(c, "large") && !db.Has(c, "late"), "nothing of the failed calls is there");
    return true;
  });
  ASSERT_TRUE(child.Run(0));
  TestDatabase db(path);
  const CollectionId c = db.Find("c");
  EXPECT_EQ(db.Count(c), 2);
  EXPECT_TRUE(db.Has(c, "small"));
  db.Add(c, {{"large", {3}, std::string(15 << 20, 'x'), {}}});
  EXPECT_EQ(db.Count(c), 3) << "reopened, and there is room again";
}

TEST(DiskFull, AFailedCommitFailsEveryCallOfItsGroupAndStoresNothing) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  ChildProcess child([&](int) {
    TestDatabase db(path);
    const CollectionId c = db.Create("c", Vectors(1));
    LimitFileBytes(static_cast<rlim_t>(db.get()->stats().wal_bytes) + 1000);
    Group group;
    const WriteCall* a = group.Add(c, {{"a", {1}, {}, {}}});
    const WriteCall* b = group.Add(c, {{"b", {2}, {}, {}}});
    group.Commit(db.get());
    Expect(a->status.code() == Code::kIo && b->status.code() == Code::kIo, "both calls must fail with the commit");
    Expect(db.Count(c) == 0 && db.SearchIds(c, {1}, 5).empty(), "nothing is there");
    Status status;
    db.Add(c, {{"d", {1}, {}, {}}}, &status);
    Expect(status.code() == Code::kReadOnly, "read-only until reopened");
    Expect(!db.Has(c, "a"), "reads go on");
    LimitFileBytes(RLIM_INFINITY);
    db.Drop();
    db.Reopen();
    db.Add(c, {{"a", {1}, {}, {}}});
    return db.Count(c) == 1;
  });
  EXPECT_TRUE(child.Run(0));
}

}  // namespace
}  // namespace agentmemdb
