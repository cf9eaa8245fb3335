// Records by filter alone: pages in row order or by fields, counts, and the sets that searches and deletions work on.
#pragma once

#include <optional>
#include <vector>

#include "engine/read.h"
#include "meta/filter.h"
#include "meta/sort_order.h"

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
  SortOrder order;  // empty: by row. With one, only `filter`, `limit`, `cursor`, `total` and `include` count.
  std::optional<SortCursor> cursor;  // of a page with the same order: what comes after it
  bool total = false;                // count all that match
  Include include;
};

struct FindOutput {
  std::vector<RecordOutput> records;  // in the order asked for
  RowId last{0};                      // the cursor of the next page, without an order
  std::optional<SortCursor> cursor;   // with one; absent on the last page
  bool more = false;                  // there may be a next page
  std::optional<int64_t> total;
  int64_t damaged = 0;  // left out by skip_damaged
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
