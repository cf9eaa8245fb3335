// Every byte of a small database is damaged in turn. What must hold: nothing crashes, no record is ever answered with wrong
// data, what cannot be read says so with its id, and the damage stays where it is.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "engine/verify.h"
#include "support/btree_pages.h"
#include "support/files.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr int kRecords = 30;
constexpr size_t kHeaderBytes = 100;

// What one damaged byte did.
struct Outcome {
  Status opened;
  std::set<int64_t> right, refused, missing;  // rows
  int64_t reported = 0;                       // by Verify, which is asked when not all are right
};

class Corruption : public testing::Test {
 protected:
  void SetUp() override {
    // Small pages: many of them, and records that are larger than one, in a file with few bytes to go through.
    SqliteFile(path_).Run("PRAGMA page_size=512; CREATE TABLE x(y); DROP TABLE x; VACUUM");
    {
      TestDatabase db(path_);
      collection_ = db.Create("c", Vectors(4));
      Random random(77);
      for (int i = 1; i <= kRecords; ++i) {
        TestRecord record{
            Numbered("record-", i), RandomVector(4, &random), std::string(10 + random.Below(60), 'a'), {}};
        if (i % 10 == 5) record.text = std::string(600 + random.Below(900), 'b');
        if (i % 3 == 0) record.metadata = "{\"tag\":\"" + std::string(random.Below(30), 'm') + "\"}";
        if (i % 7 == 0) record.vector.clear();
        for (char& c : *record.text) c = static_cast<char>('a' + random.Below(26));
        db.Add(collection_, {record});
        expected_.push_back(std::move(record));
      }
    }
    root_ =
        static_cast<uint32_t>(SqliteFile(path_).AskInteger("SELECT rootpage FROM sqlite_schema WHERE name='records'"));
    RemoveLog();
    pristine_ = ReadFile(path_);
    pages_ = PagesOfTable(pristine_, root_);
    file_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(file_, 0);
  }
  void TearDown() override { close(file_); }

  void RemoveLog() {
    std::filesystem::remove(path_ + "-wal");
    std::filesystem::remove(path_ + "-shm");
  }

  // Opens the file with the byte at `at` changed, or cut short, asks for every record, and puts the file right again.
  Outcome Damage(size_t at, uint8_t mask) {
    const char byte = static_cast<char>(pristine_[at] ^ mask);
    EXPECT_EQ(pwrite(file_, &byte, 1, static_cast<off_t>(at)), 1);
    return Look();
  }
  Outcome Cut(size_t bytes) {
    EXPECT_EQ(ftruncate(file_, static_cast<off_t>(bytes)), 0);
    return Look();
  }
  Outcome Look() {
    Outcome outcome;
    {
      Result<std::shared_ptr<Database>> db = Database::Open({path_, Durability::kNormal, 1000}, {});
      outcome.opened = db.status();
      if (db.ok()) {
        for (int row = 1; row <= kRecords; ++row) AskFor(db->get(), row, &outcome);
        SearchAll(db->get());
        if (outcome.right.size() < kRecords) outcome.reported = Require(Verify(db->get(), {})).found;
      }
    }
    if (FileBytes(path_ + "-wal") > 0 || FileBytes(path_) == 0) RemoveLog();
    EXPECT_EQ(ftruncate(file_, static_cast<off_t>(pristine_.size())), 0);
    EXPECT_EQ(pwrite(file_, pristine_.data(), pristine_.size(), 0), static_cast<ssize_t>(pristine_.size()));
    return outcome;
  }

  void AskFor(Database* db, int row, Outcome* outcome) {
    const TestRecord& expected = expected_[static_cast<size_t>(row) - 1];
    const Result<std::optional<RecordOutput>> record = Get(db, collection_, expected.id, {true, true, true}, {});
    if (!record.ok()) {
      EXPECT_EQ(record.status().code(), Code::kCorrupt) << record.status().message();
      EXPECT_EQ(record.status().id(), expected.id) << record.status().message();
      outcome->refused.insert(row);
    } else if (!record.value().has_value()) {
      outcome->missing.insert(row);
    } else {
      EXPECT_TRUE(Same(*record.value(), expected)) << "WRONG DATA for " << expected.id;
      outcome->right.insert(row);
    }
  }
  static bool Same(const RecordOutput& record, const TestRecord& expected) {
    return record.id == expected.id && record.text == expected.text && record.metadata == expected.metadata &&
           record.vector == expected.vector;
  }

  void SearchAll(Database* db) {
    SearchQuery query;
    query.vector = {0, 0, 0, 0};
    query.k = 1000;
    query.include = {true, true, true};
    const Result<SearchOutput> output = Search(db, collection_, query, {});
    if (!output.ok()) {
      EXPECT_EQ(output.status().code(), Code::kCorrupt) << output.status().message();
      return;
    }
    std::set<std::string> seen;
    for (const Hit& hit : output.value().hits) {
      const size_t number = std::stoul(hit.record.id.substr(7));
      EXPECT_TRUE(Same(hit.record, expected_.at(number - 1))) << "WRONG DATA for " << hit.record.id;
      EXPECT_TRUE(seen.insert(hit.record.id).second) << hit.record.id << " twice";
    }
  }

  PageKind KindAt(size_t at) const {
    const auto page = pages_.find(PageAt(at));
    return page == pages_.end() ? PageKind::kOther : page->second.kind;
  }
  uint32_t PageAt(size_t at) const { return static_cast<uint32_t>(at / PageBytes(pristine_)) + 1; }

  // The rows that damage at this place of the records table may cost; the others must be there.
  std::set<int64_t> RowsAt(size_t at) const {
    const TablePage& page = pages_.at(PageAt(at));
    if (page.kind == PageKind::kOverflow) return {page.row};
    std::set<int64_t> all;
    for (const TableCell& cell : page.cells) {
      if (at >= cell.content && at < cell.end) return {cell.row};
      all.insert(cell.row);
    }
    return all;
  }

  TempDir dir_;
  std::string path_ = dir_.File("a.db");
  CollectionId collection_{};
  std::vector<TestRecord> expected_;
  uint32_t root_ = 0;
  std::string pristine_;
  std::map<uint32_t, TablePage> pages_;
  int file_ = -1;
};

TEST_F(Corruption, TheFileHasWhatThisTestIsAbout) {
  std::array<int, 4> kinds{};
  std::set<int64_t> rows;
  for (const auto& [number, page] : pages_) {
    ++kinds[static_cast<size_t>(page.kind)];
    for (const TableCell& cell : page.cells) rows.insert(cell.row);
  }
  EXPECT_EQ(rows.size(), static_cast<size_t>(kRecords));
  EXPECT_GE(kinds[static_cast<size_t>(PageKind::kInterior)], 1);
  EXPECT_GE(kinds[static_cast<size_t>(PageKind::kLeaf)], 8);
  EXPECT_GE(kinds[static_cast<size_t>(PageKind::kOverflow)], 4);
  const Outcome outcome = Damage(0, 0);
  EXPECT_TRUE(outcome.opened.ok());
  EXPECT_EQ(outcome.right.size(), static_cast<size_t>(kRecords));
}

TEST_F(Corruption, NoDamagedByteIsEverAnsweredAsData) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const size_t step = kSanitized ? 11 : 1;
  int damaged = 0, refused_open = 0, harmless = 0, lost_some = 0, missing = 0, missing_flips = 0;
  std::map<std::string, int> codes;
  std::vector<std::pair<size_t, uint8_t>> flips;
  // Every bit of the header that SQLite has, and some bits of every other byte.
  for (size_t bit = 0; bit < 8 * kHeaderBytes; bit += step) flips.push_back({bit / 8, 1 << bit % 8});
  for (size_t at = kHeaderBytes + (kSanitized ? random.Below(step) : 0); at < pristine_.size(); at += step)
    flips.push_back({at, 1 + random.Below(255)});
  for (const auto& [at, mask] : flips) {
    SCOPED_TRACE("byte " + std::to_string(at) + " of page " + std::to_string(PageAt(at)) + ", mask " +
                 std::to_string(mask));
    const PageKind kind = KindAt(at);
    const Outcome outcome = Damage(at, mask);
    ++damaged;
    if (!outcome.opened.ok()) {
      ++refused_open;
      ++codes[CodeName(outcome.opened.code())];
      EXPECT_EQ(kind, PageKind::kOther) << "a damaged record keeps the file closed: " << outcome.opened.message();
      EXPECT_TRUE(outcome.opened.code() == Code::kCorrupt || outcome.opened.code() == Code::kUnsupported)
          << CodeName(outcome.opened.code()) << ": " << outcome.opened.message();
    } else {
      ++(outcome.right.size() == kRecords ? harmless : lost_some);
      missing += static_cast<int>(outcome.missing.size());
      missing_flips += outcome.missing.empty() ? 0 : 1;
    }
    EXPECT_TRUE(kind == PageKind::kOther || outcome.missing.empty()) << "a record of the table is silently gone";
    EXPECT_TRUE(!outcome.opened.ok() || outcome.right.size() == kRecords || outcome.reported > 0)
        << "verify() does not report " << outcome.missing.size() << " missing and " << outcome.refused.size()
        << " damaged records";
    if (kind == PageKind::kLeaf || kind == PageKind::kOverflow) {
      const std::set<int64_t> affected = RowsAt(at);
      for (const int64_t row : outcome.refused)
        EXPECT_TRUE(affected.contains(row)) << "record " << row << " has nothing to do with it";
    }
    if (HasFailure()) return;
  }
  std::printf("  %d bytes damaged: %d unnoticed and harmless, %d cost records, %d kept the file closed (", damaged,
              harmless, lost_some, refused_open);
  for (const auto& [code, count] : codes) std::printf(" %s %d", code.c_str(), count);
  std::printf(" );\n  %d outside the records table hid %d records, and verify() reported each\n", missing_flips,
              missing);
  EXPECT_GT(lost_some, 0);
  EXPECT_GT(refused_open, 0);
}

TEST_F(Corruption, AFileCutShortIsNoticed) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  int cuts = 0, refused_open = 0;
  // Nothing at all is a file to make a database of, and to SQLite a single byte is nothing.
  for (size_t bytes = pristine_.size() - 1; bytes > 1;
       bytes -= std::min(bytes, 1 + random.Below(kSanitized ? 150 : 15))) {
    SCOPED_TRACE("cut to " + std::to_string(bytes));
    const Outcome outcome = Cut(bytes);
    ++cuts;
    refused_open += !outcome.opened.ok();
    EXPECT_TRUE(outcome.opened.ok() || outcome.opened.code() == Code::kCorrupt) << outcome.opened.message();
    EXPECT_TRUE(!outcome.opened.ok() || outcome.right.size() == kRecords || outcome.reported > 0)
        << "verify() does not report " << outcome.missing.size() << " missing and " << outcome.refused.size()
        << " damaged records";
    if (HasFailure()) return;
  }
  std::printf("  cut to %d lengths, %d of which kept it closed\n", cuts, refused_open);
}

TEST_F(Corruption, AnEmptyFileBesideALogIsNoNewDatabase) {
  std::string log;
  {
    TestDatabase db(path_);
    db.Delete(collection_, "record-1");
    db.Drop();
    log = ReadFile(path_ + "-wal");
  }
  ASSERT_GT(log.size(), 0u);
  std::filesystem::resize_file(path_, 0);
  std::filesystem::remove(path_ + "-shm");
  for (const bool read_only : {true, false}) {
    const Status status = Database::Open({path_, Durability::kNormal, 0, read_only}, {}).status();
    EXPECT_EQ(status.code(), Code::kCorrupt) << status.message();
    EXPECT_EQ(status.path(), path_);
    EXPECT_EQ(ReadFile(path_ + "-wal"), log);
  }
}

}  // namespace
}  // namespace agentmemdb
