// What a filter matches: of one record, and of a whole collection.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/cancel.h"
#include "base/id_set.h"
#include "base/status.h"
#include "base/types.h"
#include "meta/filter.h"
#include "meta/record_values.h"

namespace agentmemdb {

using VisitRecord = std::function<Status(Slot, const RecordFields&)>;

// Where the records are: the engine's side of a filter. All calls of one evaluation see one committed state.
class FieldSource {
 public:
  virtual ~FieldSource() = default;

  // Every record that may match: those a read can see now.
  virtual IdSet Live() = 0;
  // Calls `visit` once with each record of `candidates` (a subset of Live()), in any order; stops at the first Status
  // that is not ok and returns it. `visit` asks `cancel` every 256 records; the source need not.
  virtual Status Visit(const IdSet& candidates, const CancelToken& cancel, const VisitRecord& visit) = 0;
  // Exactly the live records that match `leaf` (a kField), from an index; nullopt if none answers it. Members that are
  // not live are ignored. It may stop early, with any answer, once cancelled.
  virtual std::optional<IdSet> Lookup(const Filter& leaf, const CancelToken& cancel);
};

// The live records that match. Leaves that Lookup answers are combined as sets; only records they leave undecided are
// visited, once, and each one's metadata is parsed at most once.
// Errors: kAborted, kTimeout, kCorrupt with the id (metadata that is no JSON object), and those of Visit.
Result<IdSet> EvaluateFilter(const Filter& filter, FieldSource& source, const CancelToken& cancel);

// Whether one thing that a leaf's path reaches passes its test; as AnyAtPath gives it (field_path.h).
bool Passes(const Filter& leaf, const Value* value, bool of_array);

// Whether one record matches. Metadata that is no JSON object counts as absent. Threads: any.
bool Matches(const Filter& filter, const RecordFields& record);

// What to say of a record whose RecordValues are damaged: kCorrupt with its id.
Status DamagedMetadata(const RecordFields& record);

}  // namespace agentmemdb
