// Searching by words and by vectors at once.
#pragma once

#include <optional>
#include <vector>

#include "engine/collection.h"
#include "engine/fusion.h"
#include "text/bm25_search.h"

namespace agentmemdb {

// What the vectors of a collection are like, and whether they agree with its words. Of a sample, so it is worked out in
// milliseconds, and again when a quarter of the records have changed.
struct HybridProfile {
  std::vector<float> center;  // mean of the vectors
  double mean_square = 0;     // of their norms
  // How near, by their vectors, texts that share words are, against the nearest there are: 0 when vectors are noise, 0.5 to 0.9
  // with a model that fits. nullopt: there are too few to tell.
  std::optional<double> agreement;
  uint64_t writes = 0;  // of the collection, then

  // Of all vectors to the query, in units of FusionCandidate::similarity.
  double MeanSimilarity(Metric metric, VectorView query) const;
  // What the weight of vectors is multiplied with: 0 when they are noise, 1 when they are not, or nobody knows.
  double Gate() const;
  // Vectors and words do not agree at all: probably another model made the one than the other was meant for.
  bool Disagrees() const { return agreement && *agreement < 0.1; }
};

// Of an index whose records are learnt. Errors: kAborted, kTimeout, kLimit.
Result<std::shared_ptr<const HybridProfile>> ProfileOf(const Collection& collection, const CancelToken& cancel);

// What both arms found of one query: each candidate with the exact scores of both. `vector` and `texts` as one arm alone would be
// asked, for `most` each. Errors: kAborted, kTimeout, kLimit.
struct HybridArms {
  std::vector<FusionCandidate> candidates;
  VectorSearchResult by_vector;
  TextSearchResult by_words;
};
Result<HybridArms> SearchBothArms(const Collection& collection, VectorSearch vector, const TextScorer& words,
                                  const CancelToken& cancel);

}  // namespace agentmemdb
