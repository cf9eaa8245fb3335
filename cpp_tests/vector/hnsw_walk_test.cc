#include "vector/hnsw_walk.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "support/built_graph.h"
#include "support/index_under_test.h"
#include "support/seed.h"
#include "vector/hnsw_index.h"
#include "vector/hnsw_links.h"

namespace agentmemdb {
namespace {

std::vector<Candidate> Walk(const BuiltGraph& graph, VectorView query, const HnswWalk::Options& options) {
  CodeQueryBuffer buffer(graph.format().query_bytes());
  const float norm = graph.format().MakeQuery(query.data(), &buffer.query);
  const CodeTarget target{buffer.query, norm};
  const uint32_t from = DescendTo(options.level, graph.distances(), target, options.fine);
  HnswWalk walk;
  walk.Begin(graph.distances(), target, std::span(&from, 1), options);
  while (walk.Step()) {
  }
  return {walk.found().begin(), walk.found().end()};
}

TEST(CodeDistances, DropFarKeepsNearlyAllThatAreNear) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  VectorSet base = ClusteredVectors(600, 400, 5, &random);
  for (const bool unit : {true, false}) {
    for (uint32_t i = 0; i < base.count(); ++i) {
      const float length = unit ? 1.0f : static_cast<float>(0.5 + random.Unit());
      const double norm = std::sqrt(SquaredNorm(base[i]));
      for (uint32_t d = 0; d < base.dimensions; ++d)
        base.numbers[i * base.dimensions + d] *= length / static_cast<float>(norm);
    }
    for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
      const BuiltGraph graph(metric, base, 8, 1);
      size_t near = 0, near_kept = 0, far = 0, far_kept = 0;
      for (int round = 0; round < 40; ++round) {
        CodeQueryBuffer buffer(graph.format().query_bytes());
        const float norm = graph.format().MakeQuery(base[random.Below(600)].data(), &buffer.query);
        const CodeTarget target{buffer.query, norm};
        std::vector<uint32_t> nodes;
        for (uint32_t i = 0; i < base.count(); ++i) nodes.push_back(i);
        std::vector<float> raws(nodes.size());
        graph.distances().Compare(target, true, nodes, raws.data());
        std::vector<float> sorted = raws;
        std::sort(sorted.begin(), sorted.end());
        const float bound = sorted[60];
        std::vector<uint32_t> kept = nodes;
        ASSERT_EQ(graph.distances().DropFar(target, std::numeric_limits<float>::infinity(), kept), nodes.size());
        kept.resize(graph.distances().DropFar(target, bound, kept));
        ASSERT_TRUE(std::is_sorted(kept.begin(), kept.end()));
        const auto has = [&kept](uint32_t node) { return std::binary_search(kept.begin(), kept.end(), node); };
        for (const uint32_t node : nodes) {
          near += raws[node] < bound;
          near_kept += raws[node] < bound && has(node);
          far += raws[node] > sorted[400];
          far_kept += raws[node] > sorted[400] && has(node);
        }
      }
      EXPECT_GE(static_cast<double>(near_kept), 0.8 * static_cast<double>(near)) << MetricName(metric) << " " << unit;
      EXPECT_LE(static_cast<double>(far_kept), 0.5 * static_cast<double>(far)) << MetricName(metric) << " " << unit;
    }
  }
}

// Vectors that differ less and less: the bound comes near cosine 1, where a sketch is wrong in another way.
TEST(CodeDistances, DropFarKeepsNearlyAllThatAreNearAmongNearDuplicates) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const uint32_t dimensions : {384u, 768u, 1536u}) {
    for (const float noise : {1.0f, 0.4f, 0.15f, 0.05f, 0.02f}) {
      const std::vector<float> common = RandomVector(dimensions, &random);
      const auto make = [&] {
        std::vector<float> vector = RandomVector(dimensions, &random);
        for (uint32_t d = 0; d < dimensions; ++d) vector[d] = common[d] + noise * vector[d];
        return UnitVector(vector);
      };
      VectorSet base{dimensions, {}};
      for (int i = 0; i < 300; ++i) {
        const std::vector<float> vector = make();
        base.numbers.insert(base.numbers.end(), vector.begin(), vector.end());
      }
      const BuiltGraph graph(Metric::kCosine, base, 8, 1);
      std::vector<uint32_t> nodes(base.count());
      std::iota(nodes.begin(), nodes.end(), 0);
      size_t near = 0, near_kept = 0;
      for (int round = 0; round < 20; ++round) {
        CodeQueryBuffer buffer(graph.format().query_bytes());
        const float norm = graph.format().MakeQuery(make().data(), &buffer.query);
        const CodeTarget target{buffer.query, norm};
        std::vector<float> raws(nodes.size());
        graph.distances().Compare(target, true, nodes, raws.data());
        std::vector<float> sorted = raws;
        std::sort(sorted.begin(), sorted.end());
        std::vector<uint32_t> kept = nodes;
        kept.resize(graph.distances().DropFar(target, sorted[20], kept));
        near += 20;
        near_kept += static_cast<size_t>(
            std::count_if(kept.begin(), kept.end(), [&](uint32_t node) { return raws[node] < sorted[20]; }));
      }
      EXPECT_GT(static_cast<double>(near_kept), 0.75 * static_cast<double>(near)) << dimensions << " " << noise;
    }
  }
}

TEST(CodeDistances, FartherByIsSoManyTimesAsFar) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const VectorSet any = RandomVectors(50, 24, &random);
  VectorSet units{24, {}};
  for (uint32_t i = 0; i < any.count(); ++i) {
    const std::vector<float> unit = UnitVector(any[i]);
    units.numbers.insert(units.numbers.end(), unit.begin(), unit.end());
  }
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    for (const VectorSet& base : {any, units}) {
      const BuiltGraph graph(metric, base, 8, 1);
      const CodeDistances& distances = graph.distances();
      CodeQueryBuffer buffer(graph.format().query_bytes());
      // By ip the length of the query changes every distance, and no ratio.
      std::vector<float> query = RandomVector(24, &random);
      if (metric == Metric::kCosine) query = UnitVector(query);
      const float norm = graph.format().MakeQuery(query.data(), &buffer.query);
      const CodeTarget target{buffer.query, norm};
      const auto raw_at = [&](float cosine) {
        return metric == Metric::kCosine ? -cosine
               : metric == Metric::kIp   ? -norm * cosine
                                         : 2 * norm * norm * (1 - cosine);
      };
      const float raw = raw_at(0.6f);
      if (metric == Metric::kIp && !graph.nodes().unit()) {
        EXPECT_EQ(distances.FartherBy(1.2f, target, raw), std::numeric_limits<float>::infinity());
        EXPECT_EQ(distances.RatioOf(target, raw, raw_at(0.1f)), 0);
        continue;
      }
      EXPECT_NEAR(distances.FartherBy(1.5f, target, raw), raw_at(0.1f), 1e-4 * norm * norm) << MetricName(metric);
      EXPECT_NEAR(distances.RatioOf(target, raw, raw_at(0.1f)), 1.5, 1e-4) << MetricName(metric);
      EXPECT_GT(distances.FartherBy(1, target, raw_at(1)), raw_at(1)) << "codes cannot tell so exactly";
      EXPECT_EQ(distances.RatioOf(target, raw_at(1), raw), 0) << "no multiple of nothing";
    }
  }
}

TEST(HnswWalk, StopsWhereNothingNearerIsInReach) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (const uint32_t dimensions : {32u, 400u}) {  // Without sketches, and with.
    const VectorSet base = ClusteredVectors(1500, dimensions, 20, &random);
    const BuiltGraph graph(Metric::kL2, base, 12, 1);
    HnswWalk::Options all{0, 200, true, nullptr}, far = all, near = all;
    far.k = near.k = 10;
    far.reach = 100;
    near.reach = 1.05f;
    double same = 0;
    size_t found_near = 0, within = 0;
    for (int i = 0; i < 50; ++i) {
      const VectorView query = base[random.Below(base.count())];
      const std::vector<Candidate> everything = Walk(graph, query, all), reached = Walk(graph, query, near);
      ASSERT_EQ(Walk(graph, query, far).size(), everything.size());
      ASSERT_GE(reached.size(), 10u);
      same += Recall(NodesOf(everything), NodesOf(reached), 10) / 50;
      found_near += reached.size();
      for (const Candidate& candidate : everything) within += candidate.raw <= 1.05f * 1.05f * everything[9].raw;
    }
    EXPECT_GE(same, 0.9);
    EXPECT_LT(found_near, 50u * 150u);
    EXPECT_GE(found_near, within * 8 / 10) << "what is in reach is found";
  }
}

TEST(HnswWalk, FindsTheNearestInOrderEachOnce) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const VectorSet base = ClusteredVectors(1500, 32, 20, &random);
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    const BuiltGraph graph(metric, base, 12, 1);
    double recall = 0;
    for (int i = 0; i < 50; ++i) {
      const VectorView query = base[random.Below(base.count())];
      const std::vector<Candidate> found = Walk(graph, query, {0, 60, true, nullptr});
      ASSERT_EQ(found.size(), 60u);
      std::vector<uint32_t> nodes;
      for (size_t j = 0; j < found.size(); ++j) {
        ASSERT_LE(found[j == 0 ? 0 : j - 1].raw, found[j].raw);
        nodes.push_back(found[j].node);
      }
      recall += Recall(ExactNearest(metric, base, query, 10), nodes, 10) / 50;
      std::sort(nodes.begin(), nodes.end());
      ASSERT_EQ(std::adjacent_find(nodes.begin(), nodes.end()), nodes.end());
    }
    EXPECT_GE(recall, metric == Metric::kIp ? 0.6 : 0.9) << MetricName(metric);
  }
}

TEST(HnswWalk, InTwoHopsKeepsToWhatIsAllowed) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const VectorSet base = ClusteredVectors(1500, 16, 20, &random);
  const BuiltGraph graph(Metric::kL2, base, 12, 1);
  IdSet allowed;
  VectorSet some{16, {}};
  std::vector<uint32_t> number;  // in base, by place in some
  for (uint32_t i = 0; i < base.count(); ++i) {
    if (random.Below(5) != 0) continue;
    allowed.Add(Slot{i});
    some.numbers.insert(some.numbers.end(), base[i].begin(), base[i].end());
    number.push_back(i);
  }
  double recall = 0;
  for (int i = 0; i < 50; ++i) {
    const VectorView query = base[random.Below(base.count())];
    const std::vector<Candidate> found = Walk(graph, query, {0, 60, true, &allowed});
    std::vector<uint32_t> nodes;
    size_t others = 0;
    for (const Candidate& candidate : found) {
      others += !allowed.Contains(Slot{candidate.node});
      nodes.push_back(candidate.node);
    }
    ASSERT_LE(others, 1u) << "the one it began at";
    std::vector<uint32_t> expected = ExactNearest(Metric::kL2, some, query, 10);
    for (uint32_t& place : expected) place = number[place];
    recall += Recall(expected, nodes, 10) / 50;
  }
  EXPECT_GE(recall, 0.85);
}

// Every way of answering under a filter gives exactly min(k, allowed) of what is allowed, and the near ones.
TEST(HnswIndex, AnswersUnderFiltersOfEveryShare) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const uint32_t count = kSanitized ? 14000 : 60000;
  IndexUnderTest index(std::make_unique<HnswIndex>(Metric::kCosine, 16, HnswConfig{12, 60, 0}), Metric::kCosine);
  const VectorSet base = ClusteredVectors(count, 16, 50, &random);
  index.AddAll(base);
  index.LinkAll();
  index.AddAll(ClusteredVectors(count / 20, 16, 50, &random));  // Stays in the tail.
  for (uint32_t slot = 0; slot < count; slot += 40) index.Remove(Slot{slot});
  std::vector<int> used(4);
  for (const double share : {0.9, 0.5, 0.18, 0.1, 0.02, 0.001, 0.0}) {
    for (const bool correlated : {false, true}) {
      // Correlated: everything on one side of a plane, which many queries are far from.
      const std::vector<float> direction = RandomVector(16, &random);
      std::vector<std::pair<double, uint32_t>> order;
      for (uint32_t slot = 0; slot < index.slots(); ++slot)
        order.emplace_back(correlated && slot < count ? ExactRaw(Metric::kIp, base[slot], direction) : random.Unit(),
                           slot);
      std::sort(order.begin(), order.end());
      IdSet allowed;
      for (size_t i = 0; i < static_cast<size_t>(share * static_cast<double>(order.size())); ++i)
        allowed.Add(Slot{order[i].second});
      double recall = 0;
      for (int i = 0; i < 20; ++i) {
        const std::vector<float> query = RandomVector(16, &random);
        const VectorSearchResult found = index.SearchAmong(allowed, query, 10, 20);
        const VectorSearchResult exact = index.SearchAmong(allowed, query, 10, 20, true);
        ++used[static_cast<size_t>(found.strategy)];
        ASSERT_EQ(found.neighbors.size(), exact.neighbors.size()) << share;
        for (const Neighbor& neighbor : found.neighbors) {
          ASSERT_TRUE(allowed.Contains(neighbor.slot));
          recall += neighbor.raw <= exact.neighbors.back().raw + 1e-6f
                        ? 0.05 / static_cast<double>(exact.neighbors.size())
                        : 0;
        }
      }
      if (allowed.empty()) continue;
      EXPECT_GE(recall, 0.35) << share  // Queries are from anywhere, and ef is small.
                              << (correlated ? " correlated" : "");
    }
  }
  for (size_t strategy = 0; strategy < used.size(); ++strategy) {
    if (kSanitized && strategy == static_cast<size_t>(Strategy::kTwoHop)) continue;  // Needs more vectors.
    EXPECT_GT(used[strategy], 0) << strategy;
  }
}

}  // namespace
}  // namespace agentmemdb
