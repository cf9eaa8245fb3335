#include <sqlite3.h>

#include <algorithm>

#include "base/crc32c.h"
#include "storage/store.h"

namespace agentmemdb {
namespace {

constexpr int64_t kRowMax = int64_t{1} << 62;

}  // namespace

uint32_t CollectionChecksum(const CollectionRow& collection) {
  return Checksum()
      .Add(ToInt(collection.id))
      .Add(std::string_view(collection.name))
      .Add(std::string_view(collection.options))
      .Add(collection.records)
      .value();
}

WriteTransaction::~WriteTransaction() {
  if (connection_->InTransaction()) (void)connection_->Execute("ROLLBACK");
  if (synced_) (void)connection_->Execute("PRAGMA synchronous=NORMAL");
}

Status WriteTransaction::Begin() {
  if (synced_) RETURN_IF_ERROR(connection_->Execute("PRAGMA synchronous=FULL"));
  RETURN_IF_ERROR(connection_->Execute("BEGIN IMMEDIATE"));
  // AUTOINCREMENT's own counter, checked against the table: a row number must never be given twice.
  Result<int64_t> used =
      connection_->QueryInteger("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'records'");
  if (!used.ok()) return used.status();
  Result<int64_t> largest = connection_->QueryInteger("SELECT coalesce(max(\"row\"), 0) FROM records");
  if (!largest.ok()) return largest.status();
  // Nobody writes that many: the counter is damaged, and one more would overflow.
  if (std::max(*used, *largest) > kRowMax)
    return Status(Code::kCorrupt,
                  connection_->path() + " is damaged: its row numbers are used up; restore it from a backup")
        .WithPath(connection_->path());
  next_row_ = std::max(*used, *largest) + 1;
  return {};
}

Status WriteTransaction::Finish(Statement* statement, const char* doing) {
  const int result = statement->Step();
  Status status = result == SQLITE_DONE ? Status() : connection_->Error(result, doing);
  statement->Reset();
  return status;
}

Result<std::optional<WriteTransaction::Existing>> WriteTransaction::Find(CollectionId collection, std::string_view id) {
  static constexpr char kSql[] =
      "SELECT \"row\", version, created_at, updated_at, expires_at, crc, metadata, text, vector FROM records "
      "WHERE collection = ?1 AND id = ?2";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  statement.Bind(1, ToInt(collection)).BindText(2, id);
  const int result = statement.Step();
  if (result == SQLITE_DONE) return std::optional<Existing>();
  if (result != SQLITE_ROW) return connection_->Error(result, "read");
  RecordRow record;
  record.row = RowId{statement.Integer(0).value_or(0)};
  record.collection = collection;
  record.id = id;
  record.version = statement.Integer(1).value_or(0);
  record.created_at = statement.Integer(2).value_or(0);
  record.updated_at = statement.Integer(3).value_or(0);
  record.expires_at = statement.Integer(4);
  record.metadata = statement.Text(6);
  record.text = statement.Text(7);
  record.vector = statement.Blob(8);
  Existing existing{record.row, std::nullopt, record.version, record.expires_at};
  if (statement.Integer(5) == static_cast<int64_t>(record.Checksum()))
    existing.created_at = record.created_at;
  else
    RETURN_IF_ERROR(CheckOwner(existing.row, collection, id));
  return std::optional<Existing>(existing);
}

Result<WriteTransaction::Contents> WriteTransaction::Read(RowId row) {
  static constexpr char kSql[] = "SELECT metadata, text, vector FROM records WHERE \"row\" = ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  statement.Bind(1, ToInt(row));
  if (const int result = statement.Step(); result != SQLITE_ROW) return connection_->Error(result, "read");
  Contents contents;
  if (const auto metadata = statement.Text(0)) contents.metadata = std::string(*metadata);
  if (const auto text = statement.Text(1)) contents.text = std::string(*text);
  if (const auto vector = statement.Blob(2)) contents.vector = std::string(*vector);
  return contents;
}

// A damaged index may lead to another record's row: it must not be overwritten.
Status WriteTransaction::CheckOwner(RowId row, CollectionId collection, std::string_view id) {
  static constexpr char kSql[] = "SELECT collection, id FROM records WHERE \"row\" = ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  statement.Bind(1, ToInt(row));
  if (statement.Step() == SQLITE_ROW && statement.Integer(0) == ToInt(collection) && statement.Text(1) == id) return {};
  return Status(Code::kCorrupt, "the index of " + connection_->path() + " leads from '" + std::string(id) +
                                    "' to another record; restore the file from a backup")
      .WithId(std::string(id))
      .WithPath(connection_->path());
}

Result<bool> WriteTransaction::Insert(const RecordRow& record) {
  static constexpr char kSql[] =
      "INSERT INTO records(\"row\", collection, id, version, created_at, updated_at, expires_at, crc, metadata, text, "
      "vector) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(collection, id) DO NOTHING";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  statement.Bind(1, ToInt(record.row)).Bind(2, ToInt(record.collection)).BindText(3, record.id);
  statement.Bind(4, record.version).Bind(5, record.created_at).Bind(6, record.updated_at);
  record.expires_at ? statement.Bind(7, *record.expires_at) : statement.BindNull(7);
  statement.Bind(8, record.Checksum()).BindText(9, record.metadata).BindText(10, record.text);
  statement.BindBlob(11, record.vector);
  RETURN_IF_ERROR(Finish(&statement, "write"));
  return sqlite3_changes(connection_->handle()) == 1;
}

Status WriteTransaction::Update(const RecordRow& record) {
  static constexpr char kSql[] =
      "UPDATE records SET version = ?2, created_at = ?3, updated_at = ?4, expires_at = ?5, crc = ?6, metadata = ?7, "
      "text = ?8, vector = ?9, collection = ?10, id = ?11 WHERE \"row\" = ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  statement.Bind(1, ToInt(record.row)).Bind(2, record.version).Bind(3, record.created_at).Bind(4, record.updated_at);
  record.expires_at ? statement.Bind(5, *record.expires_at) : statement.BindNull(5);
  statement.Bind(6, record.Checksum()).BindText(7, record.metadata).BindText(8, record.text);
  statement.BindBlob(9, record.vector).Bind(10, ToInt(record.collection)).BindText(11, record.id);
  return Finish(&statement, "write");
}

Status WriteTransaction::Delete(CollectionId collection, RowId row, Version version) {
  static constexpr char kDelete[] = "DELETE FROM records WHERE \"row\" = ?1";
  static constexpr char kTombstone[] = "INSERT INTO tombstones(version, \"row\", collection) VALUES(?1, ?2, ?3)";
  Result<Statement*> remove = connection_->Prepared(kDelete);
  if (!remove.ok()) return remove.status();
  (*remove)->Bind(1, ToInt(row));
  RETURN_IF_ERROR(Finish(*remove, "delete from"));
  Result<Statement*> tombstone = connection_->Prepared(kTombstone);
  if (!tombstone.ok()) return tombstone.status();
  (*tombstone)->Bind(1, version).Bind(2, ToInt(row)).Bind(3, ToInt(collection));
  return Finish(*tombstone, "write");
}

Result<CollectionId> WriteTransaction::InsertCollection(std::string_view name, std::string_view options) {
  static constexpr char kSql[] = "INSERT INTO collections(name, options, records, crc) VALUES(?1, ?2, 0, 0)";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  (*prepared)->BindText(1, name).BindText(2, options);
  RETURN_IF_ERROR(Finish(*prepared, "write"));
  CollectionRow row{CollectionId{sqlite3_last_insert_rowid(connection_->handle())}, std::string(name),
                    std::string(options), 0};
  RETURN_IF_ERROR(UpdateCollection(row));
  return row.id;
}

Status WriteTransaction::UpdateCollection(const CollectionRow& collection) {
  static constexpr char kSql[] = "UPDATE collections SET records = ?2, crc = ?3, options = ?4 WHERE id = ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  (*prepared)->Bind(1, ToInt(collection.id)).Bind(2, collection.records).Bind(3, CollectionChecksum(collection));
  (*prepared)->BindText(4, std::string_view(collection.options));
  return Finish(*prepared, "write");
}

Status WriteTransaction::DeleteCollection(CollectionId collection) {
  static constexpr char kRecords[] = "DELETE FROM records WHERE collection = ?1";
  static constexpr char kTombstones[] = "DELETE FROM tombstones WHERE collection = ?1";
  static constexpr char kImage[] = "DELETE FROM images WHERE collection = ?1";
  static constexpr char kCollection[] = "DELETE FROM collections WHERE id = ?1";
  for (const char* sql : {kRecords, kTombstones, kImage, kCollection}) {
    Result<Statement*> prepared = connection_->Prepared(sql);
    if (!prepared.ok()) return prepared.status();
    (*prepared)->Bind(1, ToInt(collection));
    RETURN_IF_ERROR(Finish(*prepared, "delete from"));
  }
  return {};
}

Status WriteTransaction::ForgetDeletions(DatabaseHeader* header, Version floor) {
  static constexpr char kSql[] = "DELETE FROM tombstones WHERE version <= ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  (*prepared)->Bind(1, floor);
  RETURN_IF_ERROR(Finish(*prepared, "delete from"));
  header->log_floor = floor;
  return {};
}

Status WriteTransaction::BoundDeletions(DatabaseHeader* header, int64_t keep) {
  static constexpr char kSql[] = "SELECT version FROM tombstones ORDER BY version DESC LIMIT 1 OFFSET ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  std::optional<int64_t> floor;
  {
    const Resetting resetting(*prepared);
    const int result = (*prepared)->Bind(1, keep).Step();
    if (result != SQLITE_ROW && result != SQLITE_DONE) return connection_->Error(result, "read the deletions of");
    if (result == SQLITE_ROW) floor = (*prepared)->Integer(0);
  }
  return floor && *floor > header->log_floor ? ForgetDeletions(header, *floor) : Status();
}

Status WriteTransaction::Commit(const DatabaseHeader& header) {
  RETURN_IF_ERROR(WriteHeader(connection_, header));
  return connection_->Execute("COMMIT");
}

}  // namespace agentmemdb
