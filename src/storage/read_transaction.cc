#include <sqlite3.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "storage/store.h"

namespace agentmemdb {
namespace {

// The order DecodeRecord reads.
#define RECORD_COLUMNS \
  "\"row\", collection, id, version, created_at, updated_at, expires_at, crc, metadata, text, vector"

constexpr char kLastRow[] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'records'";

// nullopt when the row's types or checksum are wrong.
std::optional<RecordRow> DecodeRecord(const Statement& statement) {
  const auto row = statement.Integer(0), collection = statement.Integer(1), version = statement.Integer(3),
             created_at = statement.Integer(4), updated_at = statement.Integer(5), crc = statement.Integer(7);
  const auto id = statement.Text(2);
  if (!row || !collection || !id || !version || !created_at || !updated_at || !crc) return std::nullopt;
  RecordRow record;
  record.row = RowId{*row};
  record.collection = CollectionId{*collection};
  record.id = *id;
  record.version = *version;
  record.created_at = *created_at;
  record.updated_at = *updated_at;
  record.expires_at = statement.Integer(6);
  record.metadata = statement.Text(8);
  record.text = statement.Text(9);
  record.vector = statement.Blob(10);
  // A long column on a damaged overflow page reads as absent: its checksum fails too.
  if (*crc != static_cast<int64_t>(record.Checksum())) return std::nullopt;
  return record;
}

Status DamagedRecord(const Connection& connection, std::optional<std::string_view> id, std::optional<int64_t> row) {
  std::string message = "the record";
  if (id) message += " '" + std::string(*id) + "'";
  if (row) message += " (row " + std::to_string(*row) + ")";
  message += " in " + connection.path() + " fails its check; the other records are readable, restore this one";
  Status status(Code::kCorrupt, std::move(message));
  if (id) status = std::move(status).WithId(std::string(*id));
  return std::move(status).WithPath(connection.path());
}

}  // namespace

ReadTransaction::~ReadTransaction() {
  connection_->ResetStatements();
  if (connection_->InTransaction()) {
    static constexpr char kCommit[] = "COMMIT";
    if (Result<Statement*> commit = connection_->Prepared(kCommit); commit.ok()) {
      (*commit)->Step();
      (*commit)->Reset();
    }
  }
  // A connection whose snapshot could not be ended would hold the log back for ever.
  if (pooled_ != nullptr && !pooled_->InTransaction()) readers_->GiveBack(std::move(pooled_));
}

bool ReadTransaction::Rest() {
  connection_->ResetStatements();
  return pooled_ != nullptr && readers_->access != Access::kAlone;
}

Status ReadTransaction::CheckUnchanged() const {
  if (readers_ == nullptr || readers_->StillTrue()) return {};
  return Status(Code::kBusy, "another process wrote to " + connection_->path() + " during the read; try again")
      .WithPath(connection_->path());
}

Result<std::vector<CollectionRow>> ReadTransaction::Collections() {
  static constexpr char kSql[] = "SELECT id, name, options, records, crc FROM collections ORDER BY id";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  std::vector<CollectionRow> rows;
  for (;;) {
    const int result = statement.Step();
    if (result == SQLITE_DONE) return rows;
    if (result != SQLITE_ROW) return connection_->Error(result, "read the collections of");
    const auto id = statement.Integer(0), records = statement.Integer(3), crc = statement.Integer(4);
    const auto name = statement.Text(1), options = statement.Text(2);
    CollectionRow row;
    if (id && name && options && records)
      row = {CollectionId{*id}, std::string(*name), std::string(*options), *records};
    if (!crc || *crc != static_cast<int64_t>(CollectionChecksum(row)))
      return Status(
                 Code::kCorrupt,
                 connection_->path() + " is damaged: the row of a collection fails its check; restore it from a backup")
          .WithPath(connection_->path());
    rows.push_back(std::move(row));
  }
}

Result<std::optional<RecordRow>> ReadTransaction::ReadOne(Statement* statement, std::optional<std::string_view> id) {
  const int result = statement->Step();
  if (result == SQLITE_DONE) return std::optional<RecordRow>();
  if (result != SQLITE_ROW) {
    Status status = connection_->Error(result, "read");
    return id && status.code() == Code::kCorrupt ? std::move(status).WithId(std::string(*id)) : status;
  }
  std::optional<RecordRow> record = DecodeRecord(*statement);
  if (!record || (id && record->id != *id))
    return DamagedRecord(*connection_, id ? id : statement->Text(2), statement->Integer(0));
  return record;
}

Result<std::optional<RecordRow>> ReadTransaction::Find(CollectionId collection, std::string_view id) {
  static constexpr char kSql[] = "SELECT " RECORD_COLUMNS " FROM records WHERE collection = ?1 AND id = ?2";
  Result<Statement*> statement = connection_->Prepared(kSql);
  if (!statement.ok()) return statement.status();
  (*statement)->Reset();
  (*statement)->Bind(1, ToInt(collection)).BindText(2, id);
  return ReadOne(*statement, id);
}

Result<std::optional<RecordRow>> ReadTransaction::FindRow(RowId row) {
  static constexpr char kSql[] = "SELECT " RECORD_COLUMNS " FROM records WHERE \"row\" = ?1";
  Result<Statement*> statement = connection_->Prepared(kSql);
  if (!statement.ok()) return statement.status();
  (*statement)->Reset();
  (*statement)->Bind(1, ToInt(row));
  return ReadOne(*statement, std::nullopt);
}

Result<bool> ReadTransaction::Has(CollectionId collection, std::string_view id, TimeMs now) {
  static constexpr char kSql[] = "SELECT expires_at FROM records WHERE collection = ?1 AND id = ?2";
  Result<Statement*> statement = connection_->Prepared(kSql);
  if (!statement.ok()) return statement.status();
  Resetting resetting(*statement);
  (*statement)->Bind(1, ToInt(collection)).BindText(2, id);
  const int result = (*statement)->Step();
  if (result != SQLITE_ROW && result != SQLITE_DONE) return connection_->Error(result, "read");
  if (result == SQLITE_DONE) return false;
  const std::optional<int64_t> expires_at = (*statement)->Integer(0);
  return !expires_at || *expires_at > now;
}

Status ReadTransaction::ScanRecords(const ScanFloors& floors, const CancelToken& cancel, const VisitRecord& visit,
                                    int64_t* damaged) {
  static constexpr char kAll[] = "SELECT " RECORD_COLUMNS " FROM records ORDER BY \"row\"";
  // The planner, which knows nothing of how many there are, would read the whole table.
  static constexpr char kSince[] =
      "SELECT " RECORD_COLUMNS " FROM records INDEXED BY records_version WHERE version > ?1 ORDER BY version, \"row\"";
  const Version lowest = floors.Lowest();
  const bool all = lowest <= 0;
  Result<Statement*> prepared = connection_->Prepared(all ? kAll : kSince);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  if (!all) statement.Bind(1, lowest);
  RowId last{0};
  for (int64_t count = 1;; ++count) {
    const int result = statement.Step();
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) {
      Status status = connection_->Error(result, "read");
      if (status.code() != Code::kCorrupt || !all) return status;
      return SalvageRecords(
          last, cancel,
          [&](const RecordRow& record) {
            if (record.version > floors.Of(record.collection)) visit(record);
          },
          damaged);
    }
    if (count % 256 == 0) RETURN_IF_ERROR(cancel.Check());
    last = RowId{statement.Integer(0).value_or(ToInt(last))};
    // Its long columns, on pages of their own, are not read.
    if (statement.Integer(3).value_or(INT64_MAX) <= floors.Of(CollectionId{statement.Integer(1).value_or(0)})) continue;
    if (std::optional<RecordRow> record = DecodeRecord(statement))
      visit(*record);
    else
      ++*damaged;
  }
}

Result<int64_t> ReadTransaction::ScanCollection(CollectionId collection, const CancelToken& cancel,
                                                const VisitRecord& visit) {
  static constexpr char kSql[] =
      "SELECT \"row\" FROM records INDEXED BY records_id WHERE collection = ?1 ORDER BY \"row\"";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  std::vector<RowId> rows;
  {
    Statement& statement = **prepared;
    Resetting resetting(&statement);
    statement.Bind(1, ToInt(collection));
    int result;
    while ((result = statement.Step()) == SQLITE_ROW) rows.push_back(RowId{statement.Integer(0).value_or(0)});
    if (result != SQLITE_DONE) {
      Status status = connection_->Error(result, "read");
      if (status.code() != Code::kCorrupt) return status;
    }
  }
  int64_t count = 0;
  for (const RowId row : rows) {
    if (++count % 256 == 0) RETURN_IF_ERROR(cancel.Check());
    Result<std::optional<RecordRow>> record = FindRow(row);
    if (!record.ok() && record.status().code() != Code::kCorrupt) return record.status();
    if (record.ok() && *record && (*record)->collection == collection) visit(**record);
  }
  return count;
}

// A damaged page ends a scan. Asking for each later row by its number reaches the pages behind it.
Status ReadTransaction::SalvageRecords(RowId after, const CancelToken& cancel, const VisitRecord& visit,
                                       int64_t* damaged) {
  Result<int64_t> last = connection_->QueryInteger(kLastRow);
  if (!last.ok()) return last.status();
  for (int64_t row = ToInt(after) + 1; row <= *last; ++row) {
    if (row % 256 == 0) RETURN_IF_ERROR(cancel.Check());
    Result<std::optional<RecordRow>> record = FindRow(RowId{row});
    if (record.ok() && *record)
      visit(**record);
    else if (!record.ok() && record.status().code() == Code::kCorrupt)
      ++*damaged;
    else if (!record.ok())
      return record.status();
  }
  return {};
}

Result<ReadTransaction::Page> ReadTransaction::ReadPage(RowId after, int64_t limit, const VisitRecord& visit,
                                                        const VisitDamaged& damaged) {
  static constexpr char kSql[] = "SELECT " RECORD_COLUMNS " FROM records WHERE \"row\" > ?1 ORDER BY \"row\" LIMIT ?2";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  statement.Bind(1, ToInt(after)).Bind(2, limit);
  Page page{after, false};
  for (int64_t count = 0;; ++count) {
    const int result = statement.Step();
    if (result == SQLITE_DONE) {
      page.more = count == limit;
      return page;
    }
    const RowId row = result == SQLITE_ROW ? RowId{statement.Integer(0).value_or(0)} : RowId{0};
    if (row <= page.last) {  // An error, or a damaged page that gives rows in another order.
      Status status = result == SQLITE_ROW ? Status(Code::kCorrupt, "") : connection_->Error(result, "read");
      if (status.code() != Code::kCorrupt) return status;
      statement.Reset();
      return SalvagePage(page.last, limit, visit, damaged);
    }
    page.last = row;
    if (const std::optional<RecordRow> record = DecodeRecord(statement))
      visit(*record);
    else
      damaged(row, statement.Text(2).value_or(""));
  }
}

// Row by row, as far as rows were ever numbered.
Result<ReadTransaction::Page> ReadTransaction::SalvagePage(RowId after, int64_t limit, const VisitRecord& visit,
                                                           const VisitDamaged& damaged) {
  Result<int64_t> last = connection_->QueryInteger(kLastRow);
  if (!last.ok()) return last.status();
  Page page{after, false};
  for (int64_t row = ToInt(after) + 1; row <= std::min(*last, ToInt(after) + limit); ++row) {
    page.last = RowId{row};
    Result<std::optional<RecordRow>> record = FindRow(page.last);
    if (record.ok() && *record)
      visit(**record);
    else if (record.status().code() == Code::kCorrupt)
      damaged(page.last, record.status().id());
    else if (!record.ok())
      return record.status();
  }
  page.more = ToInt(page.last) < *last;
  return page;
}

Status ReadTransaction::ScanTombstones(Version after, const std::function<void(CollectionId, RowId)>& visit) {
  static constexpr char kSql[] = "SELECT collection, \"row\" FROM tombstones WHERE version > ?1 ORDER BY version";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  statement.Bind(1, after);
  for (;;) {
    const int result = statement.Step();
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) return connection_->Error(result, "read the deletions of");
    visit(CollectionId{statement.Integer(0).value_or(0)}, RowId{statement.Integer(1).value_or(0)});
  }
}

}  // namespace agentmemdb
