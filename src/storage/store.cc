#include "storage/store.h"

#include <sqlite3.h>

#include "base/check.h"
#include "base/retry.h"

namespace agentmemdb {
namespace {

constexpr int kTriesToRead = 10, kBetweenTriesMs = 10;
// What SQLite keeps beside a file that is in use: the log, and the index over it that its users share.
constexpr char kLog[] = "-wal";
constexpr char kSharedMemory[] = "-shm";
constexpr char kJournal[] = "-journal";       // while the file is not in WAL mode yet
constexpr int64_t kLogPageBytes = 4096 + 24;  // with the header that each has there

Status HeldElsewhere(const std::string& path) {
  const std::string network = NetworkFileSystem(path);
  return Status(Code::kBusy, path + " is open in another process, or to read in this one, and " +
                                 (network.empty() ? "in single mode" : "on a network file system (" + network + ")") +
                                 " one at a time may have it; close it there, or keep the file on a local disk, where "
                                 "processes share it")
      .WithPath(path);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options, const CancelToken& cancel) {
  std::unique_ptr<Store> store(new Store(options));
  if (!store->in_memory()) {
    Result<CopyLock> lock = CopyLock::Take(options.path);
    if (!lock.ok()) return lock.status();
    store->copy_lock_ = std::move(*lock);
  }
  // Other processes may be creating or recovering the same file.
  const Status opened = RetryWhileBusy(options.busy_timeout_ms, cancel, [&]() -> Status {
    RETURN_IF_ERROR(store->CheckNotEmptied());
    if (!options.read_only) return store->OpenToWrite();
    return options.single ? store->OpenToReadSole() : store->OpenToRead();
  });
  if (options.single && opened.code() == Code::kBusy) return HeldElsewhere(options.path);
  RETURN_IF_ERROR(opened);
  if (store->readers_ != nullptr) store->identity_ = store->readers_->seen.identity;
  return store;
}

// The first to write makes the file, then its log. To SQLite an empty file is a new one, whose log it removes, even to read.
Status Store::CheckNotEmptied() const {
  if (in_memory() || WalBytes() == 0 || FileBytes() > 0 || FileExists(options_.path + kJournal)) return {};
  return Status(Code::kCorrupt, options_.path + " is empty, but its log is not; restore it from a backup")
      .WithPath(options_.path);
}

Status Store::OpenToWrite() {
  Result<std::unique_ptr<Connection>> connection =
      Connection::Open(options_.path, options_.durability, options_.single ? Access::kSole : Access::kReadWrite);
  if (!connection.ok()) return connection.status();
  RETURN_IF_ERROR(PrepareSchema(connection->get(), in_memory()));
  if (!in_memory()) {
    Result<FileState> state = LookAtFile(options_.path);
    if (!state.ok()) return state.status();
    if (options_.single)
      identity_ = state->identity;
    else
      readers_ = std::make_shared<Readers>(options_, Access::kReadWrite, *state);
  }
  main_ = std::move(*connection);
  sqlite3_wal_hook(main_->handle(), OnCommit, this);
  return {};
}

Status Store::OpenToReadSole() {
  if (MayWrite(options_.path)) {
    const bool has_log = FileExists(options_.path + kLog);
    Result<FileState> state = LookAtFile(options_.path);
    if (!state.ok()) return state.status();
    Result<std::unique_ptr<Connection>> connection =
        Connection::Open(options_.path, options_.durability, Access::kSoleRead);
    const Status status = connection.ok() ? CheckDatabase(connection->get()) : connection.status();
    if (status.ok()) {
      identity_ = state->identity;
      made_log_ = !has_log;
      main_ = std::move(*connection);
    }
    if (status.code() != Code::kIo && status.code() != Code::kReadOnly) return status;
  }
  return OpenToRead();
}

Status Store::OpenToRead() {
  for (int tries = 0; tries < kTriesToRead; ++tries) {
    const bool has_log = FileExists(options_.path + kSharedMemory);
    // Reading beside writers makes a log when there is none, which only who may write to the file can remove again.
    if (!options_.single && (has_log || MayWrite(options_.path))) {
      const Status status = TryToRead(Access::kReadOnly);
      if (status.ok()) made_log_ = !has_log;
      if (status.code() != Code::kIo && status.code() != Code::kReadOnly) return status;
    }
    // Reading alone is reading without the log: what is only there would be missing.
    if (WalBytes() == 0) return TryToRead(Access::kAlone);
    SleepMs(kBetweenTriesMs);  // It may be about to go: the last to close removes it.
  }
  return Status(Code::kIo, "cannot read " + options_.path +
                               " together with its log, which holds the last writes; open it once without readOnly, or "
                               "copy it with its -wal to a folder that can be written to")
      .WithPath(options_.path);
}

Status Store::TryToRead(Access access) {
  Result<FileState> state = LookAtFile(options_.path);
  if (!state.ok()) return state.status();
  auto readers = std::make_shared<Readers>(options_, access, *state);
  Result<std::unique_ptr<Connection>> connection = readers->Take();
  if (!connection.ok()) return connection.status();
  RETURN_IF_ERROR(CheckDatabase(connection->get()));
  readers->GiveBack(std::move(*connection));
  readers_ = std::move(readers);
  return {};
}

Result<std::unique_ptr<Connection>> Store::Readers::Take() {
  {
    std::lock_guard guard(mutex);
    if (!idle.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle.back());
      idle.pop_back();
      return reader;
    }
  }
  return Connection::Open(options.path, options.durability, access);
}

void Store::Readers::GiveBack(std::unique_ptr<Connection> reader) {
  std::lock_guard guard(mutex);
  idle.push_back(std::move(reader));
}

bool Store::Readers::StillTrue() const {
  if (access != Access::kAlone) return true;
  Result<FileState> now = LookAtFile(options.path);
  return now.ok() && *now == seen && agentmemdb::FileBytes(options.path + kLog) == 0;
}

Result<std::shared_ptr<Store::Readers>> Store::CurrentReaders() {
  RETURN_IF_ERROR(CheckNotReplaced());
  std::lock_guard guard(readers_mutex_);
  if (!readers_->StillTrue()) RETURN_IF_ERROR(OpenToRead());
  return readers_;
}

Status Store::CheckNotReplaced() const {
  if (in_memory()) return {};
  Result<FileState> now = LookAtFile(options_.path);
  if (now.ok() && now->identity == identity_) return {};
  return Status(Code::kIo, options_.path +
                               (now.ok() ? " is another file than" : " is gone: it was removed or renamed") +
                               " since it was opened; close every handle on it and open it again")
      .WithPath(options_.path);
}

Result<std::unique_ptr<ReadTransaction>> Store::BeginRead() {
  std::unique_ptr<ReadTransaction> transaction;
  if (has_one_connection()) {
    RETURN_IF_ERROR(CheckNotReplaced());
    transaction.reset(new ReadTransaction(main_.get()));
    transaction->main_guard_ = std::unique_lock(main_mutex_);
  } else {
    Result<std::shared_ptr<Readers>> readers = CurrentReaders();
    if (!readers.ok()) return readers.status();
    Result<std::unique_ptr<Connection>> reader = (*readers)->Take();
    if (!reader.ok()) return reader.status();
    transaction.reset(new ReadTransaction(reader->get()));
    transaction->readers_ = std::move(*readers);
    transaction->pooled_ = std::move(*reader);
  }
  // Not pinned yet: the snapshot is taken by the first read.
  static constexpr char kBegin[] = "BEGIN";
  Result<Statement*> begin = transaction->connection_->Prepared(kBegin);
  if (!begin.ok()) return begin.status();
  const int result = (*begin)->Step();
  (*begin)->Reset();
  if (result != SQLITE_DONE) return transaction->connection_->Error(result, "begin to read");
  return transaction;
}

Result<std::unique_ptr<WriteTransaction>> Store::BeginWrite(bool synced) {
  CHECK(!options_.read_only);
  RETURN_IF_ERROR(CheckNotReplaced());
  std::unique_ptr<WriteTransaction> transaction(new WriteTransaction(this, std::unique_lock(main_mutex_), synced));
  RETURN_IF_ERROR(transaction->Begin());
  return transaction;
}

int Store::OnCommit(void* store, sqlite3*, const char*, int pages) {
  auto* const self = static_cast<Store*>(store);
  // It began anew, all of it copied. A checkpoint that was still at work may tell how much of the old one it copied only now.
  if (pages < self->log_pages_ || pages < self->copied_pages_) self->copied_pages_ = 0;
  self->log_pages_ = pages;
  return SQLITE_OK;
}

int64_t Store::LogBytes() const { return log_pages_ * kLogPageBytes; }
int64_t Store::UncopiedBytes() const { return (log_pages_ - copied_pages_) * kLogPageBytes; }

Status Store::Checkpoint() {
  if (options_.read_only || in_memory()) return {};
  if (has_one_connection()) {
    std::lock_guard guard(main_mutex_);
    return CopyLogOn(main_.get());
  }
  // On a reading connection, so that writers do not wait for it. What readers hold back is copied next time.
  Result<std::shared_ptr<Readers>> readers = CurrentReaders();
  if (!readers.ok()) return {};
  Result<std::unique_ptr<Connection>> connection = (*readers)->Take();
  if (!connection.ok()) return {};
  const Status status = CopyLogOn(connection->get());
  (*readers)->GiveBack(std::move(*connection));
  return status;
}

Status Store::CopyLogOn(Connection* connection) {
  int copied = -1;
  const int result =
      sqlite3_wal_checkpoint_v2(connection->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, &copied);
  if (copied >= 0) copied_pages_ = copied;
  if (result == SQLITE_OK) return {};
  Status status = connection->Error(result, "copy the log into");
  return status.code() == Code::kIo ? status : Status();  // Another process may be at it.
}

Status Store::SyncLog() const {
  const std::string log = options_.path + kLog;
  // Commits are synced with durability 'full', and by who copies the log and removes it.
  if (in_memory() || options_.durability == Durability::kFull || !FileExists(log)) return {};
  return SyncFile(log);
}

void Store::TidyOnClose() {
  if (options_.read_only) return TidyAfterReading();
  std::lock_guard guard(main_mutex_);
  // Of a file that was replaced SQLite leaves the log where it is. Emptied, it cannot be taken for the log of the file that
  // has the name now.
  if (!CheckNotReplaced().ok())
    sqlite3_wal_checkpoint_v2(main_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  else
    sqlite3_db_config(main_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

// Only a connection that may write removes the log. It is empty, so that nothing is written.
void Store::TidyAfterReading() {
  const bool has_log = FileExists(options_.path + (has_one_connection() ? kLog : kSharedMemory));
  if (!made_log_ || !has_log || WalBytes() > 0 || !MayWrite(options_.path) || !CheckNotReplaced().ok()) return;
  readers_.reset();
  if (main_ == nullptr) {
    Result<std::unique_ptr<Connection>> connection = Connection::Open(options_.path, options_.durability);
    if (!connection.ok()) return;
    main_ = std::move(*connection);
  }
  sqlite3_db_config(main_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

int64_t Store::MemoryBytes() {
  if (!in_memory()) return 0;
  std::lock_guard guard(main_mutex_);
  static constexpr char kPages[] = "PRAGMA page_count", kPageBytes[] = "PRAGMA page_size";
  Result<int64_t> pages = main_->QueryInteger(kPages), bytes = main_->QueryInteger(kPageBytes);
  return pages.ok() && bytes.ok() ? *pages * *bytes : 0;
}

int64_t Store::FileBytes() const { return in_memory() ? 0 : agentmemdb::FileBytes(options_.path); }
int64_t Store::WalBytes() const { return in_memory() ? 0 : agentmemdb::FileBytes(options_.path + kLog); }

}  // namespace agentmemdb
