// Metrics: what "nearer" means, and how a comparison becomes the distance and score that users see.
//
//   metric  compared ("raw", smaller is nearer)   distance      score
//   cosine  -dot of unit vectors                  1 - cos       cos, -1..1
//   l2      squared Euclidean distance            its root      1 / (1 + distance)
//   ip      -dot                                  -dot          dot
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace agentmemdb {

enum class Metric { kCosine, kL2, kIp };

// Norms outside these bounds would overflow or vanish when squared in float32.
constexpr double kNormMax = 1e18;
constexpr double kCosineNormMin = 1e-18;

constexpr const char* MetricName(Metric metric) {
  return metric == Metric::kCosine ? "cosine" : metric == Metric::kL2 ? "l2" : "ip";
}

constexpr std::optional<Metric> MetricFromName(std::string_view name) {
  for (Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    if (name == MetricName(metric)) return metric;
  }
  return std::nullopt;
}

inline float RawToDistance(Metric metric, float raw) {
  switch (metric) {
    case Metric::kCosine:
      return std::clamp(1.0f + raw, 0.0f, 2.0f);
    case Metric::kL2:
      return std::sqrt(std::max(raw, 0.0f));
    case Metric::kIp:
      return raw;
  }
  return raw;
}

inline Score RawToScore(Metric metric, float raw) {
  switch (metric) {
    case Metric::kCosine:
      return std::clamp(-raw, -1.0f, 1.0f);
    case Metric::kL2:
      return 1.0f / (1.0f + RawToDistance(metric, raw));
    case Metric::kIp:
      return -raw;
  }
  return -raw;
}

inline Score DistanceToScore(Metric metric, float distance) {
  return metric == Metric::kCosine ? 1 - distance : metric == Metric::kL2 ? 1 / (1 + distance) : -distance;
}

// Summed in double precision: exact enough to compare with 1, and a float32 squared cannot overflow it.
double SquaredNorm(VectorView vector);

// Writes the vector, scaled to norm 1. Its norm must not be 0.
void Normalise(VectorView vector, float* unit);

// Refuses what no metric can compare: NaN, infinity, norms out of bounds. `argument` names the vector in the message.
// On success *norm is the Euclidean norm.
Status CheckVector(Metric metric, VectorView vector, const char* argument, double* norm);

}  // namespace agentmemdb
