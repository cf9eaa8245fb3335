#include "storage/schema.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/files.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

Status OpenStatus(const std::string& path) { return Store::Open({path, Durability::kNormal, 5000}, {}).status(); }

// Opening must fail, and leave the file and its folder as they were.
Status OpenRefused(const TempDir& dir, const std::string& path) {
  const std::string before = ReadFile(path);
  const Status status = OpenStatus(path);
  EXPECT_EQ(ReadFile(path), before) << "the file was changed";
  EXPECT_EQ(status.path(), path);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1) << "something was left beside it";
  return status;
}

DatabaseHeader HeaderOf(const std::string& path) {
  SqliteFile file(path);
  DatabaseHeader header;
  header.format = file.AskInteger("SELECT format FROM database");
  header.min_reader = file.AskInteger("SELECT min_reader FROM database");
  header.epoch = file.AskInteger("SELECT epoch FROM database");
  header.change_version = file.AskInteger("SELECT change_version FROM database");
  header.log_floor = file.AskInteger("SELECT log_floor FROM database");
  return header;
}

// Stores a header as another version of ours would.
void StoreHeader(const std::string& path, const DatabaseHeader& header) {
  SqliteFile(path).Run("UPDATE database SET format=" + std::to_string(header.format) + ", min_reader=" +
                       std::to_string(header.min_reader) + ", crc=" + std::to_string(header.Checksum()));
}

TEST(Schema, MakesANewFileOursInWalMode) {
  const TempDir dir;
  { const TestStore store(dir.File("a.db")); }
  SqliteFile file(dir.File("a.db"));
  EXPECT_EQ(file.AskInteger("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(file.Ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(file.Ask("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(file.AskInteger("SELECT format FROM database"), kFormat);
  EXPECT_EQ(file.AskInteger("SELECT change_version FROM database"), 0);
}

TEST(Schema, TakesAnEmptyFile) {
  const TempDir dir;
  WriteFile(dir.File("a.db"), "");
  EXPECT_TRUE(OpenStatus(dir.File("a.db")).ok());
}

TEST(Schema, EveryNewDatabaseHasAnEpochOfItsOwnAndKeepsIt) {
  const TempDir dir;
  { const TestStore a(dir.File("a.db")), b(dir.File("b.db")); }
  const int64_t epoch = HeaderOf(dir.File("a.db")).epoch;
  EXPECT_NE(epoch, HeaderOf(dir.File("b.db")).epoch);
  { const TestStore again(dir.File("a.db")); }
  EXPECT_EQ(HeaderOf(dir.File("a.db")).epoch, epoch);
}

TEST(Schema, RefusesADatabaseOfAnotherProgramAndLeavesItAlone) {
  const TempDir dir;
  SqliteFile(dir.File("a.db")).Run("CREATE TABLE notes(text); INSERT INTO notes VALUES('mine')");
  const Status status = OpenRefused(dir, dir.File("a.db"));
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_NE(status.message().find("another program"), std::string::npos) << status.message();
}

TEST(Schema, RefusesAnotherApplicationsIdEvenWithoutTables) {
  const TempDir dir;
  SqliteFile(dir.File("a.db")).Run("PRAGMA application_id=7; VACUUM");
  EXPECT_EQ(OpenRefused(dir, dir.File("a.db")).code(), Code::kUnsupported);
}

TEST(Schema, RefusesAFileThatIsNoDatabase) {
  const TempDir dir;
  WriteFile(dir.File("a.db"), std::string(5000, 'x'));
  const Status status = OpenRefused(dir, dir.File("a.db"));
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find("is not a database"), std::string::npos) << status.message();
}

TEST(Schema, RefusesANewerFormatAndNamesBoth) {
  const TempDir dir;
  { const TestStore store(dir.File("a.db")); }
  DatabaseHeader header = HeaderOf(dir.File("a.db"));
  header.format = header.min_reader = kFormat + 1;
  StoreHeader(dir.File("a.db"), header);
  const Status status = OpenStatus(dir.File("a.db"));
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_NE(status.message().find("format 3"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("reads up to 2"), std::string::npos) << status.message();
}

TEST(Schema, OpensANewerFormatThatThisVersionMayStillRead) {
  const TempDir dir;
  { const TestStore store(dir.File("a.db")); }
  DatabaseHeader header = HeaderOf(dir.File("a.db"));
  header.format = kFormat + 1;
  StoreHeader(dir.File("a.db"), header);
  EXPECT_TRUE(OpenStatus(dir.File("a.db")).ok());
}

TEST(Schema, RefusesADamagedHeader) {
  for (const char* field : {"format", "min_reader", "epoch", "change_version", "log_floor", "crc"}) {
    const TempDir dir;
    { const TestStore store(dir.File("a.db")); }
    SqliteFile(dir.File("a.db")).Run(std::string("UPDATE database SET ") + field + "=" + field + "+1");
    EXPECT_EQ(OpenStatus(dir.File("a.db")).code(), Code::kCorrupt) << field;
  }
  const TempDir dir;
  { const TestStore store(dir.File("a.db")); }
  SqliteFile(dir.File("a.db")).Run("DELETE FROM database");
  EXPECT_EQ(OpenStatus(dir.File("a.db")).code(), Code::kCorrupt);
}

TEST(Schema, RefusesAFileWhoseSchemaWasChanged) {
  for (const char* change :
       {"DROP TABLE tombstones", "DROP TABLE images", "DROP INDEX records_id", "ALTER TABLE records ADD COLUMN mine",
        "ALTER TABLE collections RENAME COLUMN options TO settings",
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='CREATE TABLE sqlite_sequence(nape,seq)' "
        "WHERE name='sqlite_sequence'"}) {
    const TempDir dir;
    { const TestStore store(dir.File("a.db")); }
    SqliteFile(dir.File("a.db")).Run(change);
    const Status status = OpenStatus(dir.File("a.db"));
    EXPECT_EQ(status.code(), Code::kCorrupt) << change;
    EXPECT_NE(status.message().find("missing or changed"), std::string::npos) << status.message();
  }
}

// What a file of format 1 was, before it had images.
void MakeFormat1(const std::string& path) {
  SqliteFile(path).Run("DROP TABLE images");
  DatabaseHeader header = HeaderOf(path);
  header.format = 1;
  StoreHeader(path, header);
}

TEST(Schema, BringsAnOlderFileUpToDateWhenItIsOpenedToWrite) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  RowId row{};
  Version version = 0;
  {
    TestStore store(path);
    row = store.Add(store.AddCollection("c"), "a");
    version = store.version();
  }
  MakeFormat1(path);
  {
    const TestStore store(path);
    EXPECT_EQ(store.version(), version) << "no data changed";
    EXPECT_EQ(Require(store.Read()->FindRow(row))->id, "a");
  }
  EXPECT_EQ(HeaderOf(path).format, kFormat);
  EXPECT_EQ(HeaderOf(path).min_reader, 1) << "an older version may still open it";
  EXPECT_EQ(SqliteFile(path).AskInteger("SELECT count(*) FROM images"), 0);
}

TEST(Schema, ReadsAnOlderFileAsItIs) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  {
    TestStore store(path);
    store.Add(store.AddCollection("c"), "a");
  }
  MakeFormat1(path);
  Result<std::unique_ptr<Store>> store = Store::Open({path, Durability::kNormal, 5000, true}, {});
  ASSERT_TRUE(store.ok()) << store.status().message();
  Result<std::unique_ptr<ReadTransaction>> reading = (*store)->BeginRead();
  ASSERT_TRUE(reading.ok());
  EXPECT_TRUE(Require((*reading)->Images()).empty());
  EXPECT_EQ(HeaderOf(path).format, 1);
}

TEST(DatabaseHeader, ChecksEachOfItsFields) {
  const DatabaseHeader header{1, 1, 77, 5, 0};
  const DatabaseHeader others[] = {
      {2, 1, 77, 5, 0}, {1, 2, 77, 5, 0}, {1, 1, 78, 5, 0}, {1, 1, 77, 6, 0}, {1, 1, 77, 5, 1}};
  for (const DatabaseHeader& other : others) EXPECT_NE(other.Checksum(), header.Checksum());
}

}  // namespace
}  // namespace agentmemdb
