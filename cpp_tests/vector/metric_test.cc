#include "vector/metric.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace agentmemdb {
namespace {

constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kL2, Metric::kIp};

Status Check(Metric metric, const std::vector<float>& vector) {
  double norm = 0;
  return CheckVector(metric, vector, "v", &norm);
}

TEST(Metric, IsFoundByItsName) {
  for (const Metric metric : kMetrics) EXPECT_EQ(MetricFromName(MetricName(metric)), metric);
  EXPECT_EQ(MetricFromName("euclidean"), std::nullopt);
  EXPECT_EQ(MetricFromName(""), std::nullopt);
  EXPECT_EQ(MetricFromName("L2"), std::nullopt);
}

TEST(Metric, DistanceFallsAndScoreRisesTowardsTheNearer) {
  for (const Metric metric : kMetrics) {
    const float near = metric == Metric::kL2 ? 0.25f : -0.9f, far = metric == Metric::kL2 ? 4.0f : -0.1f;
    EXPECT_LT(RawToDistance(metric, near), RawToDistance(metric, far)) << MetricName(metric);
    EXPECT_GT(RawToScore(metric, near), RawToScore(metric, far)) << MetricName(metric);
  }
}

TEST(Metric, GivesTheDocumentedDistancesAndScores) {
  EXPECT_FLOAT_EQ(RawToDistance(Metric::kCosine, -0.25f), 0.75f);
  EXPECT_FLOAT_EQ(RawToScore(Metric::kCosine, -0.25f), 0.25f);
  EXPECT_FLOAT_EQ(RawToDistance(Metric::kL2, 9.0f), 3.0f);
  EXPECT_FLOAT_EQ(RawToScore(Metric::kL2, 9.0f), 0.25f);
  EXPECT_FLOAT_EQ(RawToDistance(Metric::kIp, -5.0f), -5.0f);
  EXPECT_FLOAT_EQ(RawToScore(Metric::kIp, -5.0f), 5.0f);
}

TEST(Metric, RoundingNeverLeavesTheRangeOfCosineOrL2) {
  EXPECT_EQ(RawToScore(Metric::kCosine, -1.0000001f), 1.0f);
  EXPECT_EQ(RawToDistance(Metric::kCosine, -1.0000001f), 0.0f);
  EXPECT_EQ(RawToScore(Metric::kCosine, 1.0000001f), -1.0f);
  EXPECT_EQ(RawToDistance(Metric::kCosine, 1.0000001f), 2.0f);
  EXPECT_EQ(RawToDistance(Metric::kL2, -1e-9f), 0.0f);
}

TEST(CheckVector, TellsTheNorm) {
  const std::vector<float> vector = {3, 4};
  for (const Metric metric : kMetrics) {
    double norm = 0;
    ASSERT_TRUE(CheckVector(metric, vector, "v", &norm).ok());
    EXPECT_DOUBLE_EQ(norm, 5.0);
  }
}

TEST(CheckVector, RefusesNumbersThatAreNotFiniteAndSaysWhich) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    for (const Metric metric : kMetrics) {
      const Status status = Check(metric, {1, 2, bad, bad});
      EXPECT_EQ(status.code(), Code::kInvalidArgument);
      EXPECT_EQ(status.argument(), "v[2]");
      EXPECT_EQ(status.message(), "v[2] must be a finite number");
    }
  }
}

TEST(CheckVector, RefusesVectorsWhoseSquareWouldOverflow) {
  for (const Metric metric : kMetrics) {
    EXPECT_TRUE(Check(metric, {9.9e17f}).ok());
    EXPECT_EQ(Check(metric, {1.1e18f}).argument(), "v");
    EXPECT_EQ(Check(metric, {1e30f}).code(), Code::kInvalidArgument);
    EXPECT_EQ(Check(metric, std::vector<float>(8192, std::numeric_limits<float>::max())).argument(), "v");
    EXPECT_FALSE(Check(metric, {8e17f, 8e17f}).ok()) << "each number is short enough, the vector is not";
  }
}

TEST(CheckVector, RefusesVectorsWithoutDirectionWhereDirectionIsAll) {
  const float denormal = std::numeric_limits<float>::denorm_min();
  for (const std::vector<float>& vector : {std::vector<float>{0, 0, 0}, {denormal, 0}, {-0.0f}, {9e-19f}}) {
    EXPECT_EQ(Check(Metric::kCosine, vector).code(), Code::kInvalidArgument);
    EXPECT_TRUE(Check(Metric::kL2, vector).ok());
    EXPECT_TRUE(Check(Metric::kIp, vector).ok());
  }
  EXPECT_TRUE(Check(Metric::kCosine, {1.1e-18f}).ok());
}

}  // namespace
}  // namespace agentmemdb
