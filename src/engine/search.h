// Reading: the verbs of a collection that answer from one committed state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "engine/read.h"
#include "meta/filter.h"

namespace agentmemdb {

struct SearchQuery {
  std::vector<float> vector;  // dimensions floats, as the user gave them
  uint32_t k = 10;            // 1..10,000
  uint32_t ef = 100;          // 1..10,000
  bool exact = false;
  bool explain = false;
  Include include;
  std::optional<Filter> filter;

  Status Validate(const CollectionOptions& options) const;
};

struct Hit {
  Score score = 0;
  float distance = 0;
  RecordOutput record;
};

struct SearchOutput {
  std::vector<Hit> hits;  // best first
  VectorSearchResult found;
  std::optional<uint32_t> allowed;  // by filter and expiry, where they keep any back
  int64_t filter_micros = 0, search_micros = 0, hydrate_micros = 0;
};

struct CollectionInfo {
  CollectionId id{};
  std::string name;
  CollectionOptions options;
};

struct CollectionStats {
  CollectionInfo info;
  int64_t records = 0, vectors = 0, damaged = 0;
  std::optional<VectorIndexStats> index;
  SearchCounts searches;
  std::optional<ImageInfo> image;
};

// Errors of all: kNotFound (the collection was deleted), kCorrupt, kIo, kAborted, kTimeout, kLimit.
Result<SearchOutput> Search(Database* database, CollectionId collection, const SearchQuery& query,
                            const CancelToken& cancel);
Result<std::optional<RecordOutput>> Get(Database* database, CollectionId collection, const std::string& id,
                                        const Include& include, const CancelToken& cancel);
Result<bool> Has(Database* database, CollectionId collection, const std::string& id, const CancelToken& cancel);
Result<int64_t> Count(Database* database, CollectionId collection, const CancelToken& cancel);
Result<CollectionStats> StatsOf(Database* database, CollectionId collection, const CancelToken& cancel);
Result<std::vector<CollectionInfo>> ListCollections(Database* database, const CancelToken& cancel);
// nullopt when there is none of that name. Errors: kInvalidArgument (an option passed differs).
Result<std::optional<CollectionInfo>> FindCollection(Database* database, const std::string& name,
                                                     const CollectionRequest& request, const CancelToken& cancel);
// Everything committed so far is linked when Database::LinkUpTo has reached this.
Result<uint64_t> AddedMark(Database* database, CollectionId collection, const CancelToken& cancel);

}  // namespace agentmemdb
