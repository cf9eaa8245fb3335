// Reading: the verbs of a collection that answer from one committed state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "engine/rank.h"
#include "engine/read.h"
#include "meta/filter.h"
#include "text/highlight.h"
#include "text/keyword_query.h"

namespace agentmemdb {

struct SearchQuery {
  // At least one of the two.
  std::vector<float> vector;        // dimensions floats, as the user gave them
  std::optional<std::string> text;  // words, and "phrases"
  uint32_t k = 10;                  // 1..10,000
  uint32_t ef = 100;                // 1..10,000
  bool exact = false;
  bool explain = false;
  Include include;
  std::optional<Filter> filter;

  KeywordOptions keywords;
  bool highlight = false;
  Fusion fusion = Fusion::kWeighted;
  std::optional<double> alpha;  // 0..1: the share of vectors, instead of the collection's

  std::optional<RankOptions> rank;
  std::optional<double> min_score;
  std::optional<double> mmr_lambda;  // 0..1; k at most 1,000
  std::optional<uint32_t> autocut;   // 1..100
  std::optional<GroupBy> group_by;

  bool hybrid() const { return text && !vector.empty(); }
  // Whether what is found first is not what is returned.
  bool chooses() const { return rank || mmr_lambda || group_by; }
  Status Validate(const CollectionOptions& options) const;
};

struct Hit {
  Score score = 0;
  std::optional<float> distance;
  RecordOutput record;
  std::vector<Highlight> highlights;
  // With explain: BM25; what the score was made of (Found::parts).
  std::optional<float> keyword;
  std::vector<float> parts;
};

struct SearchOutput {
  std::vector<Hit> hits;  // best first
  Metric metric = Metric::kCosine;
  std::optional<VectorSearchResult> found;
  std::optional<TextSearchResult> by_words;
  std::vector<QueryTerm> terms;
  std::vector<Correction> corrections;
  std::optional<double> dense_weight, gate;  // of fusion
  std::optional<uint32_t> allowed;           // by filter and expiry, where they keep any back
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
  std::optional<TextIndexStats> texts;  // once somebody has searched for words
  std::shared_ptr<const HybridProfile> profile;
  std::vector<FieldIndexStats> fields;  // by path
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
// nullopt when there is none of that name, or `may_add` and the request adds to its options: to be created. Errors:
// kInvalidArgument (an option passed differs).
Result<std::optional<CollectionInfo>> FindCollection(Database* database, const std::string& name,
                                                     const CollectionRequest& request, bool may_add,
                                                     const CancelToken& cancel);
// Everything committed so far is linked when Database::LinkUpTo has reached this.
Result<uint64_t> AddedMark(Database* database, CollectionId collection, const CancelToken& cancel);

}  // namespace agentmemdb
