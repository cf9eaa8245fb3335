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

namespace agentmemdb {

// What filters can ask of a record. Views: good as long as what they point to.
struct RecordFields {
  std::string_view id;
  TimeMs created_at = 0;
  TimeMs updated_at = 0;
  std::optional<TimeMs> expires_at;
  Version version = 0;
  std::optional<std::string_view> metadata;  // a JSON object
};

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
  // not live are ignored.
  virtual std::optional<IdSet> Lookup(const Filter& leaf);
};

// The live records that match. Leaves that Lookup answers are combined as sets; only records they leave undecided are
// visited, once, and each one's metadata is parsed at most once.
// Errors: kAborted, kTimeout, kCorrupt with the id (metadata that is no JSON object), and those of Visit.
Result<IdSet> EvaluateFilter(const Filter& filter, FieldSource& source, const CancelToken& cancel);

// Whether one record matches. Metadata that is no JSON object counts as absent. Threads: any.
bool Matches(const Filter& filter, const RecordFields& record);

}  // namespace agentmemdb
