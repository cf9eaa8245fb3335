#include "vector/distance.h"

#include <gtest/gtest.h>

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
  for (const char* name : {"scalar", "avx2", "avx512"}) {
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

TEST_P(Kernels, AgreeWithTheScalarOnes) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed() + 1);
  const DistanceKernels& scalar = *KernelsNamed("scalar");
  for (const uint32_t dimensions : Dimensions()) {
    const std::vector<float> a = UnitVector(RandomVector(dimensions, &random));
    const std::vector<float> b = UnitVector(RandomVector(dimensions, &random));
    EXPECT_NEAR(kernels_->negative_dot(a.data(), b.data(), dimensions),
                scalar.negative_dot(a.data(), b.data(), dimensions), 1e-5);
    EXPECT_NEAR(kernels_->squared_l2(a.data(), b.data(), dimensions), scalar.squared_l2(a.data(), b.data(), dimensions),
                1e-5);
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
  for (const char* name : {"avx512", "avx2", "scalar"}) {
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
