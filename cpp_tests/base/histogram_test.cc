#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

TEST(Histogram, IsZeroWhenEmpty) { EXPECT_EQ(Histogram().Quantile(0.5), 0); }

TEST(Histogram, KeepsSmallDurationsExactly) {
  Histogram histogram;
  for (int64_t micros = 0; micros < 8; ++micros) histogram.Add(micros);
  EXPECT_EQ(histogram.Quantile(0.5), 3);
  EXPECT_EQ(histogram.Quantile(1.0), 7);
}

TEST(Histogram, GivesQuantilesWithinAnEighthAndNeverTooSmall) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  std::vector<int64_t> durations;
  Histogram histogram;
  for (int i = 0; i < 10000; ++i) {
    durations.push_back(static_cast<int64_t>(random.Below(uint64_t{1} << (1 + random.Below(30)))));
    histogram.Add(durations.back());
  }
  std::sort(durations.begin(), durations.end());
  for (const double share : {0.01, 0.5, 0.95, 0.99, 1.0}) {
    const int64_t exact = durations[static_cast<size_t>(share * 10000.0) - 1];
    EXPECT_GE(histogram.Quantile(share), exact);
    EXPECT_LE(histogram.Quantile(share), exact + exact / 8 + 1);
  }
}

TEST(Histogram, CountsTheAbsurdInItsLastBucket) {
  Histogram histogram;
  histogram.Add(INT64_MAX);
  histogram.Add(-5);
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.Quantile(0.5), 0);
  EXPECT_GT(histogram.Quantile(1.0), int64_t{1} << 40);
}

}  // namespace
}  // namespace agentmemdb
