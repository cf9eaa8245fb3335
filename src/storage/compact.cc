// Making the file as small as what it holds.
#include <sqlite3.h>

#include "base/retry.h"
#include "storage/store.h"

namespace agentmemdb {
namespace {

// To the file or its log, since the connection was opened. What is temporary counts as long as it is there.
int PagesWritten(const Connection& connection) {
  int pages = 0, most;
  sqlite3_db_status(connection.handle(), SQLITE_DBSTATUS_CACHE_WRITE, &pages, &most, /*resetFlg=*/0);
  return pages;
}

}  // namespace

Status Store::Vacuum(const CancelToken& cancel, bool* wrote) {
  // On a connection of its own, where there may be others: the writing one is never interrupted.
  std::unique_ptr<Connection> own;
  const std::lock_guard guard(main_mutex_);
  RETURN_IF_ERROR(CheckNotReplaced());
  if (!single()) {
    Result<std::unique_ptr<Connection>> opened = Connection::Open(options_.path, options_.durability);
    if (!opened.ok()) return opened.status();
    own = std::move(*opened);
  }
  Connection* const connection = single() ? main_.get() : own.get();
  // What SQLite sets aside meanwhile is as large as the file, and must not be in memory.
  if (!in_memory()) RETURN_IF_ERROR(connection->Execute("PRAGMA temp_store=FILE"));
  const InterruptedBy interrupted(connection, cancel);
  const int written = PagesWritten(*connection);
  const Status status = connection->Execute("VACUUM");
  *wrote = PagesWritten(*connection) > written;
  if (single() && !in_memory()) (void)connection->Execute("PRAGMA temp_store=MEMORY");
  return status.ok() || status.code() == Code::kIo || cancel.Check().ok() ? status : cancel.Check();
}

Status Store::EmptyLog(int wait_ms) {
  if (in_memory()) return {};
  const std::lock_guard guard(main_mutex_);
  RETURN_IF_ERROR(CheckNotReplaced());
  sqlite3* const handle = main_->handle();
  sqlite3_busy_timeout(handle, wait_ms);
  // SQLite itself does not wait for somebody who copies the log.
  const Status emptied = RetryWhileBusy(wait_ms, CancelToken(), [&]() -> Status {
    const int result = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    return result == SQLITE_OK ? Status() : main_->Error(result, "empty the log of");
  });
  sqlite3_busy_timeout(handle, 0);
  RETURN_IF_ERROR(emptied);
  log_pages_ = copied_pages_ = 0;
  return {};
}

}  // namespace agentmemdb
