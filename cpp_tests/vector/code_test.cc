#include "vector/code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"
#include "support/seed.h"
#include "support/vectors.h"
#include "vector/distance.h"

namespace agentmemdb {
namespace {

std::vector<const CodeKernels*> EveryKernel() {
  std::vector<const CodeKernels*> all;
  for (const char* name : {"scalar", "avx2", "avx512", "neon"}) {
    if (const CodeKernels* kernels = CodeKernelsNamed(name)) all.push_back(kernels);
  }
  return all;
}

float Cosine(const std::vector<float>& a, const std::vector<float>& b) {
  const auto dot = [](const std::vector<float>& x, const std::vector<float>& y) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * y[i];
    return sum;
  };
  return static_cast<float>(dot(a, b) / std::sqrt(dot(a, a) * dot(b, b)));
}

// Any number within, the least and the largest often.
void FillQuery(std::span<int8_t> values, int least, int most, Random* random) {
  for (int8_t& value : values) {
    const uint64_t die = random->Below(8);
    value = static_cast<int8_t>(die == 0   ? most
                                : die == 1 ? least
                                           : static_cast<int>(random->Below(most - least + 1)) + least);
  }
}

TEST(CodeKernels, EveryOneGivesTheIntegersOfTheScalarOne) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  constexpr size_t kCodes = 7;  // A group of those that are compared together, and some that are not.
  const CodeKernels& scalar = *CodeKernelsNamed("scalar");
  for (const CodeKernels* kernels : EveryKernel()) {
    for (size_t bytes = 64; bytes <= 4160; bytes += 64) {
      // Sums are the largest where everything is.
      const int extreme = static_cast<int>(random.Below(3)) - 1;
      std::vector<uint8_t> codes(kCodes * 2 * bytes);
      for (uint8_t& code : codes)
        code = static_cast<uint8_t>(extreme != 0 || random.Below(8) == 0 ? 255 : random.Next());
      std::vector<const uint8_t*> each;
      for (size_t c = 0; c < kCodes; ++c) each.push_back(&codes[c * 2 * bytes]);
      std::vector<int32_t> expected(kCodes), dots(kCodes);
      CodeQueryBuffer query(2 * bytes);
      const auto same = [&](CodeDots CodeKernels::*dots_of, int least, int most) {
        FillQuery({query.query.values, 2 * bytes}, extreme > 0 ? most : least, extreme < 0 ? least : most, &random);
        (scalar.*dots_of)(query.query.values, bytes, each.data(), kCodes, expected.data());
        (kernels->*dots_of)(query.query.values, bytes, each.data(), kCodes, dots.data());
        return dots == expected;
      };
      ASSERT_TRUE(same(&CodeKernels::bytes, -kernels->byte_query_max, kernels->byte_query_max))
          << kernels->name << bytes;
      ASSERT_TRUE(same(&CodeKernels::plane, -128, 127)) << kernels->name << " plane " << bytes;
      ASSERT_TRUE(same(&CodeKernels::planes, -128, 127)) << kernels->name << " planes " << bytes;
    }
  }
}

TEST(CodeKernels, EverySketchSumIsThatOfTheBitsThatAreSet) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  constexpr size_t kSketches = 7;  // A group of those that are added together, and some that are not.
  for (const CodeKernels* kernels : EveryKernel()) {
    for (size_t bytes = 8; bytes <= 1024; bytes += 8) {
      CodeQueryBuffer query(8 * bytes);
      const int extreme = static_cast<int>(random.Below(3)) - 1;
      FillQuery({query.query.values, 8 * bytes}, extreme > 0 ? 127 : -128, extreme < 0 ? -128 : 127, &random);
      std::vector<uint8_t> sketches(kSketches * bytes);
      for (uint8_t& byte : sketches)
        byte = static_cast<uint8_t>(extreme != 0 || random.Below(4) == 0 ? 255 : random.Next());
      std::vector<const uint8_t*> each;
      std::vector<int32_t> expected(kSketches), sums(kSketches);
      for (size_t s = 0; s < kSketches; ++s) {
        each.push_back(&sketches[s * bytes]);
        for (size_t i = 0; i < 8 * bytes; ++i) {
          if ((each[s][i / 8] >> (i % 8) & 1) != 0) expected[s] += query.query.values[i];
        }
      }
      kernels->sketch(query.query.values, bytes, each.data(), kSketches, sums.data());
      ASSERT_EQ(sums, expected) << kernels->name << " " << bytes;
    }
  }
}

TEST(CodeKernels, InsertKeepsTheSmallestInOrder) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  constexpr size_t kBefore = 8;
  for (const CodeKernels* kernels : EveryKernel()) {
    for (size_t n = 8; n <= 72; n += 8) {
      alignas(64) std::array<int64_t, kBefore + 72> row;
      row.fill(INT64_MAX);
      std::fill_n(row.begin(), kBefore, INT64_MIN);
      std::vector<int64_t> expected(n, INT64_MAX);
      for (int i = 0; i < 300; ++i) {
        const auto key = static_cast<int64_t>(random.Next() << 1 | random.Below(2));
        const auto place = std::upper_bound(expected.begin(), expected.end(), key);
        const auto index = static_cast<size_t>(place - expected.begin());
        expected.insert(place, key);
        expected.pop_back();
        ASSERT_EQ(kernels->insert(row.data() + kBefore, n, key), index) << kernels->name << " " << n;
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), row.begin() + kBefore)) << kernels->name << " " << n;
        ASSERT_TRUE(std::all_of(row.begin(), row.begin() + kBefore, [](int64_t x) { return x == INT64_MIN; }));
      }
    }
  }
}

TEST(CodeKernels, EveryHadamardGivesTheNumbersOfTheScalarOne) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const CodeKernels* kernels : EveryKernel()) {
    for (size_t size = 1; size <= 8192; size *= 2) {
      std::vector<float> expected = RandomVector(static_cast<uint32_t>(size), &random), values = expected;
      CodeKernelsNamed("scalar")->hadamard(expected.data(), size);
      kernels->hadamard(values.data(), size);
      // Sums and differences only, in the same order: not even the last bit may differ.
      ASSERT_EQ(values, expected) << kernels->name << " " << size;
    }
  }
}

TEST(CodeKernels, HadamardTwiceIsTheSameTimesTheSize) {
  Random random(3);
  for (const CodeKernels* kernels : EveryKernel()) {
    for (size_t size = 1; size <= 4096; size *= 2) {
      const std::vector<float> values = RandomVector(static_cast<uint32_t>(size), &random);
      std::vector<float> twice = values;
      kernels->hadamard(twice.data(), size);
      kernels->hadamard(twice.data(), size);
      for (size_t i = 0; i < size; ++i)
        ASSERT_NEAR(twice[i] / static_cast<float>(size), values[i], 1e-4f) << kernels->name << " " << size;
    }
  }
}

// Every count of dimensions up to 100, those around each change of form, and the largest.
std::vector<uint32_t> SomeDimensions() {
  std::vector<uint32_t> some;
  for (uint32_t d = 1; d <= 100; ++d) some.push_back(d);
  for (const uint32_t d :
       {127u, 128u, 129u, 255u, 256u, 383u, 384u, 385u, 511u, 512u, 768u, 1000u, 1536u, 4097u, 8192u})
    some.push_back(d);
  return some;
}

TEST(CodeFormat, EstimatesTheCosine) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const CodeKernels* kernels : EveryKernel()) {
    for (const uint32_t dimensions : SomeDimensions()) {
      const CodeFormat format(dimensions, *kernels);
      CodeQueryBuffer query(format.query_bytes());
      std::vector<uint8_t> code(format.code_bytes()), own(format.code_bytes());
      const uint8_t* const codes[] = {code.data()};
      // The error of one estimate: two roundings, each of about the clip's 255th part, and what the clip cuts off.
      // The clip of planes is the narrower one.
      const float clipped = format.planes() ? 0.04f : 0.02f;
      const float fine_tolerance = 0.1f / std::sqrt(static_cast<float>(dimensions)) + clipped;
      const float coarse_tolerance = format.planes() ? 0.2f : fine_tolerance;
      for (int round = 0; round < 5; ++round) {
        const std::vector<float> a = RandomVector(dimensions, &random);
        std::vector<float> b = RandomVector(dimensions, &random);
        for (size_t i = 0; i < b.size(); ++i) b[i] = 3 * (a[i] + static_cast<float>(round) * b[i]);
        const float norm = format.Encode(b.data(), code.data());
        EXPECT_NEAR(norm, std::sqrt(-ActiveKernels().negative_dot(b.data(), b.data(), dimensions)), 1e-4f * norm);
        const float cosine = Cosine(a, b);
        int32_t dot;
        const auto estimate = [&dot](float scale, float offset) { return scale * (static_cast<float>(dot) - offset); };
        format.MakeQuery(a.data(), &query.query);
        format.FineDots(query.query, codes, 1, &dot);
        ASSERT_NEAR(estimate(query.query.fine_scale, query.query.fine_offset), cosine, fine_tolerance)
            << kernels->name << " " << dimensions;
        format.CoarseDots(query.query, codes, 1, &dot);
        ASSERT_NEAR(estimate(query.query.coarse_scale, query.query.coarse_offset), cosine, coarse_tolerance)
            << kernels->name << " " << dimensions;
        format.Encode(a.data(), own.data());
        format.MakeQuery(own.data(), &query.query);
        format.FineDots(query.query, codes, 1, &dot);
        ASSERT_NEAR(estimate(query.query.fine_scale, query.query.fine_offset), cosine, fine_tolerance + 0.01f)
            << kernels->name << " " << dimensions;
      }
    }
  }
}

TEST(CodeFormat, ShortVectorsHaveNoSketch) {
  for (const uint32_t dimensions : {1u, 26u, 128u, 383u}) EXPECT_EQ(CodeFormat(dimensions).sketch_bytes(), 0u);
}

TEST(CodeFormat, SketchesEstimateTheCosine) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  constexpr int kPairs = 400;
  for (const CodeKernels* kernels : EveryKernel()) {
    for (const uint32_t dimensions : {384u, 385u, 500u, 768u, 1024u, 1536u, 4097u, 8192u}) {
      const CodeFormat format(dimensions, *kernels);
      ASSERT_GT(format.sketch_bytes(), 0u);
      ASSERT_EQ(format.sketch_bytes() % 8, 0u);
      ASSERT_LE(8 * format.sketch_bytes(), format.query_bytes());
      CodeQueryBuffer query(format.query_bytes());
      std::vector<uint8_t> code(format.code_bytes()), sketch(format.sketch_bytes());
      const uint8_t* const sketches[] = {sketch.data()};
      double sum = 0, squares = 0;
      const int pairs = dimensions > 2000 || kSanitized ? kPairs / 4 : kPairs;
      for (int i = 0; i < pairs; ++i) {
        const std::vector<float> a = RandomVector(dimensions, &random);
        std::vector<float> b = RandomVector(dimensions, &random);
        const float mix = static_cast<float>(i % 4) / 2;
        for (size_t j = 0; j < b.size(); ++j) b[j] += mix * a[j];
        format.Encode(b.data(), code.data());
        format.MakeSketch(code.data(), sketch.data());
        format.MakeQuery(a.data(), &query.query);
        int32_t found;
        format.SketchSums(query.query, sketches, 1, &found);
        const float cosine = Cosine(a, b);
        const float estimate = query.query.sketch_scale * (static_cast<float>(found) - query.query.sketch_offset);
        // In its own standard deviations.
        const double wrong = (estimate - cosine) / (format.sketch_error() * std::sqrt(1 - cosine * cosine));
        sum += wrong;
        squares += wrong * wrong;
        ASSERT_LT(std::abs(wrong), 7) << kernels->name << " " << dimensions;
      }
      EXPECT_NEAR(sum / pairs, 0, 0.6) << kernels->name << " " << dimensions;
      EXPECT_NEAR(std::sqrt(squares / pairs), 1, 0.35) << kernels->name << " " << dimensions;
    }
  }
}

// The padding of each length, and each change from one form of code to the other.
TEST(CodeFormat, EveryKernelGivesTheDotsOfTheScalarOneAtEveryLength) {
  SCOPED_TRACE(SeedNote());
  constexpr uint32_t kLongest = 4097;
  Random random(TestSeed());
  const std::vector<float> row = RandomVector(2 * kLongest, &random);
  for (uint32_t dimensions = 1; dimensions <= kLongest; dimensions += kSanitized && dimensions > 300 ? 41 : 1) {
    const CodeFormat scalar(dimensions, *CodeKernelsNamed("scalar"));
    std::vector<uint8_t> a(scalar.code_bytes()), b(scalar.code_bytes());
    scalar.Encode(row.data() + random.Below(kLongest), a.data());
    scalar.Encode(row.data() + random.Below(kLongest), b.data());
    const uint8_t* const codes[] = {a.data(), b.data()};
    for (const CodeKernels* kernels : EveryKernel()) {
      const CodeFormat format(dimensions, *kernels);
      CodeQueryBuffer query(format.query_bytes());
      format.MakeQuery(a.data(), &query.query);
      int32_t expected[2], dots[2];
      scalar.FineDots(query.query, codes, 2, expected);
      format.FineDots(query.query, codes, 2, dots);
      ASSERT_EQ(std::vector(dots, dots + 2), std::vector(expected, expected + 2)) << kernels->name << " " << dimensions;
      scalar.CoarseDots(query.query, codes, 2, expected);
      format.CoarseDots(query.query, codes, 2, dots);
      ASSERT_EQ(std::vector(dots, dots + 2), std::vector(expected, expected + 2)) << kernels->name << " " << dimensions;
    }
  }
}

// A tenth of the vectors by their codes, the ten nearest of these by the vectors themselves: the way of every search.
std::vector<uint32_t> TenNearest(const CodeFormat& format, const VectorSet& base, const std::vector<float>& query) {
  std::vector<uint8_t> code(format.code_bytes());
  const uint8_t* const codes[] = {code.data()};
  CodeQueryBuffer buffer(format.query_bytes());
  format.MakeQuery(query.data(), &buffer.query);
  std::vector<std::pair<float, uint32_t>> best;
  for (uint32_t i = 0; i < base.count(); ++i) {
    int32_t dot;
    format.Encode(base[i].data(), code.data());
    format.FineDots(buffer.query, codes, 1, &dot);
    best.emplace_back(-buffer.query.fine_scale * (static_cast<float>(dot) - buffer.query.fine_offset), i);
  }
  std::sort(best.begin(), best.end());
  best.resize(best.size() / 10);
  for (auto& [distance, i] : best)
    distance = KernelsNamed("scalar")->negative_dot(base[i].data(), query.data(), format.dimensions());
  std::sort(best.begin(), best.end());
  std::vector<uint32_t> ten;
  for (size_t i = 0; i < 10; ++i) ten.push_back(best[i].second);
  return ten;
}

TEST(CodeFormat, TheTenNearestAreTheSameOnEveryCpu) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const uint32_t dimensions : {100u, 128u, 383u, 384u, 768u}) {
    VectorSet base = RandomVectors(500, dimensions, &random);
    // Unit vectors: a code keeps the direction only.
    for (uint32_t i = 0; i < base.count(); ++i) {
      const std::vector<float> unit = UnitVector(base[i]);
      std::copy(unit.begin(), unit.end(), base.numbers.begin() + static_cast<ptrdiff_t>(i) * dimensions);
    }
    const std::vector<float> query = UnitVector(RandomVector(dimensions, &random));
    const std::vector<uint32_t> expected = ExactNearest(Metric::kIp, base, query, 10);
    for (const CodeKernels* kernels : EveryKernel())
      EXPECT_EQ(TenNearest(CodeFormat(dimensions, *kernels), base, query), expected)
          << kernels->name << " " << dimensions;
  }
}

TEST(CodeFormat, CodesOfOneVectorAreTheSameOnEveryCpu) {
  Random random(5);
  for (const uint32_t dimensions : {1u, 7u, 128u, 384u, 1000u}) {
    const std::vector<float> vector = RandomVector(dimensions, &random);
    std::vector<uint8_t> expected;
    for (const CodeKernels* kernels : EveryKernel()) {
      const CodeFormat format(dimensions, *kernels);
      std::vector<uint8_t> code(format.code_bytes());
      format.Encode(vector.data(), code.data());
      if (expected.empty()) expected = code;
      EXPECT_EQ(code, expected) << kernels->name << " " << dimensions;
    }
  }
}

}  // namespace
}  // namespace agentmemdb
