#include "storage/connection.h"

#include <sqlite3.h>

#include <cerrno>

#include "base/check.h"

namespace agentmemdb {
namespace {

constexpr int kCacheKib = 8 * 1024;
constexpr int kStepsBetweenChecks = 10000;  // of SQLite's machine: some microseconds

int IsCancelled(void* cancel) { return static_cast<const CancelToken*>(cancel)->Check().ok() ? 0 : 1; }

Code CodeFor(int result) {
  if (result == SQLITE_IOERR_SHORT_READ) return Code::kCorrupt;  // The file ends where it says a page is.
  // A reader that may not write beside a log that a writer is just preparing.
  if (result == SQLITE_READONLY_RECOVERY || result == SQLITE_READONLY_CANTINIT) return Code::kBusy;
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kCorrupt;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Code::kLimit;
    case SQLITE_READONLY:
      return Code::kReadOnly;
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
      return Code::kIo;
    default:
      return Code::kInternal;
  }
}

// SQLite calls a file damaged that the system could not read. Whoever was told so would restore a file that is sound.
bool CouldNotRead(sqlite3* handle) {
  const auto failed = [](int error) { return error == EIO || error == ENXIO || error == ERANGE; };
  int error = 0;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK && failed(error)) return true;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == nullptr ||
      log->pMethods == nullptr)
    return false;
  return log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK && failed(error);
}

// A name that SQLite takes parameters with: bytes that mean something in a URI are escaped.
std::string UriOf(const std::string& path, const char* parameters) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (c != '%' && c != '?' && c != '#') {
      uri.push_back(c);
      continue;
    }
    uri.push_back('%');
    uri.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    uri.push_back(kHex[static_cast<unsigned char>(c) & 0xf]);
  }
  return uri + "?" + parameters;
}

int FlagsOf(Access access) {
  switch (access) {
    case Access::kReadWrite:
    case Access::kSole:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Access::kReadOnly:
      return SQLITE_OPEN_READONLY;
    case Access::kAlone:
      return SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case Access::kSoleRead:
      return SQLITE_OPEN_READWRITE;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

Statement::~Statement() { sqlite3_finalize(statement_); }

int Statement::Step() { return sqlite3_step(statement_); }

Statement& Statement::Bind(int parameter, int64_t number) {
  CHECK(sqlite3_bind_int64(statement_, parameter, number) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindText(int parameter, std::string_view bytes) {
  CHECK(sqlite3_bind_text64(statement_, parameter, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC,
                            SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindText(int parameter, const std::optional<std::string_view>& bytes) {
  return bytes ? BindText(parameter, *bytes) : BindNull(parameter);
}

Statement& Statement::BindBlob(int parameter, const std::optional<std::string_view>& bytes) {
  if (!bytes) return BindNull(parameter);
  CHECK(sqlite3_bind_blob64(statement_, parameter, bytes->data(), bytes->size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindNull(int parameter) {
  CHECK(sqlite3_bind_null(statement_, parameter) == SQLITE_OK);
  return *this;
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::optional<int64_t> Statement::Integer(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) return std::nullopt;
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::string_view> Statement::Text(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) return std::nullopt;
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<std::string_view> Statement::Blob(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) return std::nullopt;
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return std::string_view(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

InterruptedBy::InterruptedBy(Connection* connection, const CancelToken& cancel)
    : connection_(connection), cancel_(cancel) {
  sqlite3_progress_handler(connection_->handle(), kStepsBetweenChecks, IsCancelled, &cancel_);
}

InterruptedBy::~InterruptedBy() { sqlite3_progress_handler(connection_->handle(), 0, nullptr, nullptr); }

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Durability durability, Access access) {
  sqlite3* handle = nullptr;
  const std::string name = access == Access::kAlone ? UriOf(path, "immutable=1") : path;
  const int result = sqlite3_open_v2(name.c_str(), &handle, FlagsOf(access) | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) return Status(Code::kLimit, "out of memory while opening " + path);
  std::unique_ptr<Connection> connection(new Connection(path, handle));
  if (result != SQLITE_OK) return connection->Error(result, "open");
  RETURN_IF_ERROR(connection->Configure(durability, access));
  return connection;
}

Connection::~Connection() {
  kept_ = {};
  sqlite3_close(handle_);  // Cannot fail: every statement is finalised, every backup finished.
}

Status Connection::Configure(Durability durability, Access access) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  RETURN_IF_ERROR(
      Execute("PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
              "PRAGMA wal_autocheckpoint=0"));
  // Before the log is looked at, or SQLite makes an index over it that it shares.
  if (access == Access::kSole || access == Access::kSoleRead) RETURN_IF_ERROR(Execute("PRAGMA locking_mode=EXCLUSIVE"));
  if (access == Access::kSoleRead) RETURN_IF_ERROR(Execute("PRAGMA query_only=ON"));
  // Loads the schema. A plain error, which would be our mistake anywhere later, means a format SQLite does not know.
  if (sqlite3_exec(handle_, "SELECT 1 FROM sqlite_schema LIMIT 0", nullptr, nullptr, nullptr) == SQLITE_ERROR)
    return Status(Code::kUnsupported, "cannot open " + path_ + ": " + sqlite3_errmsg(handle_)).WithPath(path_);
  RETURN_IF_ERROR(Execute(("PRAGMA cache_size=-" + std::to_string(kCacheKib)).c_str()));
  RETURN_IF_ERROR(Execute(durability == Durability::kFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  Result<int64_t> synchronous = QueryInteger("PRAGMA synchronous");
  if (!synchronous.ok()) return synchronous.status();
  if (*synchronous != (durability == Durability::kFull ? 2 : 1))
    return Status(Code::kInternal, "SQLite did not take the durability asked for");
  return {};
}

bool Connection::InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Status Connection::Execute(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? Status() : Error(result, "use");
}

Result<int64_t> Connection::QueryInteger(const char* sql) {
  Result<Statement*> statement = Prepared(sql);
  if (!statement.ok()) return statement.status();
  Resetting resetting(*statement);
  const int result = (*statement)->Step();
  if (result == SQLITE_DONE) return Status(Code::kCorrupt, "an expected row is missing from " + path_).WithPath(path_);
  if (result != SQLITE_ROW) return Error(result, "read");
  return (*statement)->Integer(0).value_or(0);
}

Result<Statement*> Connection::Prepared(const char* sql) {
  for (Kept& kept : kept_) {
    if (kept.sql == sql) return kept.statement.get();
    if (kept.sql != nullptr) continue;
    sqlite3_stmt* raw = nullptr;
    const int result = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (result != SQLITE_OK) return Error(result, "prepare a statement on");
    kept.statement = std::make_unique<Statement>(raw);
    kept.sql = sql;
    return kept.statement.get();
  }
  CheckFailed("statements fit the table", __FILE__, __LINE__);
}

void Connection::ResetStatements() {
  for (Kept& kept : kept_) {
    if (kept.statement != nullptr) kept.statement->Reset();
  }
}

Status Connection::Error(int result, const char* doing) const {
  const Code code = result == SQLITE_CORRUPT && CouldNotRead(handle_) ? Code::kIo : CodeFor(result);
  std::string message = std::string("cannot ") + doing + " " + path_ + ": " +
                        (result == SQLITE_CORRUPT ? "the system could not read it" : sqlite3_errmsg(handle_));
  if (code == Code::kCorrupt) {
    message = (result & 0xff) == SQLITE_NOTADB ? path_ + " is not a database"
                                               : path_ + " is damaged: " + sqlite3_errmsg(handle_);
    message += "; restore it from a backup";
  }
  return Status(code, std::move(message)).WithPath(path_);
}

}  // namespace agentmemdb
