#include "storage/backup.h"

#include <sqlite3.h>

#include <memory>

#include "base/file.h"
#include "base/random.h"

namespace agentmemdb {
namespace {

constexpr int kPagesAStep = 256;

// Copies page by page from `source`, whose snapshot is pinned: no writer can make it start again.
Status Copy(Connection* source, Connection* target, const CancelToken& cancel) {
  sqlite3_backup* backup = sqlite3_backup_init(target->handle(), "main", source->handle(), "main");
  if (backup == nullptr) return target->Error(sqlite3_errcode(target->handle()), "begin to copy into");
  Status status;
  int result = SQLITE_OK;
  while (result == SQLITE_OK && status.ok()) {
    result = sqlite3_backup_step(backup, kPagesAStep);
    const int total = sqlite3_backup_pagecount(backup);
    cancel.Report(total - sqlite3_backup_remaining(backup), total);
    status = cancel.Check();
  }
  const int finished = sqlite3_backup_finish(backup);
  if (!status.ok() && result != SQLITE_DONE) return status;
  return finished == SQLITE_OK ? Status() : target->Error(finished, "copy into");
}

Status CopyInto(const std::string& path, Connection* source, const CancelToken& cancel) {
  Result<std::unique_ptr<Connection>> target = Connection::Open(path, Durability::kFull, Access::kSole);
  if (!target.ok()) return target.status();
  RETURN_IF_ERROR(Copy(source, target->get(), cancel));
  // The copy says WAL in its header. Leaving that mode writes everything into the one file and removes the log.
  return (*target)->Execute("PRAGMA journal_mode=DELETE");
}

void RemoveCopy(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) RemoveFile(path + suffix);
}

}  // namespace

Status BackUp(Store* store, const std::string& path, const CancelToken& cancel) {
  // SQLite would take a log that lies there for that of the copy.
  for (const std::string& taken : {path, path + "-wal", path + "-journal"}) {
    if (FileExists(taken))
      return Status(Code::kAlreadyExists, "there is already a file " + taken + "; name a new one")
          .WithPath(taken)
          .WithArgument("path");
  }
  // Of a folder that is not there, SQLite would tell with the name below.
  RETURN_IF_ERROR(CanonicalPath(path).status());
  // A name of its own: another backup to the same path may be under way, here or in another process.
  const std::string partial = path + "." + std::to_string(RandomU64()) + ".partial";
  Result<std::unique_ptr<ReadTransaction>> rows = store->BeginRead();
  if (!rows.ok()) return rows.status();
  Result<DatabaseHeader> header = (*rows)->Header();  // Pins the snapshot.
  Status status = header.status();
  if (status.ok()) status = CopyInto(partial, (*rows)->connection(), cancel);
  if (status.ok()) status = SyncFile(partial);
  if (status.ok()) status = RenameNew(partial, path);
  RemoveCopy(partial);  // Under its own name; and the journal, if SQLite could not.
  return status;
}

}  // namespace agentmemdb
