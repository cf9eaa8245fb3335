// Floors of recall on real vectors, through the whole engine. Skipped when the data is not there; the index has a test on
// generated vectors.
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
    EXPECT_EQ(output.found.used_graph(), !exact);
    EXPECT_EQ(output.hits.size(), 10u);
    const double tenth = ExactRaw(Metric::kL2, base[truth[i][9]], queries[i]);
    for (const Hit& hit : output.hits) {
      if (ExactRaw(Metric::kL2, base[std::stoul(hit.record.id)], queries[i]) <= tenth) sum += 0.1;
    }
  }
  return sum / queries.count();
}

TEST(Sift, IsRecalledByTheGraphAndExactlyByTheExactSearch) {
  const std::optional<std::string> folder = DataFolder("sift5k");
  if (!folder) GTEST_SKIP() << "there is no ../shared/data/sift5k; set AGENTMEMDB_DATA";
  const VectorSet base = ReadFvecs(*folder + "/base.fvecs");
  const VectorSet queries = ReadFvecs(*folder + "/query.fvecs"), others = ReadFvecs(*folder + "/query_ood.fvecs");
  const auto truth = ReadIvecs(*folder + "/query_gt_l2.ivecs"),
             other_truth = ReadIvecs(*folder + "/query_ood_gt_l2.ivecs");

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
    std::printf("  %s: recall@10 at ef 50 %.4f, out of distribution %.4f\n", state, near, far);
    EXPECT_GE(near, 0.98);
    EXPECT_GE(far, 0.85);
    EXPECT_NEAR(MeanRecall(db, c, base, queries, truth, true), 1.0, 1e-9);
    EXPECT_NEAR(MeanRecall(db, c, base, others, other_truth, true), 1.0, 1e-9);
    if (kSanitized) break;
  }
}

}  // namespace
}  // namespace agentmemdb
