// Choosing the weight of vectors in the default fusion for one collection, from questions whose right answers are known.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/read.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kJudgedQueriesMax = 1000;
}  // namespace limits

struct JudgedQuery {
  std::string text;
  std::vector<float> vector;
  std::map<std::string, double> relevant;  // grades by id, above 0
};

struct Calibration {
  double alpha = 0;
  uint32_t queries = 0;
  // Mean nDCG@10: by words alone, by vectors alone, with the default weight, with the one chosen.
  double keyword = 0, vector = 0, by_default = 0, chosen = 0;
  double gate = 1;  // 0: the vectors are noise, and no weight matters
};

// [{ "text": "...", "relevant": { "id": 1, ... } }, ...]; `vectors`: of each in turn. Errors: kInvalidArgument naming `queries[i].*`.
Result<std::vector<JudgedQuery>> ParseJudged(std::string_view json, VectorView vectors, uint32_t dimensions);

// The weight w of 0, 0.05 .. 1 with the highest mean nDCG@10 - 0.05 (w - 0.35)^2 10 / (queries + 5): with few questions it stays near
// the default. Nothing is stored. Errors: those of Search; kInvalidArgument (a collection without vectors).
Result<Calibration> Calibrate(Database* database, CollectionId collection, const std::vector<JudgedQuery>& queries,
                              const CancelToken& cancel);

}  // namespace agentmemdb
