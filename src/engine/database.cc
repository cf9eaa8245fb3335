#include "engine/database.h"

#include <algorithm>
#include <unordered_map>

#include "base/clock.h"
#include "base/file.h"
#include "base/retry.h"
#include "engine/shared_read.h"
#include "storage/backup.h"

namespace agentmemdb {
namespace {

std::atomic<int> engines_open{0};

// Engines by path. Leaked on purpose: pool threads may outlive static destructors.
struct Registry {
  struct Entry {
    std::mutex opening;
    std::weak_ptr<Database> database;
  };
  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries;

  static Registry& Get() {
    static auto* const registry = new Registry;
    return *registry;
  }
  std::shared_ptr<Entry> EntryFor(const std::string& path) {
    std::lock_guard guard(mutex);
    std::erase_if(entries, [](const auto& item) {
      // The count alone does not order this after what the last opener wrote.
      const std::unique_lock opening(item.second->opening, std::try_to_lock);
      return opening.owns_lock() && item.second.use_count() == 1 && item.second->database.expired();
    });
    std::shared_ptr<Entry>& entry = entries[path];
    if (entry == nullptr) entry = std::make_shared<Entry>();
    return entry;
  }
};

// A read-only open creates nothing: neither the file nor what a link leads to.
Status CheckThere(const std::string& path) {
  const Status looked = LookAtFile(path).status();
  if (looked.code() != Code::kNotFound) return looked;
  return Status(Code::kNotFound, looked.message() + "; open it without readOnly to create it")
      .WithPath(path)
      .WithArgument("path");
}

const char* DurabilityName(Durability durability) { return durability == Durability::kFull ? "full" : "normal"; }

}  // namespace

Status OpenedReadOnly() {
  return Status(Code::kReadOnly, "the database was opened read-only; open it without readOnly to write");
}

Result<const Collection*> ReadView::Find(CollectionId id) const {
  const auto found = collections->find(ToInt(id));
  if (found == collections->end()) return Status(Code::kNotFound, "the collection was deleted");
  return found->second.get();
}

Database::Database(std::unique_ptr<Store> store) : store_(std::move(store)) { ++engines_open; }

Database::~Database() { --engines_open; }

int Database::EnginesOpen() { return engines_open; }

Result<std::shared_ptr<Database>> Database::Open(const DatabaseOptions& options, const CancelToken& cancel) {
  if (options.path == ":memory:") {
    if (options.read_only)
      return Status::InvalidArgument("options.readOnly", "is not possible with ':memory:': there is nothing to read");
    return Create(options, cancel);
  }
  if (options.read_only) RETURN_IF_ERROR(CheckThere(options.path));
  Result<std::string> path = CanonicalPath(options.path);
  if (!path.ok()) return path.status();
  if (IsFolder(*path))
    return Status(Code::kIo, *path + " is a folder; name a file inside it").WithPath(*path).WithArgument("path");
  DatabaseOptions canonical = options;
  canonical.path = *path;

  const auto entry = Registry::Get().EntryFor(*path);
  std::lock_guard opening(entry->opening);
  if (std::shared_ptr<Database> open = entry->database.lock()) {
    RETURN_IF_ERROR(open->store_->CheckNotReplaced());
    const bool serves = options.read_only || !open->read_only();
    if (serves && options.durability && *options.durability != open->store_->options().durability)
      return Status::InvalidArgument("options.durability",
                                     std::string("differs: this process has the file open with durability '") +
                                         DurabilityName(open->store_->options().durability) + "'");
    if (serves) return open;
  }
  Result<std::shared_ptr<Database>> database = Create(canonical, cancel);
  if (database.ok()) entry->database = *database;
  return database;
}

Result<std::shared_ptr<Database>> Database::Create(const DatabaseOptions& options, const CancelToken& cancel) {
  StoreOptions store_options;
  store_options.path = options.path;
  store_options.durability = options.durability.value_or(Durability::kFull);
  store_options.busy_timeout_ms = options.busy_timeout_ms;
  store_options.read_only = options.read_only;
  store_options.single =
      options.path != ":memory:" && options.single.value_or(!NetworkFileSystem(options.path).empty());
  Result<std::unique_ptr<Store>> store = Store::Open(store_options, cancel);
  if (!store.ok()) return store.status();
  std::shared_ptr<Database> database(new Database(std::move(*store)));
  RETURN_IF_ERROR(RetryWhileBusy(options.busy_timeout_ms, cancel, [&] {
    std::lock_guard guard(database->write_mutex_);
    return database->CatchUpLocked(cancel);
  }));
  database->MakeSaving();
  database->TidyImages();
  database->CountMemory();
  return database;
}

void Database::Close(std::shared_ptr<Database> database, const CancelToken& cancel) {
  if (database.use_count() == 1) database->SaveOnClose(cancel);
  if (database.use_count() == 1) database->store_->TidyOnClose();
}

Status Database::Read(const CancelToken& cancel, const std::function<Status(const ReadView&)>& body) {
  Status answer;
  bool answered = false;
  // Another process that creates, recovers or closes the log keeps readers out for a moment.
  const Status asked = RetryWhileBusy(store_->options().busy_timeout_ms, cancel, [&]() -> Status {
    while (!answered) {
      RETURN_IF_ERROR(cancel.Check());
      const Status tried = TryRead(cancel, body, &answered);
      if (answered)
        answer = tried;
      else
        RETURN_IF_ERROR(tried);
    }
    return {};
  });
  return asked.ok() ? answer : asked;
}

// Not answered, and ok: memory has caught up, and it can be tried again.
Status Database::TryRead(const CancelToken& cancel, const std::function<Status(const ReadView&)>& body,
                         bool* answered) {
  reads_begun_.fetch_add(1, std::memory_order_relaxed);
  Version applied;
  {
    PinnedRead read = SharedRead::Take(this, applied_);
    if (read.rows == nullptr) {
      read.begun_micros = MonotonicMicros();
      Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
      if (!rows.ok()) return rows.status();
      read.rows = std::move(*rows);
    }
    std::shared_lock guard(index_lock_);
    if (!read.header) {
      Result<DatabaseHeader> header = read.rows->Header();  // Pins the snapshot.
      if (!header.ok()) return header.status();
      read.header = *header;
    }
    *answered = read.header->change_version == applied_ && read.header->epoch == epoch_;
    if (*answered) {
      Status status = body({read.rows.get(), &collections_, epoch_});
      if (Status unchanged = read.rows->CheckUnchanged(); !unchanged.ok()) status = unchanged;
      guard.unlock();
      if (status.ok()) SharedRead::Leave(this, std::move(read));
      return status;
    }
    applied = applied_;
  }
  return CatchUp(applied, cancel);
}

Status Database::ReadFile(const std::function<Status(ReadTransaction*)>& body) {
  Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
  if (!rows.ok()) return rows.status();
  const Status read = body(rows->get());
  const Status unchanged = (*rows)->CheckUnchanged();
  return unchanged.ok() ? read : unchanged;
}

Result<Collection*> Database::CollectionBy(CollectionId id) const {
  const auto found = collections_.find(ToInt(id));
  if (found == collections_.end()) return Status(Code::kNotFound, "the collection was deleted");
  return found->second.get();
}

Result<CollectionOptions> Database::OptionsOf(CollectionId id, const CancelToken& cancel) {
  {
    std::shared_lock guard(index_lock_);
    if (Result<Collection*> collection = CollectionBy(id); collection.ok()) return (*collection)->options();
  }
  // Memory may be behind the file, or have forgotten everything.
  CollectionOptions options;
  RETURN_IF_ERROR(Read(cancel, [&](const ReadView& view) -> Status {
    Result<const Collection*> collection = view.Find(id);
    if (collection.ok()) options = (*collection)->options();
    return collection.status();
  }));
  return options;
}

Status Database::BackUp(const std::string& target, const CancelToken& cancel) {
  if (target == ":memory:")
    return Status::InvalidArgument("path", "must be a file path: a copy in memory would be gone with its handle");
  return agentmemdb::BackUp(store_.get(), target, cancel);
}

Status Database::CheckMayWrite() const {
  if (failed_.ok()) return {};
  return Status(Code::kReadOnly,
                "an earlier write failed (" + failed_.message() + "); reopen the database to write again")
      .WithPath(path());
}

// A sync that failed may have lost what it was to write, and the next one would not tell.
void Database::NoteFailure(const Status& failure) {
  if (failed_.ok()) failed_ = failure;
  has_failed_ = !failed_.ok();
}

void Database::RefuseWritesAfter(const Status& failure) {
  if (failure.ok()) return;
  const std::lock_guard guard(write_mutex_);
  NoteFailure(failure);
}

void Database::CountMemory() {
  int64_t bytes = store_->MemoryBytes();
  std::shared_lock guard(index_lock_);
  for (const auto& [id, collection] : collections_) bytes += static_cast<int64_t>(collection->memory_bytes());
  memory_bytes_ = bytes;
}

DatabaseStats Database::stats() {
  DatabaseStats stats;
  stats.path = path();
  stats.single = store_->single();
  stats.durability = store_->options().durability;
  stats.file_bytes = store_->FileBytes();
  stats.wal_bytes = store_->WalBytes();
  stats.engines = engines_open;
  stats.memory_bytes = memory_bytes_;
  stats.write_groups = groups_committed_;
  stats.write_calls = calls_committed_;
  std::shared_lock guard(index_lock_);
  stats.change_version = applied_;
  stats.collections = static_cast<int64_t>(collections_.size());
  const TimeMs now = NowMs();
  for (const auto& [id, collection] : collections_) stats.records += collection->CountVisible(now);
  return stats;
}

}  // namespace agentmemdb
