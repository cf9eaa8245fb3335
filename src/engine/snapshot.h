// Snapshots: named copies of a database, made while it is in use, and put in its place without closing it.
#pragma once

#include <string>
#include <vector>

#include "engine/database.h"
#include "storage/snapshot_folder.h"

namespace agentmemdb {

// Names are as ValidateName takes them. Of a database in memory all are kUnsupported. Threads: any.

// Copies one committed state; reads and writes go on. Reports pages to `cancel`.
// Errors: kAlreadyExists, kReadOnly, kBusy (another process is making one), kIo, kCorrupt, kAborted, kTimeout.
Result<SnapshotInfo> CreateSnapshot(Database* database, const std::string& name, const CancelToken& cancel);
// Oldest first.
Result<std::vector<SnapshotInfo>> ListSnapshots(const Database& database);
// Returns whether there was one. Errors: kReadOnly, kBusy, kIo.
Result<bool> DeleteSnapshot(Database* database, const std::string& name, const CancelToken& cancel);

// The half of a RestoreOp before its transaction: nothing is changed when the snapshot is not what it should be.
// Errors: kNotFound, kCorrupt, kUnsupported, kIo, kAborted, kTimeout.
Status OpenSnapshot(Database* database, RestoreOp* op, const CancelToken& cancel);

}  // namespace agentmemdb
