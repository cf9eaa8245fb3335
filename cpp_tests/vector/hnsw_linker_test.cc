#include "vector/hnsw_linker.h"

#include <gtest/gtest.h>

#include <set>

#include "support/built_graph.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

TEST(HnswLinker, BuildsTheSameGraphWithAnyNumberOfThreads) {
  Random random(1);
  const VectorSet base = ClusteredVectors(kSanitized ? 1500 : 4000, 24, 40, &random);
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    const BuiltGraph one(metric, base, 8, 1), three(metric, base, 8, 3);
    EXPECT_EQ(one.nodes().entry().node, three.nodes().entry().node);
    EXPECT_EQ(one.distance_growth(), three.distance_growth());
    for (uint32_t node = 0; node < base.count(); ++node) {
      ASSERT_EQ(one.nodes().LevelOf(node), three.nodes().LevelOf(node));
      for (int level = 0; level <= one.nodes().LevelOf(node); ++level)
        ASSERT_EQ(one.Links(node, level), three.Links(node, level)) << "node " << node << " level " << level;
    }
  }
}

TEST(HnswLinker, LinksAreFewValidAndWithoutRepetition) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const VectorSet base = ClusteredVectors(2000, 16, 30, &random);
  const BuiltGraph graph(Metric::kL2, base, 6, 2);
  size_t on_upper_levels = 0;
  for (uint32_t node = 0; node < base.count(); ++node) {
    for (int level = 0; level <= graph.nodes().LevelOf(node); ++level) {
      const std::vector<uint32_t> links = graph.Links(node, level);
      ASSERT_LE(links.size(), level == 0 ? 12u : 6u);
      ASSERT_EQ(std::set(links.begin(), links.end()).size(), links.size());
      for (const uint32_t link : links) {
        ASSERT_LT(link, base.count());
        ASSERT_NE(link, node);
        ASSERT_GE(graph.nodes().LevelOf(link), level);
      }
      on_upper_levels += level > 0;
    }
    ASSERT_TRUE(graph.Links(node, graph.nodes().LevelOf(node) + 1).empty());
  }
  // A sixth of all on level 1, give or take.
  EXPECT_GT(on_upper_levels, 200u);
  EXPECT_LT(on_upper_levels, 700u);
}

// Around a point of a space of d dimensions there are as many points as the d-th power of the distance.
TEST(HnswLinker, TellsHowFastDistancesGrow) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  float before = 1;
  for (const uint32_t dimensions : {2u, 4u, 8u, 16u}) {
    const BuiltGraph graph(Metric::kL2, RandomVectors(4000, dimensions, &random), 12, 2);
    const float even = 1 / static_cast<float>(dimensions);
    EXPECT_GT(graph.distance_growth(), 0.7f * even) << dimensions;  // Where there are few points distances grow faster.
    EXPECT_LT(graph.distance_growth(), 1.6f * even) << dimensions;
    EXPECT_LT(graph.distance_growth(), before);
    before = graph.distance_growth();
  }
  EXPECT_EQ(BuiltGraph(Metric::kIp, RandomVectors(500, 4, &random), 12, 2).distance_growth(), 0) << "no distances";
  EXPECT_EQ(BuiltGraph(Metric::kL2, RandomVectors(30, 4, &random), 12, 2).distance_growth(), 0) << "too few";
}

TEST(HnswLinker, TakesBatchesThatAreSmallBesideTheGraph) {
  EXPECT_EQ(HnswLinker::BatchMax(0), 1u);
  EXPECT_EQ(HnswLinker::BatchMax(199), 1u);
  EXPECT_EQ(HnswLinker::BatchMax(2000), 10u);
  EXPECT_EQ(HnswLinker::BatchMax(uint64_t{1} << 40), 1024u);
}

}  // namespace
}  // namespace agentmemdb
