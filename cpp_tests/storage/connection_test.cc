#include "storage/connection.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

TEST(Connection, IsSetUpAsPromised) {
  const TempDir dir;
  for (const Durability durability : {Durability::kFull, Durability::kNormal}) {
    const auto connection = Require(Connection::Open(dir.File("a.db"), durability));
    const auto ask = [&](const char* sql) { return Require(connection->QueryInteger(sql)); };
    EXPECT_EQ(ask("PRAGMA synchronous"), durability == Durability::kFull ? 2 : 1);
    EXPECT_EQ(ask("PRAGMA cache_size"), -8192);
    EXPECT_EQ(ask("PRAGMA cell_size_check"), 1);
    EXPECT_EQ(ask("PRAGMA wal_autocheckpoint"), 0);
    EXPECT_EQ(ask("PRAGMA trusted_schema"), 0);
    EXPECT_EQ(ask("PRAGMA mmap_size"), 0);
  }
}

TEST(Connection, SaysWhyAFileCannotBeOpened) {
  const TempDir dir;
  const auto missing = Connection::Open(dir.File("no/such/folder/a.db"), Durability::kFull);
  EXPECT_EQ(missing.status().code(), Code::kIo);
  EXPECT_EQ(missing.status().path(), dir.File("no/such/folder/a.db"));
  EXPECT_NE(missing.status().message().find("cannot open"), std::string::npos);
}

TEST(Connection, PreparesAStatementOnce) {
  const auto connection = Require(Connection::Open(":memory:", Durability::kNormal));
  static constexpr char kSql[] = "SELECT 1";
  Statement* const first = Require(connection->Prepared(kSql));
  EXPECT_EQ(Require(connection->Prepared(kSql)), first);
}

TEST(Connection, KnowsWhetherATransactionIsOpen) {
  const auto connection = Require(Connection::Open(":memory:", Durability::kNormal));
  EXPECT_FALSE(connection->InTransaction());
  Require(connection->Execute("BEGIN"));
  EXPECT_TRUE(connection->InTransaction());
  Require(connection->Execute("ROLLBACK"));
  EXPECT_FALSE(connection->InTransaction());
}

TEST(Connection, AnEmptyAnswerToAQuestionIsAMissingRow) {
  const auto connection = Require(Connection::Open(":memory:", Durability::kNormal));
  EXPECT_EQ(connection->QueryInteger("SELECT 1 WHERE 0").status().code(), Code::kCorrupt);
  EXPECT_EQ(connection->QueryInteger("SELECT nonsense").status().code(), Code::kInternal);
}

TEST(Statement, NeverConvertsATypeIntoAnother) {
  const auto connection = Require(Connection::Open(":memory:", Durability::kNormal));
  static constexpr char kSql[] = "SELECT 7, '7', x'37', 7.0, NULL, '', x''";
  Statement* const statement = Require(connection->Prepared(kSql));
  ASSERT_EQ(statement->Step(), SQLITE_ROW);
  for (int column = 0; column < 7; ++column) {
    EXPECT_EQ(statement->Integer(column).has_value(), column == 0) << column;
    EXPECT_EQ(statement->Text(column).has_value(), column == 1 || column == 5) << column;
    EXPECT_EQ(statement->Blob(column).has_value(), column == 2 || column == 6) << column;
  }
  EXPECT_EQ(statement->Integer(0), 7);
  EXPECT_EQ(statement->Text(1), "7");
  EXPECT_EQ(statement->Blob(6)->size(), 0u);
  statement->Reset();
}

TEST(Statement, BindsEveryKindOfValueAsItIs) {
  const auto connection = Require(Connection::Open(":memory:", Durability::kNormal));
  static constexpr char kSql[] = "SELECT ?1, ?2, ?3, ?4, ?5";
  Statement* const statement = Require(connection->Prepared(kSql));
  const std::string_view with_nul("a\0b", 3);
  statement->Bind(1, INT64_MIN).BindText(2, with_nul).BindText(3, std::string_view()).BindBlob(4, with_nul).BindNull(5);
  ASSERT_EQ(statement->Step(), SQLITE_ROW);
  EXPECT_EQ(statement->Integer(0), INT64_MIN);
  EXPECT_EQ(statement->Text(1), with_nul);
  EXPECT_EQ(statement->Text(2), "") << "empty is not absent";
  EXPECT_EQ(statement->Blob(3), with_nul);
  EXPECT_FALSE(statement->Text(4).has_value());
  statement->Reset();
}

}  // namespace
}  // namespace agentmemdb
