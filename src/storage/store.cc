#include "storage/store.h"

#include <sqlite3.h>

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"

namespace agentmemdb {
namespace {

constexpr int kBusyStepMs = 10;

// Opening waits for other processes that are creating or recovering the same file.
template <class Try>
Status RetryWhileBusy(int timeout_ms, const CancelToken& cancel, Try attempt) {
  const int64_t deadline = MonotonicMicros() + int64_t{1000} * timeout_ms;
  for (;;) {
    Status status = attempt();
    if (status.code() != Code::kBusy || MonotonicMicros() >= deadline) return status;
    RETURN_IF_ERROR(cancel.Check());
    SleepMs(kBusyStepMs);
  }
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options, const CancelToken& cancel) {
  std::unique_ptr<Store> store(new Store(options));
  const Status opened = RetryWhileBusy(options.busy_timeout_ms, cancel, [&]() -> Status {
    Result<std::unique_ptr<Connection>> connection = Connection::Open(options.path, options.durability);
    if (!connection.ok()) return connection.status();
    RETURN_IF_ERROR(PrepareSchema(connection->get(), store->in_memory()));
    store->main_ = std::move(*connection);
    return {};
  });
  RETURN_IF_ERROR(opened);
  return store;
}

Result<std::unique_ptr<Connection>> Store::TakeReader() {
  {
    std::lock_guard guard(pool_mutex_);
    if (!idle_readers_.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  return Connection::Open(options_.path, options_.durability);
}

void Store::GiveBack(std::unique_ptr<Connection> reader) {
  std::lock_guard guard(pool_mutex_);
  idle_readers_.push_back(std::move(reader));
}

Result<std::unique_ptr<ReadTransaction>> Store::BeginRead() {
  std::unique_ptr<ReadTransaction> transaction(new ReadTransaction(this, main_.get()));
  if (in_memory()) {
    transaction->main_guard_ = std::unique_lock(main_mutex_);
  } else {
    Result<std::unique_ptr<Connection>> reader = TakeReader();
    if (!reader.ok()) return reader.status();
    transaction->pooled_ = std::move(*reader);
    transaction->connection_ = transaction->pooled_.get();
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

Result<std::unique_ptr<WriteTransaction>> Store::BeginWrite() {
  std::unique_ptr<WriteTransaction> transaction(new WriteTransaction(this, std::unique_lock(main_mutex_)));
  RETURN_IF_ERROR(transaction->Begin());
  return transaction;
}

void Store::CheckpointAbove(int64_t bytes) {
  if (in_memory() || WalBytes() <= bytes) return;
  // On a reading connection, so that writers do not wait for it. What readers hold back is copied next time.
  Result<std::unique_ptr<Connection>> connection = TakeReader();
  if (!connection.ok()) return;
  sqlite3_wal_checkpoint_v2((*connection)->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  GiveBack(std::move(*connection));
}

void Store::TidyOnClose() {
  std::lock_guard guard(main_mutex_);
  sqlite3_db_config(main_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

int64_t Store::FileBytes() const { return in_memory() ? 0 : agentmemdb::FileBytes(options_.path); }
int64_t Store::WalBytes() const { return in_memory() ? 0 : agentmemdb::FileBytes(options_.path + "-wal"); }

}  // namespace agentmemdb
