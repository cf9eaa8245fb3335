#include "base/copy_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "base/modules.h"
#include "support/child_process.h"
#include "support/files.h"
#include "support/temp_dir.h"

namespace agentmemdb {
namespace {

Code CodeOf(const Result<ProcessLock>& lock) { return lock.status().code(); }

// The ways to make one, each with the same behaviour.
class EachProcessLock : public testing::TestWithParam<bool> {
 protected:
  Result<ProcessLock> Take(std::string_view name) const {
    return GetParam() ? ProcessLock::TakeByte(name) : ProcessLock::TakeFile(name, dir_.path().string());
  }
  TempDir dir_;
};

TEST_P(EachProcessLock, IsHadByOneAtATime) {
  std::optional<Result<ProcessLock>> first = Take("a");
  ASSERT_EQ(CodeOf(*first), Code::kOk) << first->status().message();
  EXPECT_EQ(CodeOf(Take("a")), Code::kBusy);
  EXPECT_EQ(CodeOf(Take("a")), Code::kBusy) << "who was refused has taken nothing from the first";
  EXPECT_EQ(CodeOf(Take("b")), Code::kOk) << "another name";
  first.reset();
  const Result<ProcessLock> second = Take("a");
  EXPECT_EQ(CodeOf(second), Code::kOk);
  EXPECT_EQ(CodeOf(Take("a")), Code::kBusy);
}

TEST_P(EachProcessLock, KeepsAnotherThreadOut) {
  const Result<ProcessLock> mine = Take("a");
  Code theirs = Code::kOk;
  std::thread([&] { theirs = CodeOf(Take("a")); }).join();
  EXPECT_EQ(theirs, Code::kBusy);
}

TEST_P(EachProcessLock, LeavesOtherProcessesAlone) {
  std::optional<Result<ProcessLock>> theirs;
  ChildProcess child([&](int) {
    theirs = Take("a");
    return theirs->ok() && CodeOf(Take("a")) == Code::kBusy;
  });
  const Result<ProcessLock> mine = Take("a");
  ASSERT_TRUE(mine.ok());
  EXPECT_TRUE(child.Run(0)) << "each has it";
}

TEST_P(EachProcessLock, IsGivenBackAlthoughAChildWasForkedMeanwhile) {
  std::optional<Result<ProcessLock>> mine = Take("a");
  ASSERT_TRUE(mine->ok());
  ChildProcess child([&](int) { return CodeOf(Take("a")) == Code::kOk; });
  mine.reset();
  EXPECT_EQ(CodeOf(Take("a")), Code::kOk);
  EXPECT_TRUE(child.Run(0)) << "what it inherited is none of its own";
}

INSTANTIATE_TEST_SUITE_P(Ways, EachProcessLock, testing::Values(true, false),
                         [](const auto& way) { return way.param ? "Byte" : "File"; });

TEST(ProcessLock, TakesNoFileThatSomebodyElseMade) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a file somebody else's";
  const TempDir dir;
  { const Result<ProcessLock> lock = ProcessLock::TakeFile("a", dir.path().string()); }
  for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
    ASSERT_EQ(chown(entry.path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(CodeOf(ProcessLock::TakeFile("a", dir.path().string())), Code::kIo);
  EXPECT_EQ(CodeOf(ProcessLock::TakeFile("a", dir.File("no such folder"))), Code::kIo);
}

TEST(ProcessLock, FollowsNoLink) {
  const TempDir dir, elsewhere;
  { const Result<ProcessLock> lock = ProcessLock::TakeFile("a", dir.path().string()); }
  const std::string path = std::filesystem::directory_iterator(dir.path())->path();
  std::filesystem::remove(path);
  std::filesystem::create_symlink(elsewhere.File("target"), path);
  EXPECT_EQ(CodeOf(ProcessLock::TakeFile("a", dir.path().string())), Code::kIo);
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
}

TEST(CopyLock, IsHeldAsOftenAsOneCopyLikes) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  {
    std::vector<CopyLock> held;
    for (int i = 0; i < 3; ++i) {
      Result<CopyLock> lock = CopyLock::Take(path);
      ASSERT_TRUE(lock.ok());
      held.push_back(std::move(*lock));
    }
    while (!held.empty()) {
      EXPECT_EQ(CodeOf(ProcessLock::Take(path)), Code::kBusy) << "another copy would not get it";
      held.pop_back();
    }
  }
  EXPECT_EQ(CodeOf(ProcessLock::Take(path)), Code::kOk);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path())) << "nothing is left beside the file";
}

TEST(CopyLock, IsRefusedWhileAnotherCopyHoldsIt) {
  const std::string path = "/somewhere/a.db";
  {
    const Result<ProcessLock> other = ProcessLock::Take(path);
    ASSERT_TRUE(other.ok());
    const Status status = CopyLock::Take(path).status();
    EXPECT_EQ(status.code(), Code::kUnsupported);
    EXPECT_EQ(status.path(), path);
    EXPECT_NE(status.message().find(OwnModule()), std::string::npos) << status.message();
    EXPECT_TRUE(CopyLock::Take("/somewhere/b.db").ok());
  }
  EXPECT_TRUE(CopyLock::Take(path).ok());
}

TEST(CopyLock, IsNeverTakenFromOneselfWhenManyThreadsComeAndGo) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 2000; ++round) ASSERT_TRUE(CopyLock::Take("/somewhere/a.db").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Modules, KnowWhereThisCodeLies) {
  EXPECT_TRUE(std::filesystem::equivalent(OwnModule(), "/proc/self/exe"));
  EXPECT_TRUE(OtherCopies().empty());
}

}  // namespace
}  // namespace agentmemdb
