#include "storage/schema.h"

#include <sqlite3.h>

#include <iterator>
#include <string>

#include "base/crc32c.h"
#include "base/random.h"

namespace agentmemdb {
namespace {

struct SchemaObject {
  const char* name;
  const char* sql;    // Exactly as SQLite keeps it, so that a damaged schema is noticed.
  int64_t since = 1;  // The first format that has it.
};

// Long columns come last: what is asked for most is found on the row's first page.
constexpr SchemaObject kSchema[] = {
    {"database",
     "CREATE TABLE database(one INTEGER PRIMARY KEY CHECK(one = 1), format INTEGER NOT NULL, "
     "min_reader INTEGER NOT NULL, epoch INTEGER NOT NULL, change_version INTEGER NOT NULL, "
     "log_floor INTEGER NOT NULL, crc INTEGER NOT NULL)"},
    {"collections",
     "CREATE TABLE collections(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, "
     "options TEXT NOT NULL, records INTEGER NOT NULL, crc INTEGER NOT NULL)"},
    {"records",
     "CREATE TABLE records(\"row\" INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, id TEXT NOT NULL, "
     "version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, expires_at INTEGER, "
     "crc INTEGER NOT NULL, metadata TEXT, text TEXT, vector BLOB)"},
    {"records_id", "CREATE UNIQUE INDEX records_id ON records(collection, id)"},
    {"records_version", "CREATE INDEX records_version ON records(version)"},
    {"tombstones",
     "CREATE TABLE tombstones(version INTEGER NOT NULL, \"row\" INTEGER NOT NULL, collection INTEGER NOT NULL, "
     "PRIMARY KEY(version, \"row\")) WITHOUT ROWID"},
    {"images",
     "CREATE TABLE images(collection INTEGER PRIMARY KEY, token TEXT NOT NULL, version INTEGER NOT NULL, "
     "crc INTEGER NOT NULL)",
     kFormatWithImages},
    // Made by SQLite itself, for AUTOINCREMENT.
    {"sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"},
};

Status NotOurs(const Connection& connection) {
  return Status(Code::kUnsupported,
                connection.path() + " is an SQLite database of another program; give agentmemdb a file of its own")
      .WithPath(connection.path());
}

Status CreateSchema(Connection* connection) {
  for (const SchemaObject& object : kSchema) {
    if (object.name != std::string_view("sqlite_sequence")) RETURN_IF_ERROR(connection->Execute(object.sql));
  }
  RETURN_IF_ERROR(connection->Execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str()));
  DatabaseHeader header;
  header.epoch = NewEpoch();
  return WriteHeader(connection, header);
}

// Of what came with the formats after `above`, up to `format`.
Status CheckSchema(Connection* connection, int64_t above, int64_t format) {
  static constexpr char kSql[] = "SELECT sql FROM sqlite_schema WHERE name = ?1";
  for (const SchemaObject& object : kSchema) {
    if (object.since <= above || object.since > format) continue;
    Result<Statement*> statement = connection->Prepared(kSql);
    if (!statement.ok()) return statement.status();
    Resetting resetting(*statement);
    (*statement)->BindText(1, std::string_view(object.name));
    const int result = (*statement)->Step();
    if (result != SQLITE_ROW && result != SQLITE_DONE) return connection->Error(result, "read the schema of");
    if (result == SQLITE_DONE || (*statement)->Text(0) != std::string_view(object.sql))
      return Status(Code::kCorrupt, connection->path() + " is damaged: its table or index " + object.name +
                                        " is missing or changed; restore it from a backup")
          .WithPath(connection->path());
  }
  return {};
}

// Whether the file is ours; false: it is empty. Errors: kUnsupported (another program's).
Result<bool> IsOurs(Connection* connection) {
  Result<int64_t> objects = connection->QueryInteger("SELECT count(*) FROM sqlite_schema");
  if (!objects.ok()) return objects.status();
  Result<int64_t> application = connection->QueryInteger("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application == kApplicationId) return true;
  if (*objects == 0 && *application == 0) return false;
  return NotOurs(*connection);
}

Result<DatabaseHeader> CheckContents(Connection* connection) {
  constexpr int64_t kFirst = 1;
  RETURN_IF_ERROR(CheckSchema(connection, 0, kFirst));
  Result<DatabaseHeader> header = ReadHeader(connection);
  if (header.ok()) RETURN_IF_ERROR(CheckSchema(connection, kFirst, header->format));
  return header;
}

// The data stay as they are, and so does the change version.
Status BringUpToDate(Connection* connection, DatabaseHeader header) {
  for (const SchemaObject& object : kSchema) {
    if (object.since > header.format) RETURN_IF_ERROR(connection->Execute(object.sql));
  }
  header.format = kFormat;
  return WriteHeader(connection, header);
}

Status CreateOrCheck(Connection* connection) {
  Result<bool> ours = IsOurs(connection);
  if (!ours.ok()) return ours.status();
  return *ours ? CheckContents(connection).status() : CreateSchema(connection);
}

Status CheckOrBringUpToDate(Connection* connection) {
  Result<DatabaseHeader> header = CheckContents(connection);
  if (!header.ok()) return header.status();
  return header->format < kFormat ? BringUpToDate(connection, *header) : Status();
}

Status CheckOnly(Connection* connection) {
  Result<bool> ours = IsOurs(connection);
  if (!ours.ok()) return ours.status();
  if (*ours) return CheckContents(connection).status();
  return Status(Code::kNotFound, connection->path() + " is empty; open it without readOnly to make a database of it")
      .WithPath(connection->path());
}

// What the file is must not change between looking and creating.
Status WithinTransaction(Connection* connection, const char* begin, Status (*body)(Connection*)) {
  RETURN_IF_ERROR(connection->Execute(begin));
  Status status = body(connection);
  if (status.ok()) status = connection->Execute("COMMIT");
  if (connection->InTransaction()) (void)connection->Execute("ROLLBACK");
  return status;
}

}  // namespace

uint32_t DatabaseHeader::Checksum() const {
  return agentmemdb::Checksum().Add(format).Add(min_reader).Add(epoch).Add(change_version).Add(log_floor).value();
}

int64_t NewEpoch() { return static_cast<int64_t>(RandomU64() >> 1); }

Status PrepareSchema(Connection* connection, bool in_memory) {
  // Looked at before the journal mode: asking for WAL would write to a foreign file.
  Result<bool> ours = IsOurs(connection);
  if (!ours.ok()) return ours.status();
  if (!in_memory) RETURN_IF_ERROR(connection->Execute("PRAGMA journal_mode=WAL"));
  RETURN_IF_ERROR(WithinTransaction(connection, *ours ? "BEGIN" : "BEGIN IMMEDIATE", CreateOrCheck));
  Result<DatabaseHeader> header = ReadHeader(connection);
  if (!header.ok()) return header.status();
  if (header->format >= kFormat) return {};
  return WithinTransaction(connection, "BEGIN IMMEDIATE", CheckOrBringUpToDate);
}

Status CheckDatabase(Connection* connection) { return WithinTransaction(connection, "BEGIN", CheckOnly); }

Result<DatabaseHeader> ReadHeader(Connection* connection) {
  static constexpr char kSql[] =
      "SELECT format, min_reader, epoch, change_version, log_floor, crc FROM database WHERE one = 1";
  Result<Statement*> prepared = connection->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  const int result = statement.Step();
  if (result != SQLITE_ROW && result != SQLITE_DONE) return connection->Error(result, "read");
  DatabaseHeader header;
  if (result == SQLITE_ROW) {
    header.format = statement.Integer(0).value_or(-1);
    header.min_reader = statement.Integer(1).value_or(-1);
    header.epoch = statement.Integer(2).value_or(-1);
    header.change_version = statement.Integer(3).value_or(-1);
    header.log_floor = statement.Integer(4).value_or(-1);
  }
  if (result == SQLITE_DONE || statement.Integer(5) != static_cast<int64_t>(header.Checksum()))
    return Status(Code::kCorrupt,
                  connection->path() + " is damaged: its header row fails its check; restore it from a backup")
        .WithPath(connection->path());
  if (header.min_reader > kFormat)
    return Status(Code::kUnsupported, connection->path() + " has format " + std::to_string(header.format) +
                                          ", this version reads up to " + std::to_string(kFormat) +
                                          "; install a newer agentmemdb")
        .WithPath(connection->path());
  return header;
}

Status WriteHeader(Connection* connection, const DatabaseHeader& header) {
  static constexpr char kSql[] =
      "INSERT INTO database(one, format, min_reader, epoch, change_version, log_floor, crc) "
      "VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(one) DO UPDATE SET format = ?1, min_reader = ?2, epoch = ?3, "
      "change_version = ?4, log_floor = ?5, crc = ?6";
  Result<Statement*> prepared = connection->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  statement.Bind(1, header.format).Bind(2, header.min_reader).Bind(3, header.epoch).Bind(4, header.change_version);
  statement.Bind(5, header.log_floor).Bind(6, header.Checksum());
  const int result = statement.Step();
  return result == SQLITE_DONE ? Status() : connection->Error(result, "write");
}

}  // namespace agentmemdb
