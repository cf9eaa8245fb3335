// Stores that are read and never written to, where files can be made beside them and where not.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

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

using Names = std::vector<std::string>;

StoreOptions ReadOnly(const std::string& path) { return {path, Durability::kNormal, 5000, true}; }

Version VersionOf(Store* store) { return Require(Require(store->BeginRead())->Header()).change_version; }

Names NamesIn(const TempDir& dir) {
  Names names;
  for (const auto& entry : fs::directory_iterator(dir.path())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// A closed file with one record, at version 2.
void MakeFile(const std::string& path) {
  TestStore store(path);
  store.Add(store.AddCollection("c"), "a");
  store->TidyOnClose();
}

TEST(ReadOnlyStore, CreatesNothing) {
  const TempDir dir;
  EXPECT_EQ(Store::Open(ReadOnly(dir.File("a.db")), {}).status().code(), Code::kNotFound);
  EXPECT_TRUE(NamesIn(dir).empty());
  WriteFile(dir.File("empty.db"), "");
  EXPECT_EQ(Store::Open(ReadOnly(dir.File("empty.db")), {}).status().code(), Code::kNotFound);
  SqliteFile(dir.File("foreign.db")).Run("CREATE TABLE notes(text)");
  EXPECT_EQ(Store::Open(ReadOnly(dir.File("foreign.db")), {}).status().code(), Code::kUnsupported);
  WriteFile(dir.File("text"), std::string(2000, 'x'));
  EXPECT_EQ(Store::Open(ReadOnly(dir.File("text")), {}).status().code(), Code::kCorrupt);
  EXPECT_EQ(NamesIn(dir), (Names{"empty.db", "foreign.db", "text"}));
}

TEST(ReadOnlyStore, LeavesTheFileAndItsFolderAsTheyWere) {
  const TempDir dir;
  MakeFile(dir.File("a.db"));
  const std::string bytes = ReadFile(dir.File("a.db"));
  {
    const auto store = Require(Store::Open(ReadOnly(dir.File("a.db")), {}));
    EXPECT_EQ(VersionOf(store.get()), 2);
    store->TidyOnClose();
  }
  EXPECT_EQ(NamesIn(dir), Names{"a.db"});
  EXPECT_EQ(ReadFile(dir.File("a.db")), bytes);
}

TEST(ReadOnlyStore, LeavesALogThatWasThere) {
  const TempDir dir;
  {
    TestStore store(dir.File("a.db"));
    store.AddCollection("c");
  }
  const std::string log = ReadFile(dir.File("a.db-wal"));
  ASSERT_FALSE(log.empty());
  {
    const auto store = Require(Store::Open(ReadOnly(dir.File("a.db")), {}));
    EXPECT_EQ(VersionOf(store.get()), 1);
    ASSERT_TRUE(store->Checkpoint().ok());
    store->TidyOnClose();
  }
  EXPECT_EQ(ReadFile(dir.File("a.db-wal")), log);
}

TEST(ReadOnlyStore, SeesWhatOthersCommitAndLeavesThemTheirLog) {
  const TempDir dir;
  MakeFile(dir.File("a.db"));
  const auto reader = Require(Store::Open(ReadOnly(dir.File("a.db")), {}));
  {
    TestStore writer(dir.File("a.db"));
    writer.Add(CollectionId{1}, "b");
    EXPECT_EQ(VersionOf(reader.get()), 3);
    const auto second = Require(Store::Open(ReadOnly(dir.File("a.db")), {}));
    second->TidyOnClose();
    writer.Add(CollectionId{1}, "c");
    EXPECT_EQ(VersionOf(reader.get()), 4);
    writer->TidyOnClose();
  }
  EXPECT_EQ(VersionOf(reader.get()), 4);
}

class WithoutPermission : public testing::Test {
 protected:
  // A process that may only read, and opens the file when it is first asked for its version.
  bool Serve(int step) {
    if (store_ == nullptr) {
      if (folder_is_closed_)
        GiveUpWriting(dir_.path().string());
      else
        StopBeingRoot();
      Result<std::unique_ptr<Store>> store = Store::Open(ReadOnly(path_), {});
      if (step == kRefused) return store.status().code() == Code::kIo;
      store_ = Require(std::move(store));
    }
    if (step == kRefused) return store_->BeginRead().status().code() == Code::kIo;
    if (step == kTidy) store_->TidyOnClose();
    return step == kTidy || VersionOf(store_.get()) == step;
  }

  bool folder_is_closed_ = false;
  static constexpr int kRefused = -1, kTidy = -2;
  static constexpr Version kLast = 40;
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
  std::unique_ptr<Store> store_;
};

class ReadOnlyFolder : public WithoutPermission {
 protected:
  void SetUp() override {
    MakeFile(path_);
    folder_is_closed_ = true;
    fs::permissions(dir_.path(), fs::perms(0755));
    fs::permissions(path_, fs::perms(0644));
  }
};

TEST_F(ReadOnlyFolder, CannotBeWrittenToByWhoGaveThatUp) {
  ChildProcess reader([this](int) {
    GiveUpWriting(dir_.path().string());
    return !Store::Open({path_, Durability::kNormal, 0}, {}).ok() &&
           !Store::Open({dir_.File("b.db"), Durability::kNormal, 0}, {}).ok();
  });
  EXPECT_TRUE(reader.Run(0));
  EXPECT_EQ(NamesIn(dir_), Names{"a.db"});
}

TEST_F(ReadOnlyFolder, IsReadFromWithoutALog) {
  ChildProcess reader([this](int step) { return Serve(step); });
  EXPECT_TRUE(reader.Run(2));
  EXPECT_TRUE(reader.Run(2));
  EXPECT_TRUE(reader.Run(kTidy));
  EXPECT_EQ(NamesIn(dir_), Names{"a.db"});
}

TEST_F(ReadOnlyFolder, ShowsWhatSomebodyWritesWhoMay) {
  ChildProcess reader([this](int step) { return Serve(step); });
  ASSERT_TRUE(reader.Run(2));
  {
    TestStore writer(path_);
    EXPECT_TRUE(reader.Run(2)) << "a log with nothing in it";
    writer.Add(CollectionId{1}, "b");
    EXPECT_TRUE(reader.Run(3)) << "in the log";
    writer.Add(CollectionId{1}, "c");
    EXPECT_TRUE(reader.Run(4));
    writer->TidyOnClose();
  }
  EXPECT_TRUE(reader.Run(4)) << "in the file";
}

TEST_F(ReadOnlyFolder, ShowsWhatWasWrittenAndClosedSinceTheLastRead) {
  ChildProcess reader([this](int step) { return Serve(step); });
  ASSERT_TRUE(reader.Run(2));
  {
    TestStore writer(path_);
    writer.Add(CollectionId{1}, "b");
    writer->TidyOnClose();
  }
  ASSERT_EQ(NamesIn(dir_), Names{"a.db"});
  EXPECT_TRUE(reader.Run(3));
}

TEST_F(ReadOnlyFolder, WithALogThatCannotBeReadIsRefusedRatherThanReadWithoutIt) {
  ChildProcess early([this](int step) { return Serve(step); }), late([this](int step) { return Serve(step); });
  ASSERT_TRUE(early.Run(2));
  {
    TestStore writer(path_);
    writer.Add(CollectionId{1}, "b");
  }
  fs::remove(path_ + "-shm");
  EXPECT_TRUE(early.Run(kRefused));
  EXPECT_TRUE(late.Run(kRefused));
}

TEST_F(WithoutPermission, AReadOnlyFileInAFolderThatCanBeWrittenToGetsNoLog) {
  MakeFile(path_);
  fs::permissions(dir_.path(), fs::perms(0777));
  fs::permissions(path_, fs::perms(0444));
  ChildProcess reader([this](int step) { return Serve(step); });
  EXPECT_TRUE(reader.Run(2));
  EXPECT_TRUE(reader.Run(kTidy));
  EXPECT_EQ(NamesIn(dir_), Names{"a.db"});
}

// A read that began before somebody wrote, and ends after.
TEST_F(ReadOnlyFolder, ARaceWithAWriterIsNoticed) {
  std::unique_ptr<ReadTransaction> rows;
  ChildProcess reader([&](int step) {
    if (step == 2) return Serve(2) && (rows = Require(store_->BeginRead()))->CheckUnchanged().ok();
    const bool noticed = rows->CheckUnchanged().code() == Code::kBusy;
    rows.reset();
    return noticed && Serve(3);
  });
  ASSERT_TRUE(reader.Run(2));
  {
    TestStore writer(path_);
    writer.Add(CollectionId{1}, "b");
    writer->TidyOnClose();
  }
  EXPECT_TRUE(reader.Run(3));
}

TEST_F(ReadOnlyFolder, ManyThreadsReadWhileSomebodyOpensWritesAndCloses) {
  ChildProcess reader([this](int step) {
    if (step == 2) return Serve(step);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (Version last = 2; last < kLast;) {
          const auto rows = store_->BeginRead();
          const auto header = rows.ok() ? rows.value()->Header() : Result<DatabaseHeader>(rows.status());
          if (!header.ok() || !rows.value()->CheckUnchanged().ok()) continue;  // In the middle of a change.
          if (header.value().change_version < last) ++wrong;
          last = header.value().change_version;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return wrong == 0;
  });
  ASSERT_TRUE(reader.Run(2));
  ASSERT_TRUE(reader.Start(3));
  for (Version version = 2; version < kLast; ++version) {
    TestStore writer(path_);
    writer.Add(CollectionId{1}, Numbered("r", version));
    writer->TidyOnClose();
  }
  EXPECT_TRUE(reader.Wait());
}

TEST(ReplacedFile, IsNeitherReadNorWritten) {
  const TempDir dir;
  for (const bool removed : {true, false}) {
    const std::string path = dir.File(removed ? "removed.db" : "renamed.db");
    if (!removed) MakeFile(dir.File("other.db"));
    TestStore store(path);
    store.AddCollection("c");
    if (removed)
      fs::remove(path);
    else
      fs::rename(dir.File("other.db"), path);
    const Status read = store->BeginRead().status(), written = store->BeginWrite().status();
    EXPECT_EQ(read.code(), Code::kIo);
    EXPECT_EQ(read.path(), path);
    EXPECT_EQ(written.code(), Code::kIo);
    EXPECT_NE(written.message().find("open it again"), std::string::npos);
  }
}

TEST(ReplacedFile, KeepsItsLastWritesAndLeavesNoLogToTheNewFile) {
  const TempDir dir;
  {
    TestStore store(dir.File("a.db"));
    store.AddCollection("c");
    fs::rename(dir.File("a.db"), dir.File("old.db"));
    MakeFile(dir.File("new.db"));
    fs::rename(dir.File("new.db"), dir.File("a.db"));
    store->TidyOnClose();
  }
  EXPECT_EQ(fs::file_size(dir.File("a.db-wal")), 0u);
  EXPECT_EQ(TestStore(dir.File("old.db")).version(), 1);
  EXPECT_EQ(TestStore(dir.File("a.db")).version(), 2);
}

}  // namespace
}  // namespace agentmemdb
