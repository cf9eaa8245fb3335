// One write transaction: a group of independent calls, each in a savepoint of its own.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/apply.h"
#include "engine/database.h"

namespace agentmemdb {

// What can be checked without the file: shapes, ranges, limits. Looks up vector options in `database`.
Status ValidateCall(Database* database, WriteCall* call);

// A failed operation of a batch names its place.
Status InBatch(const WriteCall& call, size_t i, Status status);

// Runs calls that were validated. Under write_mutex_, on one thread.
class CommitGroup {
 public:
  CommitGroup(Database* database, WriteTransaction* transaction, const DatabaseHeader& header, TimeMs now)
      : database_(database),
        transaction_(transaction),
        header_(header),
        version_(header.change_version + 1),
        now_(now) {}

  // Sets the status of every call. Returns false when SQLite rolled the whole group back by itself: then nothing is
  // decided, and each call must be run again in a transaction of its own.
  bool Run(std::span<WriteCall* const> calls);
  const Status& io_failure() const { return io_failure_; }

 private:
  Status RunCall(WriteCall* call);
  Status RunOp(Op* op, const CancelToken& cancel);
  Status RunPut(PutOp* op, const CancelToken& cancel);
  Status RunOne(PutOp* op, const RecordInput& record);
  Result<bool> TryInsert(PutOp* op, const RecordInput& record);
  Status Replace(PutOp* op, const RecordInput& record, const WriteTransaction::Existing& old);
  Status RunPatch(PatchOp* op);  // patch.cc
  Status WritePatch(PatchOp* op, const WriteTransaction::Existing& old);
  Status RunDelete(DeleteOp* op);
  Status RunDeleteWhere(DeleteWhereOp* op, const CancelToken& cancel);
  Status RunPurge(PurgeOp* op, const CancelToken& cancel);
  Status RunSetAlpha(const SetAlphaOp& op);
  Status RunRestore(RestoreOp* op, const CancelToken& cancel);  // snapshot.cc
  Status RunCreate(CreateCollectionOp* op);
  Status RunDrop(DeleteCollectionOp* op);
  Status DeleteRow(CollectionId collection, RowId row);
  Status Finish();
  Status StageAndCommit(bool* staged);
  Status BoundDeletions();
  Result<Collection*> Find(CollectionId id);
  Collection* FindByName(const std::string& name);
  bool Dropped(CollectionId id) const;

  Database* database_;
  WriteTransaction* transaction_;
  DatabaseHeader header_;
  // What the running call writes. Each that changes something has a version of its own: ifVersion must tell apart what two calls
  // of one group wrote.
  Version version_;
  TimeMs now_;
  ChangeSet changes_;
  Status io_failure_;
};

}  // namespace agentmemdb
