// A write that finds no room. In a process of its own, whose files cannot grow.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <filesystem>

#include "engine/verify.h"
#include "support/child_process.h"
#include "support/files.h"
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

// A file system of 8 MB where this process may make one, and files of at most 8 MB where it may not.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& folder) : folder_(folder) {
    std::filesystem::create_directory(folder);
#ifdef __linux__
    is_real_ = unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("none", folder.c_str(), "tmpfs", 0, "size=8m") == 0;
#endif
    if (is_real_)
      WriteFile(folder + "/filler", std::string(2 << 20, 'x'));
    else
      LimitFileBytes(8 << 20);
  }
  bool is_real() const { return is_real_; }
  void MakeRoom() {
    if (is_real_)
      std::filesystem::remove(folder_ + "/filler");
    else
      LimitFileBytes(RLIM_INFINITY);
  }

 private:
  const std::string folder_;
  bool is_real_ = false;
};

TEST(DiskFull, ASmallDiskFillsUpAndHasRoomAgain) {
  const TempDir dir;
  ChildProcess child([&](int) {
    SmallDisk disk(dir.File("small"));
    TestDatabase db(dir.File("small") + "/a.db", Durability::kFull);
    const CollectionId c = db.Create("c", Graph(8, Metric::kL2, 10));
    int stored = 0;
    Status status;
    const auto record = [](int i) {
      return TestRecord{Numbered("r", i), std::vector<float>(8, static_cast<float>(i)), std::string(20000, 'x'), {}};
    };
    for (; status.ok() && stored < 2000; stored += status.ok()) {
      db.Add(c, {record(stored)}, &status);
      db.Link();
      if (stored % 50 == 49) db.get()->CopyLog();
    }
    Expect(status.code() == Code::kIo, "it was never full");
    db.Add(c, {record(-1)}, &status);
    Expect(status.code() == Code::kReadOnly, "read-only until reopened");
    const std::vector<float> last(8, static_cast<float>(stored - 1));
    const auto as_it_was = [&] {
      return db.Count(c) == stored && db.SearchIds(c, last, 1) == std::vector<std::string>{Numbered("r", stored - 1)};
    };
    Expect(as_it_was(), "reads go on");
    Expect(!db.get()->BackUp(dir.File("small") + "/copy.db", {}).ok(), "there is no room for a copy");
    Expect(!std::filesystem::exists(dir.File("small") + "/copy.db"), "half a copy was left");
    db.Close();
    disk.MakeRoom();
    db.Reopen();
    Expect(as_it_was(), "what was acknowledged is there");
    Expect(Require(Verify(db.get(), {})).found == 0, "everything agrees");
    db.Add(c, {record(stored++)});
    Expect(db.Count(c) == stored, "it can be written to again");
    std::printf("  %s: %d records of 20,000 bytes, then ERR_IO\n",
                disk.is_real() ? "a file system of 8 MB" : "files of at most 8 MB", stored - 1);
    std::fflush(stdout);
    return true;
  });
  EXPECT_TRUE(child.Run(0));
}

}  // namespace
}  // namespace agentmemdb
