#include "engine/slot_ids.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "support/seed.h"

namespace agentmemdb {
namespace {

TEST(SlotIds, GiveBackWhatWasSet) {
  SlotIds ids;
  const std::vector<std::string> examples = {
      "a",
      "0123456789abcdef",
      "0123456789abcdefg",
      std::string(512, 'x'),
      "\xc3\xa4",
      "01234567-89ab-cdef-0123-456789abcdef",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "01234567-89AB-cdef-0123-456789abcdef",
      "01234567-89ab-cdef-0123-456789abcdeg",
      "0123456789ab-cdef-0123-456789abcdef--",
      "01234567x89ab-cdef-0123-456789abcdef",
      NewUuidV7(1),
  };
  ids.Reserve(static_cast<uint32_t>(examples.size()));
  for (uint32_t i = 0; i < examples.size(); ++i) ids.Set(Slot{i}, examples[i]);
  for (uint32_t i = 0; i < examples.size(); ++i) EXPECT_EQ(ids.Get(Slot{i}), examples[i]);
}

TEST(SlotIds, FollowAModel) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  SlotIds ids;
  std::map<uint32_t, std::string> model;
  for (int step = 0; step < 5000; ++step) {
    const auto slot = static_cast<uint32_t>(random.Below(300));
    ids.Reserve(slot + 1);
    const std::string id =
        random.Below(3) == 0 ? NewUuidV7(step) : std::string(1 + random.Below(40), static_cast<char>('a' + step % 26));
    ids.Set(Slot{slot}, id);
    model[slot] = id;
    const auto any = std::next(model.begin(), static_cast<long>(random.Below(model.size())));
    ASSERT_EQ(ids.Get(Slot{any->first}), any->second);
  }
}

TEST(SlotIds, OfUuidsAndShortOnesTakeTheirPlaceOnly) {
  SlotIds ids;
  ids.Reserve(1000);
  const size_t before = ids.memory_bytes();
  EXPECT_LE(before, 1000u * 17 * 3 / 2);
  for (uint32_t i = 0; i < 1000; ++i) ids.Set(Slot{i}, i % 2 == 0 ? NewUuidV7(i) : std::to_string(i));
  EXPECT_EQ(ids.memory_bytes(), before);
  ids.Set(Slot{0}, std::string(100, 'x'));
  EXPECT_GT(ids.memory_bytes(), before);
  ids.Set(Slot{0}, "short");
  EXPECT_EQ(ids.memory_bytes(), before);
}

}  // namespace
}  // namespace agentmemdb
