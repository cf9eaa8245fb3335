#include "engine/row_slots.h"

#include <gtest/gtest.h>

#include <map>

#include "support/seed.h"

namespace agentmemdb {
namespace {

TEST(RowSlots, FollowsAMap) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  RowSlots table;
  std::vector<RowId> rows;
  std::map<int64_t, uint32_t> model;
  std::vector<uint32_t> free;
  const auto take_slot = [&] {
    if (!free.empty() && random.Below(3) > 0) {
      const uint32_t slot = free.back();
      free.pop_back();
      return slot;
    }
    rows.emplace_back();
    return static_cast<uint32_t>(rows.size() - 1);
  };
  EXPECT_EQ(table.Find(RowId{1}, rows), std::nullopt);
  for (int step = 0; step < 20000; ++step) {
    // Neighbours, as rows are, and some far apart.
    const int64_t row = static_cast<int64_t>(1 + random.Below(600)) << (random.Below(10) == 0 ? 40 : 0);
    const auto known = model.find(row);
    const std::optional<Slot> found = table.Find(RowId{row}, rows);
    ASSERT_EQ(found.has_value(), known != model.end());
    ASSERT_TRUE(!found || ToInt(*found) == known->second);
    if (!found) {
      const uint32_t slot = take_slot();
      table.Reserve(table.size() + 1, rows);
      rows[slot] = RowId{row};
      table.Add(Slot{slot}, rows);
      model[row] = slot;
    } else if (random.Below(2) == 0) {
      table.Remove(*found, rows);
      free.push_back(known->second);
      model.erase(known);
    } else {
      const uint32_t slot = take_slot();
      rows[slot] = RowId{row};
      table.Replace(*found, Slot{slot}, rows);
      free.push_back(known->second);
      known->second = slot;
    }
    ASSERT_EQ(table.size(), model.size());
  }
  for (const auto& [row, slot] : model) EXPECT_EQ(table.Find(RowId{row}, rows), Slot{slot});
}

TEST(RowSlots, TakesFewBytesARow) {
  RowSlots table;
  std::vector<RowId> rows;
  for (int i = 0; i < 100000; ++i) {
    table.Reserve(table.size() + 1, rows);
    rows.push_back(RowId{i + 1});
    table.Add(Slot{static_cast<uint32_t>(i)}, rows);
  }
  EXPECT_LE(table.memory_bytes(), 12u * rows.size());
}

}  // namespace
}  // namespace agentmemdb
