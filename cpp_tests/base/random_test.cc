#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace agentmemdb {
namespace {

constexpr TimeMs kNow = 1767225600000;

TimeMs TimeOf(const std::string& uuid) { return std::stoll(uuid.substr(0, 8) + uuid.substr(9, 4), nullptr, 16); }

TEST(UuidV7, HasTheFormOfVersion7) {
  // x: any digit. v: the variant.
  const std::string form = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx";
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = NewUuidV7(kNow);
    ASSERT_EQ(uuid.size(), form.size());
    for (size_t at = 0; at < form.size(); ++at) {
      const std::string allowed = form[at] == 'x' ? "0123456789abcdef" : form[at] == 'v' ? "89ab" : form.substr(at, 1);
      EXPECT_NE(allowed.find(uuid[at]), std::string::npos) << uuid << " at " << at;
    }
  }
}

TEST(UuidV7, AscendsWithinAMillisecondAndAcrossItsSequence) {
  std::string last = NewUuidV7(kNow + 10);
  for (int i = 0; i < 10000; ++i) {
    const std::string next = NewUuidV7(kNow + 10);
    ASSERT_LT(last, next);
    last = next;
  }
  EXPECT_LE(TimeOf(last), kNow + 13) << "4,096 ids a millisecond";
}

TEST(UuidV7, AscendsWhenTheClockStepsBack) {
  const std::string before = NewUuidV7(kNow + 5000);
  const std::string after = NewUuidV7(kNow);
  const std::string later = NewUuidV7(kNow + 60000);
  EXPECT_LT(before, after);
  EXPECT_LT(after, later);
  EXPECT_EQ(TimeOf(later), kNow + 60000) << "follows the clock again once that is ahead";
}

TEST(UuidV7, IsNeverGivenTwiceToThreads) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 2000; ++i) mine.push_back(NewUuidV7(kNow));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 8000u);
}

TEST(Random, RepeatsWithItsSeedAndStaysInBounds) {
  Random a(7), b(7), other(8);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = a.Next();
    ASSERT_EQ(number, b.Next());
    differs = differs || number != other.Next();
    const double unit = a.Unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    b.Next();
    ASSERT_LT(other.Below(3), 3u);
  }
  EXPECT_TRUE(differs);
}

TEST(Random, TheSystemsNumbersDoNotRepeat) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 10000; ++i) seen.insert(RandomU64());  // More than one seed of the system's.
  EXPECT_EQ(seen.size(), 10000u);
}

}  // namespace
}  // namespace agentmemdb
