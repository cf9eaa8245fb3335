#include "engine/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/find.h"
#include "support/files.h"
#include "support/image_files.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

// "record r3, memory r4": where each difference was found.
std::string PartsOf(const VerifyReport& report) {
  std::string parts;
  for (const Difference& difference : report.differences) {
    if (!parts.empty()) parts += ", ";
    parts += VerifyPartName(difference.part);
    if (!difference.id.empty()) parts += " " + difference.id;
  }
  return parts;
}

class Verifying : public testing::Test {
 protected:
  static constexpr int kRecords = 600;  // more than two pages

  // Records with everything a record can have, and a graph over their vectors.
  void SetUp() override {
    TestDatabase db(path_);
    const CollectionId c = db.Create("c", Graph(8, Metric::kCosine, 0));
    std::vector<TestRecord> records;
    for (int i = 0; i < kRecords; ++i)
      records.push_back({Numbered("r", i), RandomVector(8, &random_), "text", "{\"n\":" + std::to_string(i) + "}"});
    db.Add(c, records);
    db.Link();
    db.Close();
  }

  std::string Parts() {
    TestDatabase db(path_);
    return PartsOf(Require(Verify(db.get(), {})));
  }
  void Damage(const std::string& sql) { SqliteFile(path_).Run(sql); }

  Random random_{TestSeed()};
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
};

TEST_F(Verifying, FindsNothingWhereAllIsWell) {
  SCOPED_TRACE(SeedNote());
  TestDatabase db(path_);
  const CollectionId c = db.Find("c"), plain = db.Create("plain", {});
  db.Add(plain, {{"a", {}, "no vector", "{}"}});
  Require(CountMatching(db.get(), c, Require(ParseFilter(R"({"n":{"$lt":100}})")),
                        {}));  // Field indexes are looked at, too.
  const auto expect_clean = [&](int64_t records) {
    const VerifyReport report = Require(Verify(db.get(), {}));
    EXPECT_EQ(PartsOf(report), "");
    EXPECT_EQ(report.found, 0);
    EXPECT_EQ(report.records, records);
    EXPECT_EQ(report.vectors, records - 1);
    EXPECT_EQ(report.images, 1);
  };
  expect_clean(kRecords + 1);
  for (int i = 0; i < 50; ++i) db.Delete(c, Numbered("r", 3 * i));
  db.Upsert(c, {{"r1", RandomVector(8, &random_), "changed", {}}, {"r2", RandomVector(8, &random_), {}, "{\"n\":-1}"}});
  expect_clean(kRecords - 49);
  db.Link();
  expect_clean(kRecords - 49);
}

TEST_F(Verifying, FindsNothingInMemoryAlone) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(2));
  db.Add(c, {{"a", {1, 2}, "text", {}}});
  const VerifyReport report = Require(Verify(db.get(), {}));
  EXPECT_EQ(PartsOf(report), "");
  EXPECT_EQ(report.records, 1);
}

TEST_F(Verifying, NamesARecordThatFailsItsCheck) {
  Damage("UPDATE records SET text = 'another' WHERE id = 'r300'");
  EXPECT_EQ(Parts(), "record r300");
  Damage("UPDATE records SET metadata = '{}' WHERE id IN ('r7', 'r599')");
  EXPECT_EQ(Parts(), "record r7, record r300, record r599");
}

TEST_F(Verifying, TellsThatRecordsHaveVanished) {
  Damage("DELETE FROM records WHERE id IN ('r5', 'r6')");
  TestDatabase db(path_);
  const VerifyReport report = Require(Verify(db.get(), {}));
  ASSERT_GE(report.found, 1);
  EXPECT_EQ(report.differences[0].part, VerifyPart::kCount);
  EXPECT_EQ(report.differences[0].collection, "c");
  EXPECT_NE(report.differences[0].message.find("598 records where there should be 600"), std::string::npos);
}

TEST_F(Verifying, TellsWhatIsOtherwiseInMemory) {
  TestDatabase db(path_);
  const CollectionId c = db.Find("c");
  Require(CountMatching(db.get(), c, Require(ParseFilter(R"({"n":{"$lt":100}})")), {}));
  // Sound rows, written behind the back of the engine: their versions do not say so.
  {
    TestDatabase other(dir_.File("other.db"));
    const CollectionId same = other.Create("c", Graph(8, Metric::kCosine, 0));
    for (int i = 0; i < kRecords; ++i) {
      other.Add(same, {{Numbered("r", i), i % 100 == 1 ? std::vector<float>{} : RandomVector(8, &random_), "text",
                        "{\"n\":" + std::to_string(i % 100 == 2 ? -1 : i) + "}"}});
    }
  }
  Damage(
      "ATTACH '" + dir_.File("other.db") +
      "' AS other; UPDATE records SET vector = o.vector, metadata = o.metadata, version = o.version, created_at = "
      "o.created_at, updated_at = o.updated_at, crc = o.crc FROM other.records o WHERE o.id = records.id AND o.\"row\" "
      "= records.\"row\" AND records.id IN ('r100', 'r101', 'r102')");
  EXPECT_EQ(PartsOf(Require(Verify(db.get(), {}))), "memory r100, memory r101, memory r102, memory r102");
  db.Drop();
  db.Reopen();
  EXPECT_EQ(PartsOf(Require(Verify(db.get(), {}))), "") << "the image is older than they";
}

TEST_F(Verifying, TellsOfADamagedImageThatIsNotUsed) {
  for (const char* ending : {".image", ".f32"}) {
    SCOPED_TRACE(ending);
    const std::string file = ImageFile(path_, ending);
    const std::string bytes = ReadFile(file);
    std::string damaged = bytes;
    damaged[damaged.size() / 2] ^= 1;
    WriteFile(file, damaged);
    EXPECT_EQ(Parts(), "image");
    WriteFile(file, bytes);
    EXPECT_EQ(Parts(), "");
  }
}

TEST_F(Verifying, MissesNoImageThatIsNotThere) {
  {
    TestDatabase db(path_);
    Require(db.get()->BackUp(dir_.File("copy.db"), {}));
    TestDatabase copy(dir_.File("copy.db"));
    EXPECT_EQ(PartsOf(Require(Verify(copy.get(), {}))), "") << "a backup is one file";
  }
  std::filesystem::remove(ImageFile(path_, ".f32"));
  EXPECT_EQ(Parts(), "image") << "half of one";
  std::filesystem::remove_all(path_ + "-index");
  EXPECT_EQ(Parts(), "");
}

TEST_F(Verifying, GoesOnPastDamagedPages) {
  {
    SqliteFile file(path_);
    file.Run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::string bytes = ReadFile(path_);
  const int64_t page = SqliteFile(path_).AskInteger("PRAGMA page_size");
  int damaged = 0;
  for (size_t at = static_cast<size_t>(page); at + static_cast<size_t>(page) <= bytes.size();
       at += static_cast<size_t>(page)) {
    if (bytes[at] != 0x0d) continue;  // A leaf of a table.
    std::string broken = bytes;
    broken.replace(at, 8, 8, '\xff');
    WriteFile(path_, broken);
    std::shared_ptr<Database> database;
    Result<std::shared_ptr<Database>> opened = Database::Open({path_, {}, 5000, false}, {});
    if (!opened.ok()) continue;  // The header or the collections.
    ++damaged;
    Result<VerifyReport> report = Verify(opened->get(), {});
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_GT(report->found, 0) << "page at " << at;
  }
  EXPECT_GT(damaged, 10);
}

TEST_F(Verifying, CanBeAborted) {
  TestDatabase db(path_);
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(Verify(db.get(), cancel).status().code(), Code::kAborted);
}

}  // namespace
}  // namespace agentmemdb
