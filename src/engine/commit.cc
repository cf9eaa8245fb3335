#include "engine/commit.h"

#include <algorithm>
#include <utility>

#include "base/beside.h"
#include "base/check.h"
#include "base/clock.h"
#include "engine/patch.h"

namespace agentmemdb {
namespace {

constexpr int kBusyStepMs = 20;
constexpr int64_t kRecordsBetweenChecks = 8;
// So many numbers of vectors take longer to stage than a thread takes to begin.
constexpr size_t kNumbersStagedBeside = size_t{1} << 16;
// Deletions are told one by one to processes and images that are not further behind than these; who is loads everything anew. An
// image is written anew when a tenth of its records have changed (images.cc). They are counted when so many more were made.
constexpr int64_t kDeletionsMin = 50000, kDeletionsShare = 4, kDeletionsBetween = 50000;

RecordRow ToRow(const PutOp& op, const RecordInput& record, RowId row, Version version, TimeMs now) {
  RecordRow stored;
  stored.row = row;
  stored.collection = op.collection;
  stored.id = record.id;
  stored.version = version;
  stored.created_at = record.created_at.value_or(now);
  stored.updated_at = record.updated_at.value_or(now);
  stored.expires_at = record.ttl_ms ? now + *record.ttl_ms : record.expires_at;
  if (record.metadata) stored.metadata = *record.metadata;
  if (record.text) stored.text = *record.text;
  if (!record.vector.empty())
    stored.vector = std::string_view(reinterpret_cast<const char*>(record.vector.data()), record.vector.size_bytes());
  return stored;
}

void FailAll(std::span<WriteCall* const> calls, const Status& status) {
  for (WriteCall* call : calls) {
    if (call->status.ok()) call->status = status;
  }
}

// What a DeleteWhereOp or a PurgeOp matches is read before its transaction begins, so no other call may come first in it.
bool NeedsItsOwn(const WriteCall* call) {
  return std::any_of(call->ops.begin(), call->ops.end(), [](const Op& op) {
    return std::holds_alternative<DeleteWhereOp>(op) || std::holds_alternative<PurgeOp>(op) ||
           std::holds_alternative<RestoreOp>(op);
  });
}

// Drops calls that were aborted or whose time is up.
std::vector<WriteCall*> StillWanted(std::span<WriteCall* const> calls) {
  std::vector<WriteCall*> wanted;
  for (WriteCall* call : calls) {
    if (call->status.ok()) call->status = call->cancel.Check();
    if (call->status.ok()) wanted.push_back(call);
  }
  return wanted;
}

}  // namespace

void Database::Commit(std::span<WriteCall* const> calls) {
  if (read_only()) return FailAll(calls, OpenedReadOnly());
  if (calls.size() > 1 && std::any_of(calls.begin(), calls.end(), NeedsItsOwn)) return CommitOneByOne(calls);
  for (WriteCall* call : calls) call->status = ValidateCall(this, call);
  const int64_t deadline = MonotonicMicros() + int64_t{1000} * store_->options().busy_timeout_ms;
  for (;;) {
    const std::vector<WriteCall*> wanted = StillWanted(calls);
    if (wanted.empty()) return;
    bool decided = true;
    const Status begun = TryCommit(wanted, &decided);
    if (begun.ok() && decided) {
      CountMemory();
      return BoundLog();
    }
    if (begun.ok()) return CommitOneByOne(wanted);
    if (begun.code() != Code::kBusy || MonotonicMicros() >= deadline) return FailAll(wanted, begun);
    // Waiting without the lock: reads can catch up with what the other process commits meanwhile.
    SleepMs(kBusyStepMs);
  }
}

void Database::CommitOneByOne(std::span<WriteCall* const> calls) {
  for (WriteCall* call : calls) {
    call->status = Status();
    Commit(std::span<WriteCall* const>(&call, 1));
  }
}

// Not ok: the transaction could not begin, and no call has been run.
Status Database::TryCommit(std::span<WriteCall* const> calls, bool* decided) {
  std::lock_guard guard(write_mutex_);
  RETURN_IF_ERROR(CheckMayWrite());
  try {
    for (;;) {
      if (Status matched = Match(calls.front()); !matched.ok()) {
        if (matched.code() == Code::kBusy) return matched;  // It may wait, as for the lock.
        calls.front()->status = matched;
        return {};
      }
      Result<std::unique_ptr<WriteTransaction>> transaction = store_->BeginWrite();
      if (!transaction.ok()) return transaction.status();
      Result<DatabaseHeader> header = (*transaction)->Header();
      if (!header.ok()) return header.status();
      if (header->change_version != applied_ || header->epoch != epoch_) {
        transaction->reset();
        RETURN_IF_ERROR(CatchUpLocked(CancelToken()));
        continue;
      }
      CommitGroup group(this, transaction->get(), *header, NowMs());
      *decided = group.Run(calls) || calls.size() == 1;
      if (*decided) NoteFailure(group.io_failure());
      if (*decided) ++groups_committed_, calls_committed_ += static_cast<int64_t>(calls.size());
      // What took the place of everything is loaded here, not by the first who reads; if that fails, by them.
      if (applied_ == 0) {
        transaction->reset();  // In single mode it has the connection that would be read on.
        (void)CatchUpLocked(CancelToken());
      }
      return {};
    }
  } catch (const InternalError& error) {
    const Status failure(Code::kInternal, error.what());
    NoteFailure(failure);
    return failure;
  } catch (const std::bad_alloc&) {
    return Status(Code::kLimit, "out of memory while writing");
  }
}

bool CommitGroup::Run(std::span<WriteCall* const> calls) {
  const bool alone = calls.size() == 1;
  for (WriteCall* call : calls) {
    call->status = call->cancel.Check();
    if (!call->status.ok()) continue;
    const ChangeSet::Mark mark = changes_.mark();
    if (!alone) call->status = transaction_->Savepoint();
    if (call->status.ok()) call->status = RunCall(call);
    // A snapshot that cannot be read is another file.
    if (call->status.code() == Code::kIo && call->status.path() == database_->path()) io_failure_ = call->status;
    if (!transaction_->alive()) return false;
    if (!call->status.ok() && alone) return true;
    if (!call->status.ok()) changes_.RollbackTo(mark);
    if (!alone) {
      const Status ended = call->status.ok() ? transaction_->Release() : transaction_->RollbackTo();
      if (!ended.ok()) {
        io_failure_ = ended;
        return false;
      }
    }
    if (changes_.mark() != mark) ++version_;
    call->version = version_ - 1;
  }
  const Status finished = changes_.empty() ? Status() : Finish();
  for (WriteCall* call : calls) {
    if (call->status.ok()) call->status = finished;
  }
  return true;
}

Status CommitGroup::Finish() {
  std::map<int64_t, int64_t> delta;
  for (const RowChange& change : changes_.rows) {
    int64_t& records = delta[ToInt(change.collection)];
    if (change.kind == RowChangeKind::kInserted) ++records;
    if (change.kind == RowChangeKind::kDeleted) --records;
  }
  for (const auto& [id, options] : changes_.altered) delta.try_emplace(ToInt(id));
  for (const auto& [id, records] : delta) {
    if (Dropped(CollectionId{id})) continue;
    Result<Collection*> collection = Find(CollectionId{id});
    CHECK(collection.ok());
    CollectionRow row{CollectionId{id}, (*collection)->name(), changes_.OptionsOf(**collection).ToJson(),
                      (*collection)->count() + records};
    RETURN_IF_ERROR(transaction_->UpdateCollection(row));
    changes_.counts.push_back(std::move(row));
  }
  Status status = database_->Reserve(&changes_);
  bool staged = true;
  if (status.ok()) status = StageAndCommit(&staged);
  if (status.ok())
    database_->Apply(changes_, header_.change_version, staged);
  else
    database_->Unstage(changes_);
  return status;
}

// Much is staged by another thread meanwhile: codes of vectors are computed while the disk works. Little is quicker done first, and so
// is anything where somebody reads: one thread more beside them and the event loop, and a search in a hundred waited for milliseconds.
Status CommitGroup::StageAndCommit(bool* staged) {
  size_t numbers = 0;
  for (const RowChange& change : changes_.rows) numbers += change.vector.size();
  const auto stage = [this, staged] { *staged = database_->Stage(changes_); };
  std::optional<Beside> beside;
  const uint64_t reads = database_->reads_begun_;
  const bool is_read = std::exchange(database_->reads_before_commit_, reads) != reads;
  if (numbers >= kNumbersStagedBeside && !is_read)
    beside.emplace(stage);
  else
    stage();
  if (!beside && !*staged) return OutOfMemory();
  RETURN_IF_ERROR(BoundDeletions());
  header_.change_version = version_ - 1;
  Status committed = transaction_->Commit(header_);
  if (committed.code() == Code::kIo) io_failure_ = committed;
  return committed;
}

Status CommitGroup::BoundDeletions() {
  int64_t& made = database_->deletions_made_;
  const auto deleted = std::count_if(changes_.rows.begin(), changes_.rows.end(),
                                     [](const RowChange& change) { return change.kind == RowChangeKind::kDeleted; });
  made += deleted;
  if (deleted == 0 || made < kDeletionsBetween) return {};
  made = 0;
  int64_t records = 0;
  for (const auto& [id, collection] : database_->collections_) records += collection->known();
  return transaction_->BoundDeletions(&header_, std::max(kDeletionsMin, records / kDeletionsShare));
}

Status CommitGroup::RunCall(WriteCall* call) {
  for (size_t i = 0; i < call->ops.size(); ++i) {
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(call->cancel.Check());
    if (Status status = RunOp(&call->ops[i], call->cancel); !status.ok()) return InBatch(*call, i, std::move(status));
  }
  return {};
}

Status CommitGroup::RunOp(Op* op, const CancelToken& cancel) {
  if (auto* put = std::get_if<PutOp>(op)) return RunPut(put, cancel);
  if (auto* patch = std::get_if<PatchOp>(op)) return RunPatch(patch);
  if (auto* remove = std::get_if<DeleteOp>(op)) return RunDelete(remove);
  if (auto* where = std::get_if<DeleteWhereOp>(op)) return RunDeleteWhere(where, cancel);
  if (auto* create = std::get_if<CreateCollectionOp>(op)) return RunCreate(create);
  if (auto* drop = std::get_if<DeleteCollectionOp>(op)) return RunDrop(drop);
  if (auto* purge = std::get_if<PurgeOp>(op)) return RunPurge(purge, cancel);
  if (auto* restore = std::get_if<RestoreOp>(op)) return RunRestore(restore, cancel);
  return RunSetAlpha(std::get<SetAlphaOp>(*op));
}

// An abort ends a long put before its commit; its savepoint takes back what it wrote.
Status CommitGroup::RunPut(PutOp* op, const CancelToken& cancel) {
  Result<Collection*> collection = Find(op->collection);
  if (!collection.ok()) return collection.status();
  op->inserted = op->updated = op->skipped = 0;
  const auto total = static_cast<int64_t>(op->batch.records.size());
  for (int64_t i = 0; i < total; ++i) {
    if (i % kRecordsBetweenChecks == 0) {
      RETURN_IF_ERROR(cancel.Check());
      cancel.Report(i, total);
    }
    Status status = RunOne(op, op->batch.records[static_cast<size_t>(i)]);
    if (status.code() == Code::kAlreadyExists) {
      const std::string name = op->batch.NameOf(static_cast<size_t>(i)) + ".id";
      if (op->batch.unit == nullptr) return std::move(status).WithArgument(name);
      return Status(status.code(), name + " is taken: there is a record '" + status.id() +
                                       "' already; onConflict 'skip' leaves it, 'replace' replaces it")
          .WithArgument(name)
          .WithId(status.id());
    }
    RETURN_IF_ERROR(status);
  }
  cancel.Report(total, total);
  return {};
}

// Most records are new: looking for one of that id is left to the insertion, which has to do it anyway.
Status CommitGroup::RunOne(PutOp* op, const RecordInput& record) {
  Result<bool> inserted = TryInsert(op, record);
  if (!inserted.ok() || *inserted) return inserted.status();
  Result<std::optional<WriteTransaction::Existing>> found = transaction_->Find(op->collection, record.id);
  if (!found.ok()) return found.status();
  const std::optional<WriteTransaction::Existing>& existing = *found;
  if (!existing)  // The insertion met one.
    return Status(Code::kCorrupt, "the index of ids contradicts itself; restore the file from a backup")
        .WithId(record.id);
  // What has expired is as good as deleted: its id is free, and a new record takes a row of its own.
  if (ExpiredAt(existing->expires_at, now_)) {
    RETURN_IF_ERROR(DeleteRow(op->collection, existing->row));
    return TryInsert(op, record).status();
  }
  switch (op->on_conflict) {
    case OnConflict::kSkip:
      ++op->skipped;
      return {};
    case OnConflict::kError:
      return Status(Code::kAlreadyExists, "there is already a record '" + record.id + "'; use upsert to replace it")
          .WithId(record.id);
    case OnConflict::kReplace:
      return Replace(op, record, *existing);
  }
  return {};
}

Result<bool> CommitGroup::TryInsert(PutOp* op, const RecordInput& record) {
  const RowId row = transaction_->NextRow();
  const RecordRow stored = ToRow(*op, record, row, version_, now_);
  Result<bool> inserted = transaction_->Insert(stored);
  if (!inserted.ok() || !*inserted) return inserted;
  ++op->inserted;
  changes_.rows.push_back(
      {op->collection, row, RowChangeKind::kInserted, record.id, record.vector, stored.expires_at, Slot{}, false});
  return true;
}

Status CommitGroup::Replace(PutOp* op, const RecordInput& record, const WriteTransaction::Existing& old) {
  RecordRow stored = ToRow(*op, record, old.row, version_, now_);
  if (old.created_at && !record.created_at) stored.created_at = *old.created_at;
  RETURN_IF_ERROR(transaction_->Update(stored));
  ++op->updated;
  changes_.rows.push_back(
      {op->collection, old.row, RowChangeKind::kUpdated, record.id, record.vector, stored.expires_at, Slot{}, false});
  return {};
}

Status CommitGroup::RunDelete(DeleteOp* op) {
  Result<Collection*> collection = Find(op->collection);
  if (!collection.ok()) return collection.status();
  Result<std::optional<WriteTransaction::Existing>> existing = transaction_->Find(op->collection, op->id);
  if (!existing.ok()) return existing.status();
  op->deleted = *existing && !ExpiredAt((*existing)->expires_at, now_);
  if (!*existing) return {};
  if (op->deleted) RETURN_IF_ERROR(CheckVersion(op->if_version, (*existing)->version, op->id));
  return DeleteRow(op->collection, (*existing)->row);
}

Status CommitGroup::RunDeleteWhere(DeleteWhereOp* op, const CancelToken& cancel) {
  for (size_t i = 0; i < op->rows.size(); ++i) {
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    RETURN_IF_ERROR(DeleteRow(op->collection, op->rows[i]));
  }
  return {};
}

Status CommitGroup::RunPurge(PurgeOp* op, const CancelToken& cancel) {
  for (size_t i = 0; i < op->rows.size(); ++i) {
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    RETURN_IF_ERROR(DeleteRow(op->rows[i].first, op->rows[i].second));
  }
  return {};
}

Status CommitGroup::DeleteRow(CollectionId collection, RowId row) {
  RETURN_IF_ERROR(transaction_->Delete(collection, row, version_));
  changes_.rows.push_back({collection, row, RowChangeKind::kDeleted, {}, {}, {}, Slot{}, false});
  return {};
}

}  // namespace agentmemdb
