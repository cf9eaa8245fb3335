// The engine: one database file and the indexes over it, in the memory of this process.
//
// SQLite is the truth; what is in memory is derived from it, up to the version `applied_`. Every answer is one committed
// state: a read pins a snapshot, compares its version with `applied_`, and first applies what others have committed.
//
// Locks, always taken in this order:
//   that of Saving    one thread at a time writes index images
//   write_mutex_      one writer, or one catching up, at a time
//   a connection      of the store
//   index_lock_       shared by reads; alone, for microseconds, to change what is in memory
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/shared_lock.h"
#include "engine/apply.h"
#include "engine/collection.h"
#include "engine/op.h"
#include "storage/index_image.h"
#include "storage/store.h"

namespace agentmemdb {

struct DatabaseOptions {
  std::string path;  // ':memory:' or a file
  std::optional<Durability> durability;
  int busy_timeout_ms = 5000;
  bool read_only = false;
  // In single mode. Absent: ':memory:' is, and what lies on a network file system.
  std::optional<bool> single = std::nullopt;
};

// What was found of the image of a collection.
struct ImageCheck {
  CollectionId collection{};
  std::string token;
  bool sound = false;
};

// What compact() came to.
struct CompactReport {
  // Whether nothing of what was deleted is in any file of the database, but for its snapshots.
  bool erased = false;
  std::string why;                            // not
  int64_t bytes_before = 0, bytes_after = 0;  // of all files, but for the snapshots
  std::vector<std::string> snapshots;         // hold what they held
};

struct DatabaseStats {
  std::string path;
  bool single = false;
  Durability durability = Durability::kFull;
  Version change_version = 0;
  int64_t collections = 0, records = 0, file_bytes = 0, wal_bytes = 0;
  int64_t memory_bytes = 0;
  int64_t write_groups = 0, write_calls = 0;  // transactions, and the calls they carried
  int engines = 0;
};

// What a read sees: one committed state of rows and indexes. Good for the duration of the read.
struct ReadView {
  ReadTransaction* rows;
  const std::map<int64_t, std::shared_ptr<Collection>>* collections;
  int64_t epoch = 0;  // another one: everything was replaced

  // Errors: kNotFound (deleted).
  Result<const Collection*> Find(CollectionId id) const;
};

// Why a write is refused where nothing may be written.
Status OpenedReadOnly();

// Threads: any. Handles share one engine per file and process; the last reference closes it.
class Database {
 public:
  // Asked for read_only, an engine that is open serves, whatever it may. An engine that is read-only serves no one who wants
  // to write: there will be another, and the two see each other's commits as two processes do.
  // Errors: kInvalidArgument (durability differs from the open engine's; read_only of ':memory:'), kNotFound (read_only,
  // and there is no database), kIo, kCorrupt, kUnsupported, kBusy, kAborted, kTimeout.
  static Result<std::shared_ptr<Database>> Open(const DatabaseOptions& options, const CancelToken& cancel);
  // Gives back a handle's reference. If it is the last, index images are saved, which takes seconds where they are large, and
  // the log is copied into the file and removed; otherwise, and when a reference is merely dropped, the log stays and is read
  // by the next open. `cancel` ends the saving.
  static void Close(std::shared_ptr<Database> database, const CancelToken& cancel = {});
  static int EnginesOpen();
  ~Database();

  bool in_memory() const { return store_->in_memory(); }
  // storage/store.h.
  bool single() const { return store_->single(); }
  // Whether Commit refuses everything.
  bool read_only() const { return store_->options().read_only; }

  // Runs `body` over one committed state. kBusy: what it found is none, because a file that is read alone was written to.
  Status Read(const CancelToken& cancel, const std::function<Status(const ReadView&)>& body);

  // Runs `body` over one committed state of the file alone: nothing in memory is looked at, and no write waits for it, however
  // long it takes, except in single mode.
  Status ReadFile(const std::function<Status(ReadTransaction*)>& body);
  // Once nothing is being linked. Errors: kAborted, kTimeout, kNotFound (deleted).
  Result<VectorIndexCheck> CheckIndex(CollectionId collection, const CancelToken& cancel);
  // Reads the images that the file knows, every byte of them, into memory that is given back. Errors: kIo, kAborted, kTimeout.
  Result<std::vector<ImageCheck>> CheckImages(const CancelToken& cancel);

  // Group commit: independent calls in one transaction, each with its own status. Durable and searchable on return.
  // kReadOnly, before anything is looked at, when read_only().
  void Commit(std::span<WriteCall* const> calls);

  // Whether so much was written that the log should be copied into the file.
  bool HasLogToCopy() const;
  // Does it: mostly waiting for the disk. Reads and commits go on beside it.
  void CopyLog();

  // Links waiting vectors and saves index images, for about `budget_micros`. Returns whether there is more to
  // do. No thread or timer of its own: the caller decides when.
  Result<bool> RunBackground(int64_t budget_micros, const CancelToken& cancel);
  // The same for one collection, until everything added up to `mark` is linked. Returns whether it is.
  Result<bool> LinkUpTo(CollectionId collection, uint64_t mark, int64_t budget_micros, const CancelToken& cancel);
  bool HasBackgroundWork();
  // Of one collection whose words somebody has searched for: learns some texts, or merges some segments. Returns whether there is
  // more to do. Errors: kNotFound (deleted), kAborted, kTimeout, kLimit.
  Result<bool> WorkOnTexts(CollectionId collection, const CancelToken& cancel);

  // Rewrites the file and the index images without what was deleted, and gives back memory that is hardly used. Writes wait
  // meanwhile; reads go on. Reports its stages to `cancel`. Errors: kReadOnly, kBusy, kIo, kCorrupt, kAborted, kTimeout.
  Result<CompactReport> Compact(const CancelToken& cancel);
  // Whether so many records had expired at the end of the last slice of background work that a PurgeOp is worth it.
  bool has_expired() const { return has_expired_; }

  // For a search that met bytes of an index image that are not those written: indexes that use one are made from the file.
  // Errors: kAborted, kTimeout.
  Status ForgetDamagedImages(const CancelToken& cancel);

  // Errors: kNotFound (deleted), and those of Read.
  Result<CollectionOptions> OptionsOf(CollectionId id, const CancelToken& cancel);
  // Copies one committed state into a new file (storage/backup.h). Errors: kInvalidArgument (':memory:') too.
  Status BackUp(const std::string& path, const CancelToken& cancel);

  DatabaseStats stats();
  // The change version that memory has applied.
  Version applied() const { return applied_; }
  // What the indexes hold, and the rows when the database is in memory. About, and as of the last write or catching up.
  int64_t memory_bytes() const { return memory_bytes_; }
  const std::string& path() const { return store_->options().path; }

 private:
  friend class CommitGroup;
  using Collections = std::map<int64_t, std::shared_ptr<Collection>>;

  explicit Database(std::unique_ptr<Store> store);
  static Result<std::shared_ptr<Database>> Create(const DatabaseOptions& options, const CancelToken& cancel);

  Status TryRead(const CancelToken& cancel, const std::function<Status(const ReadView&)>& body, bool* answered);

  // Under index_lock_ or write_mutex_. Errors: kNotFound (deleted).
  Result<Collection*> CollectionBy(CollectionId id) const;

  // No write is tried after one that failed. Under write_mutex_: kReadOnly when one has; notes it, unless it is ok.
  Status CheckMayWrite() const;
  void NoteFailure(const Status& failure);
  // The same without the lock.
  void RefuseWritesAfter(const Status& failure);

  // catch_up.cc
  // Returns when memory is no longer at `applied_before`, or is up to date.
  Status CatchUp(Version applied_before, const CancelToken& cancel);
  Status CatchUpLocked(const CancelToken& cancel);
  Status Reload(ReadTransaction* rows, const CancelToken& cancel);
  Status LoadChanges(ReadTransaction* rows, const DatabaseHeader& header, const CancelToken& cancel);
  Status SyncCollections(ReadTransaction* rows, std::map<int64_t, int64_t>* counts);
  Status LoadRecords(ReadTransaction* rows, const std::map<int64_t, int64_t>& counts, Version version,
                     ScanFloors* floors, const CancelToken& cancel);

  // images.cc
  struct Saving;
  void MakeSaving();
  // Collections whose image is sound become what it holds; `floors` says from where on they lack records.
  void LoadImages(ReadTransaction* rows, const DatabaseHeader& header, ScanFloors* floors);
  // What the image holds, as `like`, an empty collection. nullptr: there is none, or it is not as it was written.
  std::shared_ptr<Collection> ReadImage(const Collection& like, const ImageIdentity& identity) const;
  // Forgets everything if the image of any collection is `wrong`, and those images for good. Returns whether one was.
  bool RefuseImages(const std::function<bool(const Collection&)>& wrong);
  bool WantsSave(const Collection& collection, bool closing) const;
  std::shared_ptr<Collection> NextToSave(bool closing, const std::set<int64_t>& tried);
  Status BeginSave(const std::shared_ptr<Collection>& collection);
  Status CommitSave();
  void EndSave(CollectionId collection, bool saved);
  Status FinishSave(const CancelToken& cancel);
  bool Settle(Collection* collection, const CancelToken& cancel);
  // Returns whether there is more to do.
  bool SaveSome(int64_t deadline_micros);
  bool HasSaveToDo();
  void SaveOnClose(const CancelToken& cancel);
  // With the lock of Saving: every collection that is worth it.
  void SaveEverything(const CancelToken& cancel);
  // With the lock of the images. Errors: kIo.
  Status RemoveForeignImages();
  // Removes what saves that were never finished have left.
  void TidyImages();

  // indexer.cc
  // After a commit: copies the log, or the rest of it, when it has grown long.
  void BoundLog();
  void LookForExpired();
  // The first collection whose keyword index has something to do.
  std::optional<CollectionId> TextsToDo();

  // compact.cc
  Status TidyGraphs(const CancelToken& cancel);
  Status ForgetImages(const CancelToken& cancel);
  Status RewriteFile(const CancelToken& cancel, std::string* why);
  Status ReloadSparse(const CancelToken& cancel);
  int64_t BytesOfFiles() const;

  // commit.cc
  Status TryCommit(std::span<WriteCall* const> calls, bool* decided);
  void CommitOneByOne(std::span<WriteCall* const> calls);
  // find.cc: what a call that deletes without naming records matches now. Under write_mutex_, without a transaction.
  Status Match(WriteCall* call);
  Status MatchFilter(DeleteWhereOp* op, const CancelToken& cancel);
  Status MatchExpired(PurgeOp* op, const CancelToken& cancel);

  // apply.cc: the one function that changes indexes after a commit.
  // Not `staged`: memory ran out meanwhile, and the next read loads everything from the file.
  void Apply(const ChangeSet& changes, Version version, bool staged);
  // Slots and memory for the changes, before the commit: applying cannot fail for want of it.
  Status Reserve(ChangeSet* changes);
  // Their ids and vectors into these slots, which nobody sees yet. Threads: one at a time for a database, beside searches and a
  // commit. False when memory ran out.
  bool Stage(const ChangeSet& changes);
  Collection* WrittenBy(const ChangeSet& changes, CollectionId id) const;
  void Unstage(const ChangeSet& changes);
  void ForgetEverything();
  void CountMemory();

  std::unique_ptr<Store> store_;
  std::timed_mutex write_mutex_;
  Status failed_;  // Under write_mutex_: the first failed write; no other is tried.
  std::atomic<bool> has_failed_{false};
  // Under write_mutex_: since they were last bounded. Many, so that the first commit that deletes looks.
  int64_t deletions_made_ = INT32_MAX;

  WriterPreferringLock index_lock_;
  Collections collections_;               // Under index_lock_.
  int64_t epoch_ = 0;                     // Under index_lock_.
  std::set<std::string> refused_images_;  // Under index_lock_: tokens of images that are not what they should be.
  std::atomic<Version> applied_{0};       // Changed under index_lock_.
  std::atomic<int64_t> memory_bytes_{0};
  std::atomic<int64_t> groups_committed_{0}, calls_committed_{0};
  std::atomic<uint64_t> reads_begun_{0};  // ever
  uint64_t reads_before_commit_ = 0;      // Under write_mutex_: the same, at the last commit.
  std::atomic<bool> has_expired_{false};
  std::atomic<int64_t> log_bytes_held_{
      0};                                // How long the log was when a reader kept it from being emptied; 0: none does.
  std::atomic<int64_t> next_linked_{0};  // Round robin over the collections.
  std::shared_ptr<Saving> saving_;       // nullptr: there is nowhere to save to.
};

}  // namespace agentmemdb
