// Stores in single mode: one connection, which keeps other processes away from the file.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "storage/backup.h"
#include "support/child_process.h"
#include "support/files.h"
#include "support/permissions.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

namespace fs = std::filesystem;

StoreOptions Single(const std::string& path, bool read_only = false, int busy_timeout_ms = 5000) {
  return {path, Durability::kNormal, busy_timeout_ms, read_only, true};
}

Code OpenCode(const StoreOptions& options) { return Store::Open(options, {}).status().code(); }

class SingleStore : public testing::Test {
 protected:
  // A closed file with one record, at version 2.
  void MakeFile() const {
    TestStore store(path_);
    store.Add(store.AddCollection("c"), "a");
    store->TidyOnClose();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_.path())) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  static Version VersionOf(Store* store) { return Require(Require(store->BeginRead())->Header()).change_version; }

  using Strings = std::vector<std::string>;
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
};

TEST_F(SingleStore, KeepsWhatIsWrittenAndSharesNoMemory) {
  {
    TestStore store(path_, Durability::kNormal, true);
    EXPECT_TRUE(store->single());
    EXPECT_FALSE(store->in_memory());
    store.Add(store.AddCollection("c"), "a");
    EXPECT_TRUE(Require(store.Read()->Has(CollectionId{1}, "a")));
    EXPECT_EQ(Names(), (Strings{"a.db", "a.db-wal"})) << "no -shm: nobody could share it";
    EXPECT_GT(store->WalBytes(), 0);
  }
  TestStore again(path_, Durability::kFull, true);
  EXPECT_EQ(again.version(), 2) << "from the log, as after a crash";
  again.Add(CollectionId{1}, "b");
  again->TidyOnClose();
  { const TestStore gone = std::move(again); }
  EXPECT_EQ(Names(), Strings{"a.db"});
  EXPECT_EQ(TestStore(path_).version(), 3) << "on a local disk it is a file like any other";
}

TEST_F(SingleStore, GoesOnWithALogThatWasLeftInSharedMode) {
  ChildProcess child([this](int) -> bool {
    TestStore store(path_);
    store.Add(store.AddCollection("c"), "a");
    _exit(0);
  });
  EXPECT_FALSE(child.Run(0));
  ASSERT_TRUE(fs::exists(path_ + "-shm"));
  TestStore store(path_, Durability::kNormal, true);
  EXPECT_EQ(store.version(), 2);
  store.Add(CollectionId{1}, "b");
  EXPECT_EQ(store.version(), 3);
}

TEST_F(SingleStore, CopiesTheLogIntoTheFile) {
  TestStore store(path_, Durability::kNormal, true);
  const CollectionId c = store.AddCollection("c");
  store.Add(c, "big", std::string(100000, 'x'));
  EXPECT_GT(store->UncopiedBytes(), 100000);
  ASSERT_TRUE(store->Checkpoint().ok());
  EXPECT_EQ(store->UncopiedBytes(), 0);
  EXPECT_GT(store->FileBytes(), 100000);
  store.Add(c, "b");
  EXPECT_EQ(store.version(), 3);
}

TEST_F(SingleStore, OneProcessAtATimeHasTheFile) {
  std::optional<TestStore> theirs;
  ChildProcess child([&](int step) {
    if (step == 0) theirs.emplace(path_, Durability::kNormal, true);
    if (step == 1) theirs->Add(theirs->AddCollection("c"), "a");
    if (step == 2) theirs.reset();
    return true;
  });
  ASSERT_TRUE(child.Run(0));
  const Status refused = Store::Open(Single(path_, false, 50), {}).status();
  EXPECT_EQ(refused.code(), Code::kBusy);
  EXPECT_EQ(refused.path(), path_);
  EXPECT_NE(refused.message().find("close it there"), std::string::npos) << refused.message();
  EXPECT_EQ(OpenCode(Single(path_, true, 50)), Code::kBusy) << "to read, too";
  EXPECT_EQ(OpenCode({path_, Durability::kNormal, 50}), Code::kBusy) << "in shared mode, too";
  ASSERT_TRUE(child.Run(1)) << "and has lost nothing by being asked";
  ASSERT_TRUE(child.Run(2));
  EXPECT_EQ(TestStore(path_, Durability::kNormal, true).version(), 2);
}

TEST_F(SingleStore, OpensOnceTheOtherHasClosed) {
  std::optional<TestStore> theirs;
  ChildProcess child([&](int step) {
    if (step == 0) theirs.emplace(path_, Durability::kNormal, true);
    if (step == 1) theirs.reset();
    return true;
  });
  ASSERT_TRUE(child.Run(0));
  std::thread closing([&] { EXPECT_TRUE(child.Run(1)); });
  EXPECT_EQ(OpenCode(Single(path_, false, 60000)), Code::kOk);
  closing.join();
}

TEST_F(SingleStore, IsGivenUpByAProcessThatDies) {
  std::optional<TestStore> theirs;
  ChildProcess child([&](int) {
    theirs.emplace(path_, Durability::kNormal, true);
    theirs->Add(theirs->AddCollection("c"), "a");
    return true;
  });
  ASSERT_TRUE(child.Run(0));
  EXPECT_EQ(OpenCode(Single(path_, false, 0)), Code::kBusy);
  child.Kill();
  EXPECT_EQ(TestStore(path_, Durability::kNormal, true).version(), 2);
}

TEST_F(SingleStore, ReadOnlyLeavesTheFileAndItsFolderAsTheyWere) {
  EXPECT_EQ(OpenCode(Single(path_, true)), Code::kNotFound) << "and is not made";
  MakeFile();
  const std::string bytes = ReadFile(path_);
  {
    const auto store = Require(Store::Open(Single(path_, true), {}));
    EXPECT_EQ(VersionOf(store.get()), 2);
    EXPECT_FALSE(fs::exists(path_ + "-shm"));
    ASSERT_TRUE(store->Checkpoint().ok());
    store->TidyOnClose();
  }
  EXPECT_EQ(Names(), Strings{"a.db"});
  EXPECT_EQ(ReadFile(path_), bytes);
}

TEST_F(SingleStore, ReadOnlyLeavesALogThatWasThere) {
  {
    TestStore store(path_, Durability::kNormal, true);
    store.AddCollection("c");
  }
  const std::string file = ReadFile(path_), log = ReadFile(path_ + "-wal");
  ASSERT_FALSE(log.empty());
  {
    const auto store = Require(Store::Open(Single(path_, true), {}));
    EXPECT_EQ(VersionOf(store.get()), 1);
    store->TidyOnClose();
  }
  EXPECT_EQ(ReadFile(path_ + "-wal"), log);
  EXPECT_EQ(ReadFile(path_), file);
}

TEST_F(SingleStore, WhoMayNotWriteReadsAloneAndSeesWhatIsWrittenLater) {
  MakeFile();
  fs::permissions(dir_.path(), fs::perms(0755));
  fs::permissions(path_, fs::perms(0644));
  std::unique_ptr<Store> theirs;
  ChildProcess reader([&](int version) {
    if (theirs == nullptr) {
      GiveUpWriting(dir_.path().string());
      theirs = Require(Store::Open(Single(path_, true), {}));
    }
    return VersionOf(theirs.get()) == version;
  });
  ASSERT_TRUE(reader.Run(2));
  {
    TestStore writer(path_, Durability::kNormal, true);
    writer.Add(CollectionId{1}, "b");
    writer->TidyOnClose();
  }
  EXPECT_TRUE(reader.Run(3));
}

TEST_F(SingleStore, NoticesThatItsFileWasReplaced) {
  TestStore store(path_, Durability::kNormal, true);
  store.AddCollection("c");
  fs::rename(path_, dir_.File("moved.db"));
  EXPECT_EQ(store->BeginRead().status().code(), Code::kIo);
  EXPECT_EQ(store->BeginWrite().status().code(), Code::kIo);
  fs::rename(dir_.File("moved.db"), path_);
  EXPECT_EQ(store.version(), 1);
}

TEST_F(SingleStore, IsBackedUp) {
  TestStore store(path_, Durability::kNormal, true);
  const CollectionId c = store.AddCollection("c");
  for (int i = 0; i < 20; ++i) store.Add(c, Numbered("r", i), std::string(10000, 'x'));
  Require(BackUp(store.operator->(), dir_.File("b.db"), {}));
  EXPECT_EQ(SqliteFile(dir_.File("b.db")).AskInteger("SELECT count(*) FROM records"), 20);
  store.Add(c, "more");
}

TEST_F(SingleStore, ManyThreadsReadAndWriteInTurns) {
  TestStore store(path_, Durability::kNormal, true);
  const CollectionId c = store.AddCollection("c");
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      Version last = 0;
      while (!done) {
        const auto reading = store.Read();
        const Version version = Require(reading->Header()).change_version;
        if (version < last || static_cast<Version>(RowsAfter(reading.get(), 0).size()) != version - 1) ++wrong;
        last = version;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    store.Add(c, Numbered("r", i));
    if (i % 10 == 0) Require(store->Checkpoint());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace agentmemdb
