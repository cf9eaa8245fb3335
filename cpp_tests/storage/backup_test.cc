#include "storage/backup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "support/files.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

TEST(BackUp, IsOneFileWithEveryRecordAndTellsItsPages) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId collection = store.AddCollection("c");
  for (int i = 0; i < 50; ++i) store.Add(collection, std::to_string(i), std::string(10000, 'x'));
  const CancelToken cancel;
  ASSERT_TRUE(BackUp(store.operator->(), dir.File("b.db"), cancel).ok());
  EXPECT_GT(cancel.total(), 100);
  EXPECT_EQ(cancel.done(), cancel.total());
  EXPECT_FALSE(FileExists(dir.File("b.db-wal")));
  EXPECT_EQ(SqliteFile(dir.File("b.db")).AskInteger("SELECT count(*) FROM records"), 50);
  EXPECT_EQ(TestStore(dir.File("b.db")).version(), store.version());
}

TEST(BackUp, LeavesNoFileWhenItIsAbortedHalfway) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId collection = store.AddCollection("c");
  for (int i = 0; i < 200; ++i) store.Add(collection, std::to_string(i), std::string(10000, 'x'));
  const CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(BackUp(store.operator->(), dir.File("b.db"), cancel).code(), Code::kAborted);
  EXPECT_GT(cancel.done(), 0);
  EXPECT_LT(cancel.done(), cancel.total());
  for (const auto& file : std::filesystem::directory_iterator(dir.path()))
    EXPECT_EQ(file.path().filename().string().rfind("a.db", 0), 0u) << file.path();
}

TEST(BackUp, NeverReplacesAFile) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  EXPECT_EQ(BackUp(store.operator->(), dir.File("a.db"), {}).code(), Code::kAlreadyExists);
}

TEST(BackUp, IsNotPutBesideALogThatWouldBeTakenForItsOwn) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  for (const char* log : {"b.db-wal", "b.db-journal"}) {
    WriteFile(dir.File(log), "");
    const Status status = BackUp(store.operator->(), dir.File("b.db"), {});
    EXPECT_EQ(status.code(), Code::kAlreadyExists);
    EXPECT_EQ(status.path(), dir.File(log));
    RemoveFile(dir.File(log));
  }
}

}  // namespace
}  // namespace agentmemdb
