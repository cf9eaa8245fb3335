#include "vector/metric.h"

#include <array>
#include <cmath>
#include <numeric>
#include <string>

namespace agentmemdb {

double SquaredNorm(VectorView vector) {
  // Several sums at a time: one alone would wait for each addition.
  constexpr size_t kSums = 8;
  std::array<double, kSums> sums{};
  size_t i = 0;
  for (; i + kSums <= vector.size(); i += kSums) {
    for (size_t j = 0; j < kSums; ++j) sums[j] += static_cast<double>(vector[i + j]) * vector[i + j];
  }
  for (; i < vector.size(); ++i) sums[0] += static_cast<double>(vector[i]) * vector[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

void Normalise(VectorView vector, float* unit) {
  const double scale = 1.0 / std::sqrt(SquaredNorm(vector));
  for (size_t i = 0; i < vector.size(); ++i) unit[i] = static_cast<float>(vector[i] * scale);
}

Status CheckVector(Metric metric, VectorView vector, const char* argument, double* norm) {
  const double sum = SquaredNorm(vector);
  if (!std::isfinite(sum)) {  // Some number itself is not.
    for (size_t i = 0; i < vector.size(); ++i) {
      if (!std::isfinite(vector[i]))
        return Status::InvalidArgument(std::string(argument) + "[" + std::to_string(i) + "]",
                                       "must be a finite number");
    }
  }
  *norm = std::sqrt(sum);
  if (*norm > kNormMax)
    return Status::InvalidArgument(argument, "is too long: its Euclidean norm must be at most 1e18");
  if (metric == Metric::kCosine && *norm < kCosineNormMin)
    return Status::InvalidArgument(argument,
                                   "has no direction: with the cosine metric its norm must be at least 1e-18");
  return {};
}

}  // namespace agentmemdb
