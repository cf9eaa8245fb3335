#include "vector/hnsw_linker.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "support/seed.h"
#include "support/vectors.h"

namespace agentmemdb {
namespace {

// A graph over all of `base`, built by so many threads.
class Built {
 public:
  Built(Metric metric, const VectorSet& base, uint32_t m, int threads)
      : format_(base.dimensions),
        nodes_(m, format_.code_bytes()),
        distances_(metric, &format_, &nodes_),
        linker_(&nodes_, &distances_, 80) {
    nodes_.Reserve(base.count());
    for (uint32_t i = 0; i < base.count(); ++i) nodes_.set_norm(i, format_.Encode(base[i].data(), nodes_.Code(i)));
    for (uint32_t begin = 0; begin < base.count();) {
      const uint32_t end = std::min(base.count(), begin + HnswLinker::BatchMax(begin));
      std::vector<uint32_t> batch;
      for (uint32_t i = begin; i < end; ++i) batch.push_back(i);
      linker_.Begin(batch);
      std::vector<std::thread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([this] { Work(); });
      Work();
      for (std::thread& other : others) other.join();
      begin = end;
    }
  }

  const HnswNodes& nodes() const { return nodes_; }
  std::vector<uint32_t> Links(uint32_t node, int level) const {
    const LinkList list = nodes_.Links(node, level);
    std::vector<uint32_t> links;
    for (uint32_t i = 0; i < list.count(); ++i) links.push_back(list[i]);
    return links;
  }

 private:
  void Work() {
    while (linker_.Work() != HnswLinker::Progress::kDone) {
    }
  }

  CodeFormat format_;
  HnswNodes nodes_;
  CodeDistances distances_;
  HnswLinker linker_;
};

TEST(HnswLinker, BuildsTheSameGraphWithAnyNumberOfThreads) {
  Random random(1);
  const VectorSet base = ClusteredVectors(kSanitized ? 1500 : 4000, 24, 40, &random);
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    const Built one(metric, base, 8, 1), three(metric, base, 8, 3);
    EXPECT_EQ(one.nodes().entry().node, three.nodes().entry().node);
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
  const Built graph(Metric::kL2, base, 6, 2);
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

TEST(HnswLinker, TakesBatchesThatAreSmallBesideTheGraph) {
  EXPECT_EQ(HnswLinker::BatchMax(0), 1u);
  EXPECT_EQ(HnswLinker::BatchMax(199), 1u);
  EXPECT_EQ(HnswLinker::BatchMax(2000), 10u);
  EXPECT_EQ(HnswLinker::BatchMax(uint64_t{1} << 40), 1024u);
}

}  // namespace
}  // namespace agentmemdb
