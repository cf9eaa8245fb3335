// One SQLite connection and its prepared statements. Only storage/ sees this.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace agentmemdb {

enum class Durability { kFull, kNormal };

enum class Access {
  kReadWrite,  // opens or creates
  kReadOnly,   // reads beside writers: SQLite makes its -wal and -shm for that if they are not there
  kAlone,      // reads without locks and without the log: wrong while anybody writes
  kSole,       // opens or creates, and keeps everybody else out; the index over the log is in memory of its own
  kSoleRead,   // the same of a file that is there, to read it
};

class Connection;

// A prepared statement between Bind and Reset. Views it returns are good until the next Step or Reset.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int parameter, int64_t number);
  // Not copied: `bytes` must live until Reset.
  Statement& BindText(int parameter, std::string_view bytes);
  Statement& BindText(int parameter, const std::optional<std::string_view>& bytes);
  Statement& BindBlob(int parameter, const std::optional<std::string_view>& bytes);
  Statement& BindNull(int parameter);

  // SQLITE_ROW, SQLITE_DONE or an error code.
  int Step();
  void Reset();

  // Absent when the stored type is another: a damaged row, never converted.
  std::optional<int64_t> Integer(int column) const;
  std::optional<std::string_view> Text(int column) const;
  std::optional<std::string_view> Blob(int column) const;

 private:
  sqlite3_stmt* statement_;
};

// Resets a statement at the end of a scope.
class Resetting {
 public:
  explicit Resetting(Statement* statement) : statement_(statement) {}
  ~Resetting() { statement_->Reset(); }
  Resetting(const Resetting&) = delete;
  Resetting& operator=(const Resetting&) = delete;

 private:
  Statement* statement_;
};

// While it lives, SQLite looks at a cancel token and ends what it does when that says so.
class InterruptedBy {
 public:
  InterruptedBy(Connection* connection, const CancelToken& cancel);
  ~InterruptedBy();
  InterruptedBy(const InterruptedBy&) = delete;
  InterruptedBy& operator=(const InterruptedBy&) = delete;

 private:
  Connection* connection_;
  CancelToken cancel_;
};

// Threads: one at a time.
class Connection {
 public:
  // The pragmas of every connection are set and read back.
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, Durability durability,
                                                  Access access = Access::kReadWrite);
  // Never checkpoints: that is Store::Close's decision.
  ~Connection();

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

  Status Execute(const char* sql);
  // The one number a query answers with. Kept like Prepared.
  Result<int64_t> QueryInteger(const char* sql);
  // Prepares once and keeps. `sql` must be a string literal: its address is the key.
  Result<Statement*> Prepared(const char* sql);

  // A statement left at a row keeps its snapshot, whatever COMMIT says.
  void ResetStatements();
  // false after SQLite has rolled a transaction back by itself, or before one began.
  bool InTransaction() const;
  // What an SQLite result code means to us. `doing` completes "cannot ...".
  Status Error(int result, const char* doing) const;

 private:
  Connection(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  Status Configure(Durability durability, Access access);

  struct Kept {
    const char* sql = nullptr;
    std::unique_ptr<Statement> statement;
  };

  std::string path_;
  sqlite3* handle_;
  std::array<Kept, 48> kept_;
};

}  // namespace agentmemdb
