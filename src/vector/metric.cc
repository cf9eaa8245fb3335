#include "vector/metric.h"

#include <cmath>
#include <string>

namespace agentmemdb {

Status CheckVector(Metric metric, VectorView vector, const char* argument, double* norm) {
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * x;
  if (!std::isfinite(sum)) {  // A float32 squared cannot overflow a double: some number itself is not finite.
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
