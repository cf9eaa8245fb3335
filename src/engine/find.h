// Records by filter alone: pages in row order, counts, and the sets that searches and deletions work on.
#pragma once

#include <optional>
#include <vector>

#include "engine/read.h"
#include "meta/filter.h"

namespace agentmemdb {

struct FindQuery {
  std::optional<Filter> filter;
  uint32_t limit = 100;   // 1..10,000
  RowId after{0};         // a cursor: records with a higher row
  RowId last{INT64_MAX};  // no record with a higher row
  // A page of a scan ends when it has taken long, with fewer than `limit` records; otherwise only at the last record.
  bool may_end_early = false;
  size_t bytes_max = SIZE_MAX;  // a page also ends with the record that reaches it
  bool skip_damaged = false;    // records that fail their check are counted, and no error
  Include include;
};

struct FindOutput {
  std::vector<RecordOutput> records;  // in row order
  RowId last{0};                      // the cursor of the next page
  bool more = false;                  // there may be a next page
  int64_t damaged = 0;                // left out by skip_damaged
};

// One committed state a page. A record that is there throughout comes exactly once over the pages.
// Errors: kInvalidArgument (limit), kNotFound (collection), kCorrupt with the id, kIo, kAborted, kTimeout.
Result<FindOutput> Find(Database* database, CollectionId collection, const FindQuery& query, const CancelToken& cancel);
Result<int64_t> CountMatching(Database* database, CollectionId collection, const Filter& filter,
                              const CancelToken& cancel);
// The visible records that match, within a read.
Result<IdSet> MatchingSlots(const ReadView& view, const Collection& collection, const Filter& filter, TimeMs now,
                            const CancelToken& cancel);

}  // namespace agentmemdb
