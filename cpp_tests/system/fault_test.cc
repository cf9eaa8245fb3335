// A disk that fails at the n-th call, for every n: each step of a database's life ends well or with an error of ours, and what
// was acknowledged is there when the disk works again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine/verify.h"
#include "support/database_life.h"
#include "support/files.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_disk.h"

namespace agentmemdb {
namespace {

int OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<int>(std::distance(begin(files), end(files)));
}

// What a database that was opened again must be.
void ExpectSound(const std::string& path, const std::vector<Contents>& possible) {
  TestDatabase db(path);
  const Contents contents = Require(ReadContents(db.get()));
  EXPECT_NE(std::find(possible.begin(), possible.end(), contents), possible.end())
      << contents.size() << " things are stored, and not those that were acknowledged, " << possible.front().size();
  const VerifyReport report = Require(Verify(db.get(), {}));
  for (const Difference& difference : report.differences)
    ADD_FAILURE() << VerifyPartName(difference.part) << " " << difference.id << ": " << difference.message;
  const CollectionId late = db.Create("late", Vectors(1));
  db.Add(late, {{"a", {1}, {}, {}}});
  EXPECT_EQ(db.SearchIds(late, {1}, 5), std::vector<std::string>{"a"});
}

// One life with that fault. Returns how many calls it is about were made.
int LiveWith(DiskFault fault, Durability durability) {
  const TempDir dir(TempDir::Where::kMemory);
  fault.word = dir.path().string();
  const bool reads_go_on = (fault.calls & ~kDiskChange) == 0;
  DatabaseLife life(dir.File("a.db"), durability, reads_go_on);
  FailDisk(fault);
  life.Run();
  const int calls = DiskCalls();
  const std::string failure = FirstDiskFailure();
  FailDisk({fault.word});  // No more; and nothing is synced for nothing.
  SCOPED_TRACE("call " + std::to_string(fault.nth) + (fault.for_good ? " and those after it: " : ": ") + failure);
  for (const std::string& complaint : life.complaints()) ADD_FAILURE() << complaint;
  ExpectSound(dir.File("a.db"), life.possible());
  if (life.backed_up() != nullptr) {
    const TestDatabase copy(life.backup_path());
    EXPECT_EQ(Require(ReadContents(copy.get())), *life.backed_up());
  } else if ((fault.calls & kDiskRemove) == 0 || !fault.for_good) {
    EXPECT_FALSE(std::filesystem::exists(life.backup_path())) << "a backup that failed";
  }
  HealDisk();
  return calls;
}

class Faults : public testing::Test {
 protected:
  // Every call that the fault is about fails, each in a life of its own; or one of `every` (one of seventeen under a sanitizer),
  // from a random one on.
  void FailEach(const char* what, DiskFault fault, int every = 1, Durability durability = Durability::kFull) {
    if (HasFailure()) return;
    SCOPED_TRACE(SeedNote());
    const int files = OpenFiles();
    fault.nth = 0;
    const int calls = LiveWith(fault, durability), step = kSanitized ? 17 * every : every;
    ASSERT_FALSE(HasFailure());
    ASSERT_GT(calls, 0);
    int points = 0;
    for (fault.nth = 1 + static_cast<int>(random_.Below(step)); fault.nth <= calls; fault.nth += step, ++points) {
      LiveWith(fault, durability);
      if (HasFailure()) return;
    }
    EXPECT_EQ(OpenFiles(), files) << "files were left open";
    std::printf("  %s: %d of %d calls failed%s\n", what, points, calls, fault.for_good ? ", with all after them" : "");
  }

  Random random_{TestSeed()};
};

constexpr unsigned kWrites = kDiskWrite | kDiskSync | kDiskTruncate;

TEST_F(Faults, ALifeWithoutAny) { LiveWith({}, Durability::kFull); }

TEST_F(Faults, ACallFails) { FailEach("EIO", {"", kDiskAll, 0, false, EIO}); }

TEST_F(Faults, AllCallsFail) { FailEach("EIO", {"", kDiskAll, 0, true, EIO}, 3); }

TEST_F(Faults, AllWritesAndSyncsFailAndReadsGoOn) {
  FailEach("EIO", {"", kWrites, 0, true, EIO});
  FailEach("EIO once, durability normal", {"", kWrites, 0, false, EIO}, 3, Durability::kNormal);
}

TEST_F(Faults, TheDiskIsFull) {
  FailEach("ENOSPC after half a write", {"", kDiskWrite | kDiskTruncate | kDiskName, 0, true, ENOSPC, true});
  FailEach("half a write", {"", kDiskWrite, 0, false, ENOSPC, true}, 3);
}

TEST_F(Faults, FilesCannotBeOpenedNamedOrRemoved) {
  FailEach("EACCES", {"", kDiskOpen | kDiskName | kDiskRemove, 0, true, EACCES});
  FailEach("EACCES once", {"", kDiskOpen | kDiskName | kDiskRemove, 0, false, EACCES});
}

TEST_F(Faults, ReadsFail) {
  FailEach("EIO", {"", kDiskRead, 0, true, EIO}, 3);
  FailEach("half a read", {"", kDiskRead, 0, false, EIO, true}, 3);
}

TEST_F(Faults, LocksFail) { FailEach("EIO", {"", kDiskLock, 0, true, EIO}, 9); }

TEST(Fault, ALogThatCannotBeCopiedStopsWritesAndNotReads) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  for (const char* id : {"a", "b"}) db.Add(c, {{id, {}, std::string(9 << 20, 'x'), {}}});
  ASSERT_TRUE(db.get()->HasLogToCopy());
  FailDisk({dir.path().string(), kDiskSync, 1, /*for_good=*/false});
  db.get()->CopyLog();
  EXPECT_EQ(DiskFailures(), 1);
  HealDisk();
  Status status;
  db.Add(c, {{"c", {}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kReadOnly);
  EXPECT_EQ(db.Count(c), 2);
  db.Reopen();
  db.Add(c, {{"c", {}, {}, {}}});
  EXPECT_EQ(db.Count(c), 3);
}

}  // namespace
}  // namespace agentmemdb
