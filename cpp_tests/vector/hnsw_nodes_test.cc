#include "vector/hnsw_nodes.h"

#include <gtest/gtest.h>

namespace agentmemdb {
namespace {

constexpr size_t kCodeBytes = 64;

TEST(HnswNodes, KeepsNorms) {
  HnswNodes nodes(16, kCodeBytes, 0);
  nodes.Reserve(4);
  EXPECT_TRUE(nodes.unit());
  EXPECT_EQ(nodes.Norm(3), 1);  // as long as nobody says otherwise

  const size_t unit_bytes = nodes.memory_bytes();
  nodes.set_norm(0, 1.00005f);  // as nearly as a code can tell
  EXPECT_TRUE(nodes.unit());
  EXPECT_EQ(nodes.Norm(0), 1);
  EXPECT_EQ(nodes.memory_bytes(), unit_bytes);

  for (const float norm : {0.0f, 1e-30f, 0.999f, 2.5f, 3e18f}) {
    nodes.set_norm(1, norm);
    EXPECT_EQ(nodes.Norm(1), norm);
  }
  EXPECT_FALSE(nodes.unit());
  EXPECT_GT(nodes.memory_bytes(), unit_bytes);
  nodes.set_norm(1, 1);
  EXPECT_EQ(nodes.Norm(1), 1);
  EXPECT_FALSE(nodes.unit());  // Some node may still have another.

  nodes.Reserve(100'000);
  EXPECT_EQ(nodes.Norm(0), 1);
  EXPECT_EQ(nodes.Norm(99'999), 1);
}

}  // namespace
}  // namespace agentmemdb
