// A disk that fails at the n-th call, for every n: each step of a database's life ends well or with an error of ours, and what
// was acknowledged is there when the disk works again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine/snapshot.h"
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

bool HasPartial(const std::string& folder) {
  if (!std::filesystem::exists(folder)) return false;
  const std::filesystem::directory_iterator files(folder);
  return std::any_of(begin(files), end(files), [](const auto& file) {
    return file.path().filename().string().find(".partial") != std::string::npos;
  });
}

// One life with that fault. Returns how many calls it is about were made.
int LiveWith(DiskFault fault, Durability durability, bool single = false) {
  const TempDir dir(TempDir::Where::kMemory);
  fault.word = dir.path().string();
  const bool reads_go_on = (fault.calls & ~kDiskChange) == 0;
  DatabaseLife life(dir.File("a.db"), durability, reads_go_on, single);
  FailDisk(fault);
  life.Run();
  const int calls = DiskCalls();
  const std::string failure = FirstDiskFailure();
  FailDisk({fault.word});  // No more; and nothing is synced for nothing.
  SCOPED_TRACE("call " + std::to_string(fault.nth) + (fault.for_good ? " and those after it: " : ": ") + failure);
  for (const std::string& complaint : life.complaints()) ADD_FAILURE() << complaint;
  const bool can_remove = (fault.calls & kDiskRemove) == 0;
  EXPECT_FALSE(can_remove && HasPartial(dir.File("a.db-snapshots"))) << "a snapshot that failed was left behind";
  ExpectSound(dir.File("a.db"), durability, life.possible(), life.snapshots());
  if (life.backed_up() != nullptr) {
    const TestDatabase copy(life.backup_path());
    EXPECT_EQ(Require(ReadContents(copy.get())), *life.backed_up());
  } else if (can_remove || !fault.for_good) {
    EXPECT_FALSE(std::filesystem::exists(life.backup_path())) << "a backup that failed";
  }
  HealDisk();
  return calls;
}

class Faults : public testing::Test {
 protected:
  // Every call that the fault is about fails, each in a life of its own; or one of `every` (one of seventeen under a sanitizer),
  // from a random one on.
  void FailEach(const char* what, DiskFault fault, int every = 1, Durability durability = Durability::kFull,
                bool single = false) {
    if (HasFailure()) return;
    SCOPED_TRACE(SeedNote());
    const int files = OpenFiles();
    fault.nth = 0;
    const int calls = LiveWith(fault, durability, single), step = kSanitized ? 17 * every : every;
    ASSERT_FALSE(HasFailure());
    ASSERT_GT(calls, 0);
    int points = 0;
    for (fault.nth = 1 + static_cast<int>(random_.Below(step)); fault.nth <= calls; fault.nth += step, ++points) {
      LiveWith(fault, durability, single);
      if (HasFailure()) return;
    }
    EXPECT_EQ(OpenFiles(), files) << "files were left open";
    std::printf("  %s: %d of %d calls failed%s\n", what, points, calls, fault.for_good ? ", with all after them" : "");
  }

  Random random_{TestSeed()};
};

constexpr unsigned kWrites = kDiskWrite | kDiskSync | kDiskTruncate;

TEST_F(Faults, ALifeWithoutAny) { LiveWith({}, Durability::kFull); }

TEST_F(Faults, ACallFails) { FailEach("EIO", {"", kDiskAll, 0, false, EIO}, 3); }

TEST_F(Faults, AllCallsFail) { FailEach("EIO", {"", kDiskAll, 0, true, EIO}, 5); }

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
  FailEach("EACCES of removals", {"", kDiskRemove, 0, true, EACCES});
}

TEST_F(Faults, ReadsFail) {
  FailEach("EIO", {"", kDiskRead, 0, true, EIO}, 3);
  FailEach("half a read", {"", kDiskRead, 0, false, EIO, true}, 3);
}

TEST_F(Faults, LocksFail) { FailEach("EIO", {"", kDiskLock, 0, true, EIO}, 9); }

TEST_F(Faults, InSingleMode) {
  FailEach("EIO", {"", kDiskAll, 0, false, EIO}, 9, Durability::kFull, /*single=*/true);
  FailEach("EIO of writes", {"", kWrites, 0, true, EIO}, 5, Durability::kNormal, /*single=*/true);
}

TEST(Fault, ASnapshotThatCannotBeReadStopsNoWrites) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  db.Add(c, {{"a", {}, {}, {}}});
  Require(CreateSnapshot(db.get(), "s", {}).status());
  int failed = 0;
  for (int nth = 1; DiskFailures() > 0 || nth == 1; ++nth) {
    FailDisk({"-snapshots", kDiskRead, nth});
    Group group;
    const WriteCall* const call = group.Restore("s");
    group.Commit(db.get());
    EXPECT_EQ(call->status.code(), DiskFailures() > 0 ? Code::kIo : Code::kOk) << "read " << nth;
    failed += DiskFailures() > 0;
    db.Upsert(c, {{"b", {}, {}, {}}});
  }
  HealDisk();
  EXPECT_GT(failed, 3);
  EXPECT_EQ(db.Count(c), 2);
}

TEST(Fault, NoRoomForTheCopyThatCompactingMakesFirstStopsNoWrites) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId c = db.Create("c", {});
  db.Add(c, {{"a", {}, std::string(9 << 20, 'x'), {}}});
  FailDisk({"/etilqs_", kDiskWrite, 1, /*for_good=*/true, ENOSPC});  // So SQLite calls what is temporary.
  EXPECT_EQ(db.get()->Compact({}).status().code(), Code::kIo);
  EXPECT_GT(DiskFailures(), 0);
  HealDisk();
  db.Add(c, {{"b", {}, {}, {}}});
  EXPECT_TRUE(Require(db.get()->Compact({})).erased);
}

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
