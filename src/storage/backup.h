// A copy of the database file, taken while it is in use.
#pragma once

#include <string>

#include "base/cancel.h"
#include "base/status.h"
#include "storage/store.h"

namespace agentmemdb {

// Copies one committed state of the store into a new file `path`: complete and synced when it appears there, absent
// otherwise. Writers go on meanwhile, except in single mode. Reports pages copied to `cancel`.
// Errors: kAlreadyExists (there is such a file, or a log beside it), kIo (also when there is no such folder), kCorrupt,
// kAborted, kTimeout.   Threads: any.
Status BackUp(Store* store, const std::string& path, const CancelToken& cancel);

}  // namespace agentmemdb
