#include "vector/candidate_pool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

using Pair = std::pair<float, uint32_t>;

std::vector<Pair> Pairs(const CandidatePool& pool) {
  std::vector<Candidate> candidates;
  pool.CopyTo(&candidates);
  std::vector<Pair> pairs;
  for (const Candidate& candidate : candidates) pairs.emplace_back(candidate.raw, candidate.node);
  return pairs;
}

TEST(CandidatePool, HoldsTheNearestWithTheirDistances) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  CandidatePool pool;
  for (const uint32_t most : {1u, 7u, 8u, 9u, 64u, 65u, 200u, 3u}) {
    pool.Reset(most);
    std::vector<Pair> all;
    for (uint32_t i = 0; i < 500; ++i) {
      // Both signs, large and tiny, and many ties.
      const float raw =
          i % 3 == 0 ? static_cast<float>(random.Below(5)) - 2 : static_cast<float>(random.Unit() - 0.5) * 1e-3f;
      const uint32_t node = i * 4'294'967u;
      all.emplace_back(raw == 0 ? 0.0f : raw, node);
      const auto key = CandidatePool::KeyOf({all.back().first, node});
      if (key < pool.bound()) pool.Insert(key);
    }
    std::sort(all.begin(), all.end());
    all.resize(most);
    EXPECT_EQ(Pairs(pool), all) << most;
  }
}

TEST(CandidatePool, ExpandsTheNearestFirstAndEachOnce) {
  CandidatePool pool;
  pool.Reset(4);
  uint32_t node = 0;
  EXPECT_FALSE(pool.HasNext());
  EXPECT_FALSE(pool.Expand(&node));
  const auto insert = [&pool](float raw, uint32_t n) { pool.Insert(CandidatePool::KeyOf({raw, n})); };
  insert(-1, 10);
  insert(-3, 11);
  insert(-3, 12);  // A tie.
  ASSERT_TRUE(pool.Expand(&node));
  EXPECT_EQ(node, 11u);
  insert(-4, 13);  // Before one that was expanded.
  insert(5, 14);   // Out: there are four.
  std::vector<uint32_t> next;
  pool.PeekNext(2, [&next](uint32_t n) { next.push_back(n); });
  EXPECT_EQ(next, (std::vector<uint32_t>{13, 12}));
  for (const uint32_t expected : {13u, 12u, 10u}) {
    ASSERT_TRUE(pool.Expand(&node));
    EXPECT_EQ(node, expected);
  }
  EXPECT_FALSE(pool.Expand(&node));
  EXPECT_EQ(Pairs(pool), (std::vector<Pair>{{-4, 13}, {-3, 11}, {-3, 12}, {-1, 10}}));
}

}  // namespace
}  // namespace agentmemdb
