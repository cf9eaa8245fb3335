// Twenty rounds of replacing a tenth leave a graph as good as a fresh one: on real vectors where they are at hand, and on many.
#include "support/churn.h"

#include <cstdio>

#include "support/seed.h"

namespace agentmemdb {
namespace {

const HnswConfig kConfig{16, 200, 0};
constexpr int kRounds = kSanitized ? 2 : 20;
constexpr uint32_t kEf = 100;
constexpr int kQueries = kSanitized ? 50 : 500;

void ExpectAsGoodAsFresh(Churn* churn, bool delete_first, float noise, double self_floor) {
  for (int round = 0; round < kRounds; ++round) {
    churn->Replace(0.1, delete_first);
    const VectorIndexCheck check = churn->graph().Check();
    ASSERT_EQ(check.wrong_links, 0u) << "round " << round;
    ASSERT_EQ(check.unreachable, 0u) << "round " << round;
  }
  const IndexUnderTest fresh = churn->Fresh();
  Random queries(7), same_queries(7);
  const double after = churn->Recall(churn->index(), kEf, kQueries, noise, &queries);
  EXPECT_GE(churn->SelfFound(churn->index()), self_floor);
  const double expected = churn->Recall(fresh, kEf, kQueries, noise, &same_queries);
  std::printf("  %u x %u, %s: recall@10 after %d rounds %.4f, of a fresh graph %.4f\n", churn->index().count(),
              churn->dimensions(), delete_first ? "deleted and added" : "updated", kRounds, after, expected);
  EXPECT_GE(after, expected - 0.005);
}

class ChurnOfManyRounds : public testing::TestWithParam<bool> {};

TEST_P(ChurnOfManyRounds, OfSift) {
  const std::optional<std::string> folder = DataFolder("sift5k");
  if (!folder || kSanitized) return;  // The data are not part of the repository; generated ones are tested below.
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const VectorSet vectors = ReadFvecs(*folder + "/base.fvecs");
  Churn churn(Metric::kL2, kConfig, vectors, vectors.count() / 10 * 9, &random);
  ExpectAsGoodAsFresh(&churn, GetParam(), 10, 0.999);
}

TEST_P(ChurnOfManyRounds, OfGeneratedVectors) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  constexpr uint32_t kCount = kSanitized ? 500 : 20000;
  Churn churn(Metric::kCosine, kConfig, ClusteredVectors(2 * kCount, 64, 200, &random), kCount, &random);
  ExpectAsGoodAsFresh(&churn, GetParam(), 0.3f, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, ChurnOfManyRounds, testing::Values(false, true),
                         [](const auto& each) { return each.param ? "DeletedFirst" : "Updated"; });

}  // namespace
}  // namespace agentmemdb
