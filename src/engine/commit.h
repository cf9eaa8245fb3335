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

// Runs calls that were validated. Under write_mutex_, on one thread.
class CommitGroup {
 public:
  CommitGroup(Database* database, WriteTransaction* transaction, const DatabaseHeader& header, TimeMs now)
      : database_(database), transaction_(transaction), header_(header), now_(now) {}

  // Sets the status of every call. Returns false when SQLite rolled the whole group back by itself: then nothing is
  // decided, and each call must be run again in a transaction of its own.
  bool Run(std::span<WriteCall* const> calls);
  const Status& io_failure() const { return io_failure_; }

 private:
  Status RunOp(Op* op);
  Status RunPut(PutOp* op);
  Status RunOne(PutOp* op, const RecordInput& record);
  Status RunDelete(DeleteOp* op);
  Status RunCreate(CreateCollectionOp* op);
  Status RunDrop(DeleteCollectionOp* op);
  Status Finish();
  Result<Collection*> Find(CollectionId id);
  Collection* FindByName(const std::string& name);
  bool Dropped(CollectionId id) const;

  Database* database_;
  WriteTransaction* transaction_;
  DatabaseHeader header_;
  TimeMs now_;
  ChangeSet changes_;
  Status io_failure_;
};

}  // namespace agentmemdb
