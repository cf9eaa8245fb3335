// Floors of recall through the whole engine: on real vectors where they are at hand, else on generated ones.
#include <gtest/gtest.h>

#include <cstdio>

#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

// Mean recall@10 at ef 50 over the queries; asserts that the graph answers, or the exact search. A neighbour as near as the
// tenth counts, whichever of equals it is: these vectors are whole numbers, and tie.
double MeanRecall(const TestDatabase& db, CollectionId c, const VectorSet& base, const VectorSet& queries,
                  const std::vector<std::vector<uint32_t>>& truth, bool exact) {
  double sum = 0;
  for (uint32_t i = 0; i < queries.count(); ++i) {
    SearchQuery query;
    query.vector.assign(queries[i].begin(), queries[i].end());
    query.ef = 50;
    query.exact = exact;
    const SearchOutput output = Require(Search(db.get(), c, query, {}));
    EXPECT_EQ(output.found->used_graph(), !exact);
    EXPECT_EQ(output.hits.size(), 10u);
    const double tenth = ExactRaw(Metric::kL2, base[truth[i][9]], queries[i]);
    for (const Hit& hit : output.hits) {
      if (ExactRaw(Metric::kL2, base[std::stoul(hit.record.id)], queries[i]) <= tenth) sum += 0.1;
    }
  }
  return sum / queries.count();
}

struct Example {
  VectorSet base, queries, others;
  std::vector<std::vector<uint32_t>> truth, other_truth;
  double near_floor, far_floor;
};

Example RealExample(const std::string& folder) {
  return {ReadFvecs(folder + "/base.fvecs"),
          ReadFvecs(folder + "/query.fvecs"),
          ReadFvecs(folder + "/query_ood.fvecs"),
          ReadIvecs(folder + "/query_gt_l2.ivecs"),
          ReadIvecs(folder + "/query_ood_gt_l2.ivecs"),
          0.98,
          0.85};
}

// Queries near the clusters, and others anywhere.
Example GeneratedExample() {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  VectorSet all = ClusteredVectors(5100, 32, 60, &random);
  Example example{{32, {}}, {32, {}}, RandomVectors(100, 32, &random), {}, {}, 0.95, 0.85};
  example.base.numbers.assign(all.numbers.begin(), all.numbers.begin() + 5000 * 32);
  example.queries.numbers.assign(all.numbers.begin() + 5000 * 32, all.numbers.end());
  for (uint32_t i = 0; i < 100; ++i) {
    example.truth.push_back(ExactNearest(Metric::kL2, example.base, example.queries[i], 10));
    example.other_truth.push_back(ExactNearest(Metric::kL2, example.base, example.others[i], 10));
  }
  return example;
}

TEST(RecallOfTheEngine, IsHighByTheGraphAndFullByTheExactSearch) {
  const std::optional<std::string> folder = DataFolder("sift5k");
  const Example example = folder ? RealExample(*folder) : GeneratedExample();
  const auto& [base, queries, others, truth, other_truth, near_floor, far_floor] = example;

  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  CollectionRequest request = Graph(base.dimensions, Metric::kL2, 0);
  request.hnsw_m = 16;
  request.hnsw_ef_construction = 200;
  const CollectionId c = db.Create("sift", request);
  std::vector<TestRecord> records;
  for (uint32_t i = 0; i < base.count(); ++i)
    records.push_back({std::to_string(i), {base[i].begin(), base[i].end()}, {}, {}});
  db.Add(c, std::move(records));

  for (const char* state : {"loaded", "closed and reopened", "dropped without closing and reopened"}) {
    if (state[0] == 'd') db.Drop();
    if (state[0] != 'l') db.Reopen();
    db.Link();
    const double near = MeanRecall(db, c, base, queries, truth, false),
                 far = MeanRecall(db, c, base, others, other_truth, false);
    std::printf("  %s, %s: recall@10 at ef 50 %.4f, out of distribution %.4f\n", folder ? "sift5k" : "generated", state,
                near, far);
    EXPECT_GE(near, near_floor);
    EXPECT_GE(far, far_floor);
    EXPECT_NEAR(MeanRecall(db, c, base, queries, truth, true), 1.0, 1e-9);
    EXPECT_NEAR(MeanRecall(db, c, base, others, other_truth, true), 1.0, 1e-9);
    if (kSanitized) break;
  }
}

}  // namespace
}  // namespace agentmemdb
