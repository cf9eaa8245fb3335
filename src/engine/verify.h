// Whether the file and everything that is derived from it agree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/database.h"

namespace agentmemdb {

enum class VerifyPart {
  kFile,    // the structure of the SQLite file
  kRecord,  // a record fails its check, or cannot belong where it is
  kCount,   // a collection has another number of records than it counted: some have vanished
  kMemory,  // what is in memory of a record (its slot, id, vector, code, expiry, fields) is not what the file holds
  kGraph,   // the links of a graph
  kImage,   // the index image beside the file
};
const char* VerifyPartName(VerifyPart part);

struct Difference {
  VerifyPart part;
  std::string collection;  // its name; empty: of none
  std::string id;          // of a record; empty: of none, or not legible
  std::string message;
};

struct VerifyReport {
  static constexpr size_t kDifferencesMax = 1000;
  std::vector<Difference> differences;                      // the first of them
  int64_t found = 0;                                        // all
  int64_t records = 0, vectors = 0, nodes = 0, images = 0;  // looked at
};

// Reads the whole file, in pages that are each one committed state: reads and writes go on beside it. Reports records looked at to
// `cancel`. Errors: kIo, kBusy, kAborted, kTimeout; what is damaged is no error, it is what this looks for.
// Threads: any.
Result<VerifyReport> Verify(Database* database, const CancelToken& cancel);

}  // namespace agentmemdb
