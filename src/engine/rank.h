// What a found record is worth beside its similarity: how recent it is, how good it was, how often it was used; and how different
// from those before it.
//
//   score = similarity * s + recency * decay(age) + sum of weight * field + usage * ln(1 + n) / ln(1 + greatest n)
//   s     the score of the search; that of words, of fusion and of 'ip' is divided by the best one's, so that 1 is the most
//   decay 1 at age 0 and 1/2 at half-life:  exponential 2^(-a)   linear max(0, 1 - a/2)   gaussian 2^(-a a),  a = age / half-life
//   MMR   lambda * score - (1 - lambda) * greatest similarity to those chosen (Carbonell and Goldstein, SIGIR 1998)
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/hybrid.h"
#include "engine/read.h"
#include "meta/field_path.h"

namespace agentmemdb {

enum class Decay : uint8_t { kExponential, kLinear, kGaussian };
std::optional<Decay> DecayFromName(std::string_view name);

// 0..1. `age` may be negative: what comes from the future is new.
double DecayAt(Decay decay, double age_ms, double half_life_ms);

// An integer in milliseconds, or a text as JavaScript's Date writes it (RFC 3339, UTC or with an offset).
std::optional<double> TimeOf(const Value& value);

struct RankOptions {
  struct Recency {
    double weight = 0;  // -1000..1000, like every weight
    double half_life_ms = 0;
    std::string field = "$createdAt";
    Decay decay = Decay::kExponential;
  };
  struct Usage {
    double weight = 0;
    std::string field;
  };
  double similarity = 1;
  std::optional<Recency> recency;
  std::vector<std::pair<std::string, double>> fields;  // at most 16
  std::optional<Usage> usage;
  std::optional<TimeMs> now;  // instead of the clock's

  // Errors: kInvalidArgument naming query.rank.*.
  Status Validate() const;
};

struct GroupBy {
  std::string field;
  uint32_t size = 1;  // records of each value, 1..10,000
};

// A record on its way to being a hit.
struct Found {
  Slot slot{};
  RowId row{};
  float score = 0;
  std::optional<float> raw;      // distance to the query (metric.h), if there is a vector and a query
  std::optional<float> keyword;  // BM25, if words were searched
  // What the score was made of, in the order of RankOptions: similarity, recency, fields, usage.
  std::vector<float> parts;
};

// Scores anew and sorts. `relative`: scores have no scale of their own. Errors: those of reading a record.
Status Rank(const ReadView& view, const RankOptions& options, bool relative, TimeMs now, std::vector<Found>* found);
// Leaves at most group.size records of each value of a field, the first ones; those without it are all left.
Status KeepOfEachGroup(const ReadView& view, const GroupBy& group, std::vector<Found>* found);
// Leaves k, in the order in which MMR chooses them. `relative`: scores have no scale of their own, and are weighed as shares of the best.
// Similarities are cosines, with kL2 scores; of records without vectors 0.
Status Diversify(const Collection& collection, double lambda, bool relative, uint32_t k, const CancelToken& cancel,
                 std::vector<Found>* found);
// Cuts before the n-th drop that is more than twice the median drop, and than a hundredth of the best score.
void Autocut(uint32_t n, std::vector<Found>* found);

}  // namespace agentmemdb
