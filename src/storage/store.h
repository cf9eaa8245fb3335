// The SQLite file: who may use which connection when. The only room that knows SQLite.
//
// shared mode (files): WAL, one writing connection, as many reading ones as reads overlap.
// single mode (':memory:'): one connection for everything, behind a mutex.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "storage/connection.h"
#include "storage/record_row.h"
#include "storage/schema.h"

namespace agentmemdb {

struct StoreOptions {
  std::string path;  // ':memory:' or a canonical file path
  Durability durability = Durability::kFull;
  int busy_timeout_ms = 5000;
};

struct CollectionRow {
  CollectionId id{};
  std::string name;
  std::string options;  // JSON, made by engine
  int64_t records = 0;  // kept to notice vanished rows
};

uint32_t CollectionChecksum(const CollectionRow& collection);

class ReadTransaction;
class WriteTransaction;

// Threads: any. Must outlive its transactions.
class Store {
 public:
  // Opens or creates. Errors: kIo, kCorrupt, kUnsupported, kBusy, kAborted, kTimeout.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options, const CancelToken& cancel);

  // Pins a snapshot: everything read through it is one committed state.
  Result<std::unique_ptr<ReadTransaction>> BeginRead();
  // Takes the write lock of the file. kBusy at once when another process has it. One at a time: the caller's lock.
  Result<std::unique_ptr<WriteTransaction>> BeginWrite();

  // Copies the log into the database file when it has grown beyond `bytes`, as far as readers allow.
  void CheckpointAbove(int64_t bytes);

  // Closing will copy the log into the file and remove it, unless another process has the file open.
  void TidyOnClose();

  const StoreOptions& options() const { return options_; }
  bool in_memory() const { return options_.path == ":memory:"; }
  int64_t FileBytes() const;
  int64_t WalBytes() const;

 private:
  friend class ReadTransaction;
  friend class WriteTransaction;

  explicit Store(StoreOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Connection>> TakeReader();
  void GiveBack(std::unique_ptr<Connection> reader);

  StoreOptions options_;
  std::unique_ptr<Connection> main_;  // The writer; in single mode everything.
  std::mutex main_mutex_;             // Held through a transaction on main_.
  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
};

// Reads records and collections. Every row is checked against its checksum.
// Threads: one at a time. Views are good until the next call.
class ReadTransaction {
 public:
  ~ReadTransaction();

  Result<DatabaseHeader> Header() { return ReadHeader(connection_); }
  Result<std::vector<CollectionRow>> Collections();
  // nullopt when there is none. Errors: kCorrupt with the id.
  Result<std::optional<RecordRow>> Find(CollectionId collection, std::string_view id);
  Result<std::optional<RecordRow>> FindRow(RowId row);
  // Whether there is one that has not expired.
  Result<bool> Has(CollectionId collection, std::string_view id, TimeMs now = 0);

  // Calls `visit` with each sound record written after `version`, in row order; `damaged` counts those that fail their
  // check or cannot be read. Goes on past damaged pages.
  Status ScanRecords(Version after, const CancelToken& cancel, const std::function<void(const RecordRow&)>& visit,
                     int64_t* damaged);
  Status ScanTombstones(Version after, const std::function<void(CollectionId, RowId)>& visit);
  // For a backup, which copies through it.
  Connection* connection() { return connection_; }

 private:
  friend class Store;
  ReadTransaction(Store* store, Connection* connection) : store_(store), connection_(connection) {}
  Result<std::optional<RecordRow>> ReadOne(Statement* statement, std::optional<std::string_view> id);
  Status SalvageRecords(RowId after, const CancelToken& cancel, const std::function<void(const RecordRow&)>& visit,
                        int64_t* damaged);

  Store* store_;
  Connection* connection_;
  std::unique_ptr<Connection> pooled_;
  std::unique_lock<std::mutex> main_guard_;
};

// Writes. Every call of the group runs between Savepoint and Release or RollbackTo; nothing is kept before Commit.
// Threads: one at a time.
class WriteTransaction {
 public:
  // Rolls back what was not committed.
  ~WriteTransaction();

  Result<DatabaseHeader> Header() { return ReadHeader(connection_); }
  Status Savepoint() { return connection_->Execute("SAVEPOINT call"); }
  Status Release() { return connection_->Execute("RELEASE call"); }
  Status RollbackTo() { return connection_->Execute("ROLLBACK TO call; RELEASE call"); }
  // false when SQLite rolled everything back by itself: nothing of the group is left.
  bool alive() const { return connection_->InTransaction(); }

  // The stored record of that id, sound or not.
  struct Existing {
    RowId row;
    std::optional<TimeMs> created_at;  // absent when the stored record fails its check
    Version version = 0;
    std::optional<TimeMs> expires_at;
  };
  Result<std::optional<Existing>> Find(CollectionId collection, std::string_view id);
  // The contents of a stored record, copied.
  struct Contents {
    std::optional<std::string> metadata, text, vector;
  };
  Result<Contents> Read(RowId row);
  RowId NextRow() { return RowId{next_row_++}; }
  Status Insert(const RecordRow& record);
  Status Update(const RecordRow& record);
  Status Delete(CollectionId collection, RowId row, Version version);

  Result<CollectionId> InsertCollection(std::string_view name, std::string_view options);
  Status UpdateCollection(const CollectionRow& collection);
  // With all its records.
  Status DeleteCollection(CollectionId collection);

  // Raises the version and commits. After a failure nothing of the transaction is stored.
  Status Commit(DatabaseHeader header);

 private:
  friend class Store;
  WriteTransaction(Store* store, std::unique_lock<std::mutex> guard)
      : connection_(store->main_.get()), main_guard_(std::move(guard)) {}
  Status Begin();
  Status CheckOwner(RowId row, CollectionId collection, std::string_view id);
  Status Finish(Statement* statement, const char* doing);

  Connection* connection_;
  std::unique_lock<std::mutex> main_guard_;
  int64_t next_row_ = 0;
};

}  // namespace agentmemdb
