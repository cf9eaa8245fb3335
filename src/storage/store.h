// The SQLite file: who may use which connection when. The only room that knows SQLite.
//
// shared mode (files): WAL, one writing connection, as many reading ones as reads overlap.
// single mode (':memory:', and files on network file systems): one connection for everything, behind a mutex. It keeps other
// processes away from its file, since what they would have to share, memory and locks, does not reach across a network.
//
// read_only: a file beside which SQLite cannot make its log (a read-only folder) is read alone, without locks, as long as
// it has no log. Each read looks whether the file has changed: a writer may come who is allowed more than we are.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "base/copy_lock.h"
#include "base/file.h"
#include "storage/connection.h"
#include "storage/record_row.h"
#include "storage/schema.h"

namespace agentmemdb {

struct StoreOptions {
  std::string path;  // ':memory:' or a canonical file path
  Durability durability = Durability::kFull;
  int busy_timeout_ms = 5000;
  bool read_only = false;  // the file is never created and never written to
  bool single = false;     // in single mode; ':memory:' always is
};

struct CollectionRow {
  CollectionId id{};
  std::string name;
  std::string options;  // JSON, made by engine
  int64_t records = 0;  // kept to notice vanished rows
};

uint32_t CollectionChecksum(const CollectionRow& collection);

// Which files beside the database hold the index image of a collection.
struct ImageRow {
  CollectionId collection{};
  std::string token;    // index_image.h
  Version version = 0;  // of the data in it
};

// From where on a scan wants the records of each collection: those written after that version.
struct ScanFloors {
  ScanFloors(Version all = 0) : others(all) {}  // NOLINT: a version is the floor of all.
  Version Of(CollectionId collection) const {
    const auto found = of.find(ToInt(collection));
    return found == of.end() ? others : found->second;
  }
  Version Lowest() const {
    Version lowest = others;
    for (const auto& [collection, floor] : of) lowest = std::min(lowest, floor);
    return lowest;
  }
  Version others;
  std::map<int64_t, Version> of;  // by collection
};

class ReadTransaction;
class WriteTransaction;

// Threads: any. Must outlive its transactions.
class Store {
 public:
  // Opens or creates. Errors: kNotFound (read_only: no file, or an empty one), kIo, kCorrupt, kUnsupported, kBusy,
  // kAborted, kTimeout.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options, const CancelToken& cancel);

  // Pins a snapshot: everything read through it is one committed state. kIo when the file has been replaced.
  Result<std::unique_ptr<ReadTransaction>> BeginRead();
  // Takes the write lock of the file. kBusy at once when another process has it. One at a time: the caller's lock.
  // kIo when the file has been replaced. Not when read_only. `synced`: what it commits, and everything before, survives power
  // loss whatever the durability.
  Result<std::unique_ptr<WriteTransaction>> BeginWrite(bool synced = false);

  // kIo when the path leads to another file than the one that was opened, or to none.
  Status CheckNotReplaced() const;

  // How much the log held at the last commit of this store, and how much of that no checkpoint of ours has copied into the
  // file yet. When all is copied the next commit writes the log from its beginning again; its file does not become smaller.
  int64_t LogBytes() const;
  int64_t UncopiedBytes() const;
  // Copies the log into the database file, as far as readers allow. Writers do not wait for it. Errors: kIo.
  Status Checkpoint();

  // Makes what was committed survive power loss, whatever the durability. Errors: kIo.
  Status SyncLog() const;

  // Makes the file as small as what it holds, and what was deleted no part of it; the log has it until it is emptied. `wrote`:
  // whether that was begun, and not only the copy beside it that SQLite makes first.
  // Errors: kBusy (another process writes), kIo, kCorrupt, kAborted, kTimeout.
  Status Vacuum(const CancelToken& cancel, bool* wrote);
  // Copies the whole log into the file and cuts it to nothing. Waits so long for those who read an older state, or write in another
  // process; writers wait meanwhile, and reads that begin do not. kBusy: it took longer.
  Status EmptyLog(int wait_ms = 0);

  // The last call: closing then copies the log into the file and removes it, unless another process has the file open.
  // read_only: removes the log if reading made it.
  void TidyOnClose();

  const StoreOptions& options() const { return options_; }
  bool in_memory() const { return options_.path == ":memory:"; }
  bool single() const { return in_memory() || options_.single; }
  // Of rows that are in memory and in no file.
  int64_t MemoryBytes();
  int64_t FileBytes() const;
  int64_t WalBytes() const;

 private:
  friend class ReadTransaction;
  friend class WriteTransaction;

  // Connections that read. When a file that is read alone has changed, others take their place: what these have in their
  // caches is old.
  struct Readers {
    Readers(const StoreOptions& how, Access with, const FileState& at) : options(how), access(with), seen(at) {}
    Result<std::unique_ptr<Connection>> Take();
    void GiveBack(std::unique_ptr<Connection> reader);
    // Whether the file is what it was when these began to read it alone.
    bool StillTrue() const;

    const StoreOptions& options;
    const Access access;
    const FileState seen;
    std::mutex mutex;
    std::vector<std::unique_ptr<Connection>> idle;
  };

  explicit Store(StoreOptions options) : options_(std::move(options)) {}
  Status CheckNotEmptied() const;
  Status OpenToWrite();
  Status OpenToRead();
  Status OpenToReadSole();
  bool has_one_connection() const { return single() && main_ != nullptr; }
  Status CopyLogOn(Connection* connection);
  Status TryToRead(Access access);
  Result<std::shared_ptr<Readers>> CurrentReaders();
  void TidyAfterReading();
  // SQLite's, after each commit: how many pages the log has now.
  static int OnCommit(void* store, sqlite3* handle, const char* schema, int pages);

  StoreOptions options_;
  CopyLock copy_lock_;                // Taken before SQLite opens the file, and given back after it closed it.
  FileIdentity identity_;             // Of the file that was opened.
  bool made_log_ = false;             // read_only: there was none before.
  std::unique_ptr<Connection> main_;  // The writer; in single mode everything; none when read_only otherwise.
  std::mutex main_mutex_;             // Held through a transaction on main_.
  std::atomic<int> log_pages_{0}, copied_pages_{0};
  std::mutex readers_mutex_;
  std::shared_ptr<Readers> readers_;  // None where main_ reads.
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

  using VisitRecord = std::function<void(const RecordRow&)>;
  // Calls `visit` with each sound record above its floor. In row order, if some collection is wanted whole; else as they were
  // written last, which is row order for those that are new. Goes on past damaged records, and pages.
  Status ScanRecords(const ScanFloors& floors, const CancelToken& cancel, const VisitRecord& visit, int64_t* damaged);
  // The same with the records of one collection, found one by one. Returns how many there are, damaged ones included: fewer
  // than there should be when the index that leads to them is damaged.
  Result<int64_t> ScanCollection(CollectionId collection, const CancelToken& cancel, const VisitRecord& visit);
  // Up to `limit` records after one row, sound ones to `visit`, the others to `damaged` with their id as far as it is legible.
  struct Page {
    RowId last{0};      // looked at
    bool more = false;  // there may be others after it
  };
  using VisitDamaged = std::function<void(RowId, std::string_view id)>;
  Result<Page> ReadPage(RowId after, int64_t limit, const VisitRecord& visit, const VisitDamaged& damaged);
  // How many records the index of ids leads to, by collection.
  Result<std::map<int64_t, int64_t>> CountRecords();
  // SQLite's own check of the file's structure, which says nothing of what the rows hold. `visit` gets each finding, a hundred at
  // most. Takes about a second a gigabyte.
  Status CheckStructure(const CancelToken& cancel, const std::function<void(std::string_view)>& visit);
  Status ScanTombstones(Version after, const std::function<void(CollectionId, RowId)>& visit);
  // Those whose row is sound; none of a file that cannot have any, or whose table of them is damaged. Errors: kIo, kBusy.
  Result<std::vector<ImageRow>> Images();
  // After the last read: kBusy when the file changed meanwhile under a reader that is alone; what was read is no state then.
  Status CheckUnchanged() const;
  // Between two reads: what the first found is not looked at any more. False: it must not wait for another, since it keeps writers out,
  // or would not see them.
  bool Rest();
  // For a backup, which copies through it.
  Connection* connection() { return connection_; }

 private:
  friend class Store;
  explicit ReadTransaction(Connection* connection) : connection_(connection) {}
  Result<std::optional<RecordRow>> ReadOne(Statement* statement, std::optional<std::string_view> id);
  Result<Page> SalvagePage(RowId after, int64_t limit, const VisitRecord& visit, const VisitDamaged& damaged);
  Status SalvageRecords(RowId after, const CancelToken& cancel, const VisitRecord& visit, int64_t* damaged);

  Connection* connection_;
  std::shared_ptr<Store::Readers> readers_;  // Where `pooled_` comes from.
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
  // false, and nothing is stored, when there is a record of that id.
  Result<bool> Insert(const RecordRow& record);
  Status Update(const RecordRow& record);
  Status Delete(CollectionId collection, RowId row, Version version);

  Result<CollectionId> InsertCollection(std::string_view name, std::string_view options);
  Status UpdateCollection(const CollectionRow& collection);
  // With all its records.
  Status DeleteCollection(CollectionId collection);

  // The image of a collection, if that exists, in place of the one before.
  Status SetImage(const ImageRow& image);
  Status DeleteImages();
  // Which records were deleted up to that version will not be told any more: whoever is behind it loads everything anew. Commit
  // writes the header.
  Status ForgetDeletions(DatabaseHeader* header, Version floor);
  // The same, so that about `keep` deletions are left.
  Status BoundDeletions(DatabaseHeader* header, int64_t keep);
  // Makes everything what another database holds, row by row, each of them checked. Reports records to `cancel`.
  // Errors: kCorrupt (some record of the other is damaged or has vanished), kIo, kAborted, kTimeout.
  Status ReplaceAll(ReadTransaction* other, const CancelToken& cancel);

  // With the header as it is from now on. After a failure nothing of the transaction is stored.
  Status Commit(const DatabaseHeader& header);
  // The same of a transaction that changed no data: the header stays.
  Status CommitDerived() { return connection_->Execute("COMMIT"); }

 private:
  friend class Store;
  WriteTransaction(Store* store, std::unique_lock<std::mutex> guard, bool synced)
      : connection_(store->main_.get()),
        synced_(synced && store->options_.durability == Durability::kNormal),
        main_guard_(std::move(guard)) {}
  Status Begin();
  Status InsertCollectionAs(const CollectionRow& collection);
  Status CheckOwner(RowId row, CollectionId collection, std::string_view id);
  Status Finish(Statement* statement, const char* doing);

  Connection* connection_;
  bool synced_;  // although other transactions are not
  std::unique_lock<std::mutex> main_guard_;
  int64_t next_row_ = 0;
};

}  // namespace agentmemdb
