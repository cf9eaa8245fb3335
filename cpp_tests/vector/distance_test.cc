#include "vector/distance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "support/seed.h"
#include "support/vectors.h"

namespace agentmemdb {
namespace {

double Norm(VectorView vector) {
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

std::vector<uint32_t> Dimensions() {
  std::vector<uint32_t> all;
  for (uint32_t d = 1; d <= 300; ++d) all.push_back(d);
  for (const uint32_t d : {383, 384, 512, 767, 768, 1024, 1535, 1536, 2047, 3072, 4095, 4096, 4097}) all.push_back(d);
  return all;
}

std::vector<const char*> NamesOfThisCpu() {
  std::vector<const char*> names;
  for (const char* name : {"scalar", "avx2", "avx512", "neon"}) {
    if (KernelsNamed(name) != nullptr) names.push_back(name);
  }
  return names;
}

class Kernels : public testing::TestWithParam<const char*> {
 protected:
  const DistanceKernels* kernels_ = KernelsNamed(GetParam());
};

TEST_P(Kernels, AgreeWithDoublePrecisionAtEveryLengthAndAlignment) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const uint32_t dimensions : Dimensions()) {
    // One float more in front: neither vector starts at a multiple of anything.
    const std::vector<float> a_memory = RandomVector(dimensions + 1, &random);
    const std::vector<float> b_memory = RandomVector(dimensions + 3, &random);
    for (const size_t shift : {0, 1}) {
      const VectorView a(a_memory.data() + shift, dimensions), b(b_memory.data() + 3 * shift, dimensions);
      const double scale = 1e-5 * Norm(a) * Norm(b) + 1e-9;
      EXPECT_NEAR(kernels_->negative_dot(a.data(), b.data(), dimensions), ExactRaw(Metric::kIp, a, b), scale)
          << dimensions << " shifted by " << shift;
      EXPECT_NEAR(kernels_->squared_l2(a.data(), b.data(), dimensions), ExactRaw(Metric::kL2, a, b),
                  1e-5 * (Norm(a) * Norm(a) + Norm(b) * Norm(b)))
          << dimensions << " shifted by " << shift;
    }
  }
}

// Every length to one past 4,096, each at another place of two long rows of numbers: no length starts on a multiple of anything.
TEST_P(Kernels, AgreeWithTheScalarOnesAtEveryLength) {
  SCOPED_TRACE(SeedNote());
  constexpr uint32_t kLongest = 4097;
  Random random(TestSeed() + 1);
  const std::vector<float> a_row = RandomVector(2 * kLongest, &random), b_row = RandomVector(2 * kLongest, &random);
  const DistanceKernels& scalar = *KernelsNamed("scalar");
  for (uint32_t dimensions = 1; dimensions <= kLongest; dimensions += kSanitized && dimensions > 300 ? 13 : 1) {
    const VectorView a(a_row.data() + random.Below(kLongest), dimensions);
    const VectorView b(b_row.data() + random.Below(kLongest), dimensions);
    const double a_norm = Norm(a), b_norm = Norm(b);
    ASSERT_NEAR(kernels_->negative_dot(a.data(), b.data(), dimensions),
                scalar.negative_dot(a.data(), b.data(), dimensions), 1e-5 * a_norm * b_norm)
        << dimensions;
    ASSERT_NEAR(kernels_->squared_l2(a.data(), b.data(), dimensions), scalar.squared_l2(a.data(), b.data(), dimensions),
                1e-5 * (a_norm * a_norm + b_norm * b_norm))
        << dimensions;
  }
}

// The numbers of the `k` nearest by one kernel, and how far each is.
std::vector<std::pair<float, uint32_t>> Nearest(DistanceKernel kernel, const VectorSet& base, VectorView query,
                                                size_t k) {
  std::vector<std::pair<float, uint32_t>> all;
  for (uint32_t i = 0; i < base.count(); ++i)
    all.emplace_back(kernel(base[i].data(), query.data(), base.dimensions), i);
  std::sort(all.begin(), all.end());
  all.resize(k);
  return all;
}

TEST_P(Kernels, FindTheTenThatTheScalarOnesFind) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed() + 2);
  for (const uint32_t dimensions : {3u, 31u, 128u, 383u, 384u, 768u, 1536u}) {
    const VectorSet base = RandomVectors(kSanitized ? 100 : 500, dimensions, &random);
    for (int round = 0; round < 5; ++round) {
      const std::vector<float> query = RandomVector(dimensions, &random);
      for (const Metric metric : {Metric::kIp, Metric::kL2}) {
        const auto expected = Nearest(KernelsNamed("scalar")->ForMetric(metric), base, query, 11);
        const auto found = Nearest(kernels_->ForMetric(metric), base, query, 11);
        for (size_t i = 0; i < 10; ++i) {
          const float most =
              1e-5f * static_cast<float>(dimensions);  // |a| |b| is about as much as there are dimensions.
          ASSERT_NEAR(found[i].first, expected[i].first, most) << dimensions;
          // Two that are nearly as far may change places.
          const bool clear = expected[i + 1].first - expected[i].first > 2 * most &&
                             (i == 0 || expected[i].first - expected[i - 1].first > 2 * most);
          ASSERT_TRUE(!clear || found[i].second == expected[i].second) << dimensions;
        }
      }
    }
  }
}

TEST_P(Kernels, ReadNothingBehindTheVectors) {
  for (uint32_t dimensions = 1; dimensions <= 130; ++dimensions) {
    std::vector<float> a(dimensions + 64, NAN), b(dimensions + 64, NAN);
    std::fill_n(a.begin(), dimensions, 1.0f);
    std::fill_n(b.begin(), dimensions, 3.0f);
    const auto count = static_cast<float>(dimensions);
    EXPECT_EQ(kernels_->negative_dot(a.data(), b.data(), dimensions), -3 * count);
    EXPECT_EQ(kernels_->squared_l2(a.data(), b.data(), dimensions), 4 * count);
  }
}

TEST_P(Kernels, StayFiniteAtTheLongestVectorsAllowed) {
  const std::vector<float> a = {1e18f}, b = {-1e18f};
  EXPECT_TRUE(std::isfinite(kernels_->squared_l2(a.data(), b.data(), 1)));
  EXPECT_TRUE(std::isfinite(kernels_->negative_dot(a.data(), b.data(), 1)));
}

INSTANTIATE_TEST_SUITE_P(Every, Kernels, testing::ValuesIn(NamesOfThisCpu()),
                         [](const auto& each) { return std::string(each.param); });

TEST(DistanceKernels, AreKnownByNameOnly) {
  EXPECT_EQ(KernelsNamed("mmx"), nullptr);
  EXPECT_EQ(KernelsNamed(""), nullptr);
  ASSERT_NE(KernelsNamed("scalar"), nullptr);
  EXPECT_STREQ(KernelsNamed("scalar")->name, "scalar");
}

TEST(DistanceKernels, TheActiveOnesAreTheForcedOrTheWidestTheCpuHas) {
  const char* forced = std::getenv("AGENTMEMDB_CPU");
  const DistanceKernels* expected = forced != nullptr ? KernelsNamed(forced) : nullptr;
  for (const char* name : {"avx512", "avx2", "neon", "scalar"}) {
    if (expected == nullptr) expected = KernelsNamed(name);
  }
  EXPECT_STREQ(ActiveKernels().name, expected->name);
}

TEST(DistanceKernels, TheMetricChoosesTheKernel) {
  const DistanceKernels& kernels = ActiveKernels();
  EXPECT_EQ(kernels.ForMetric(Metric::kL2), kernels.squared_l2);
  EXPECT_EQ(kernels.ForMetric(Metric::kIp), kernels.negative_dot);
  EXPECT_EQ(kernels.ForMetric(Metric::kCosine), kernels.negative_dot);
}

}  // namespace
}  // namespace agentmemdb
