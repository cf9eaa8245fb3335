// One order out of two: what the words say of a record, and what its vector says. Pure functions.
//
//   weighted  (1 - w) B + w D,  B = b / max b,  D = (d - mean) / (max d - mean), clipped to 0..1
//             b: BM25;  d: similarity;  mean: of all vectors, so that a score does not depend on how many were fetched
//   rrf       (1 - w) / (k + rank by words) + w / (k + rank by vectors), k = 10, ranks from 1 (Cormack et al., SIGIR 2009)
//   minmax    (1 - w) B + w D, each from its least to its greatest among the candidates that have it
//   dbsf      the same, from mean - 3 to mean + 3 standard deviations
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace agentmemdb {

enum class Fusion : uint8_t { kWeighted, kRrf, kMinMax, kDbsf };

const char* FusionName(Fusion fusion);
std::optional<Fusion> FusionFromName(std::string_view name);

// The default's share of vectors, until a collection is calibrated.
constexpr double kDenseWeight = 0.35;

// A record that at least one arm has found, with the exact scores of both.
struct FusionCandidate {
  Slot slot{};
  RowId row{};
  float keyword = 0;                // BM25; 0: no word of the query
  std::optional<float> similarity;  // larger is nearer; nullopt: it has no vector
  float score = 0;                  // out
};

struct FusionRule {
  Fusion fusion = Fusion::kWeighted;
  double dense_weight = kDenseWeight;  // 0..1
  double mean_similarity = 0;          // of all vectors to the query; for kWeighted
};

// Scores the candidates and sorts them, best first; equal scores by similarity, then newest row first.
void Fuse(const FusionRule& rule, std::vector<FusionCandidate>* candidates);

}  // namespace agentmemdb
