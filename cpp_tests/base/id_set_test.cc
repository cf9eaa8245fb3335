#include "base/id_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <vector>

#include "support/seed.h"

namespace agentmemdb {
namespace {

std::vector<uint32_t> Members(const IdSet& set) {
  std::vector<uint32_t> members;
  set.ForEach([&](Slot slot) { members.push_back(ToInt(slot)); });
  return members;
}

IdSet Of(const std::vector<uint32_t>& slots) {
  IdSet set;
  for (const uint32_t slot : slots) set.Add(Slot{slot});
  return set;
}

TEST(IdSet, StartsEmpty) {
  const IdSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.Count(), 0u);
  EXPECT_EQ(set.Bound(), 0u);
  EXPECT_FALSE(set.Contains(Slot{0}));
  EXPECT_FALSE(set.Next(Slot{0}));
  EXPECT_TRUE(Members(set).empty());
}

TEST(IdSet, AddingTwiceAndRemovingWhatIsNotThereChangeNothing) {
  IdSet set = Of({5, 5, 64});
  EXPECT_EQ(set.Count(), 2u);
  set.Remove(Slot{6});
  set.Remove(Slot{100000});
  EXPECT_EQ(Members(set), (std::vector<uint32_t>{5, 64}));
  set.Remove(Slot{64});
  EXPECT_EQ(set.Bound(), 6u);
  set.Remove(Slot{5});
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.Bound(), 0u);
}

TEST(IdSet, AllHoldsExactlyWhatIsBelowTheBound) {
  for (const uint32_t bound : {0u, 1u, 63u, 64u, 65u, 128u, 1000u}) {
    const IdSet all = IdSet::All(bound);
    EXPECT_EQ(all.Count(), bound);
    EXPECT_EQ(all.Bound(), bound);
    EXPECT_EQ(all.empty(), bound == 0);
    EXPECT_FALSE(all.Contains(Slot{bound}));
  }
}

TEST(IdSet, NextGoesOnWhereAWalkStopped) {
  const IdSet set = Of({0, 63, 64, 200});
  EXPECT_EQ(set.Next(Slot{0}), Slot{0});
  EXPECT_EQ(set.Next(Slot{1}), Slot{63});
  EXPECT_EQ(set.Next(Slot{64}), Slot{64});
  EXPECT_EQ(set.Next(Slot{65}), Slot{200});
  EXPECT_FALSE(set.Next(Slot{201}));
  EXPECT_FALSE(set.Next(Slot{4294967295u}));
}

TEST(IdSet, IsMadeOfWhatPassesATestOrLiesInARange) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (size_t bound = 0; bound < 300; ++bound) {
    std::vector<double> numbers(bound);
    for (double& number : numbers) number = static_cast<double>(random.Below(10));
    for (double& number : numbers) {
      if (random.Below(5) == 0) number = std::numeric_limits<double>::quiet_NaN();
    }
    const auto least = static_cast<double>(random.Below(10));
    for (const double most : {least, least + 3, least - 1, kInfinity}) {
      const auto within = [&](uint32_t i) { return numbers[i] >= least && numbers[i] <= most; };
      IdSet expected;
      for (uint32_t i = 0; i < bound; ++i) {
        if (within(i)) expected.Add(Slot{i});
      }
      EXPECT_EQ(IdSet::Where(bound, within), expected);
      EXPECT_EQ(IdSet::Between(numbers.data(), bound, least, most), expected);
    }
  }
}

TEST(IdSet, EqualityIsOfMembersNotOfRoom) {
  IdSet wide = Of({3, 5000});
  wide.Remove(Slot{5000});
  EXPECT_EQ(wide, Of({3}));
  EXPECT_EQ(Of({3}), wide);
  EXPECT_FALSE(Of({3}) == Of({3, 5000}));
  EXPECT_EQ(IdSet(), IdSet());
}

TEST(IdSet, WalksUntilItIsTold) {
  std::vector<uint32_t> seen;
  Of({3, 64, 65, 5000}).ForEachWhile([&](Slot slot) {
    seen.push_back(ToInt(slot));
    return ToInt(slot) != 64;
  });
  EXPECT_EQ(seen, std::vector<uint32_t>({3, 64}));
}

TEST(IdSet, AgreesWithStdSet) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    std::set<uint32_t> a, b;
    IdSet ours_a, ours_b;
    const auto fill = [&](std::set<uint32_t>* set, IdSet* ours) {
      const uint64_t range = 1 + random.Below(700);
      for (uint64_t i = random.Below(300); i > 0; --i) {
        const auto slot = static_cast<uint32_t>(random.Below(range));
        if (random.Below(4) == 0) {
          set->erase(slot);
          ours->Remove(Slot{slot});
        } else {
          set->insert(slot);
          ours->Add(Slot{slot});
        }
      }
      EXPECT_EQ(Members(*ours), std::vector<uint32_t>(set->begin(), set->end()));
      EXPECT_EQ(ours->Count(), set->size());
      EXPECT_EQ(ours->empty(), set->empty());
      EXPECT_EQ(ours->Bound(), set->empty() ? 0 : *set->rbegin() + size_t{1});
      const auto from = static_cast<uint32_t>(random.Below(800));
      const auto next = set->lower_bound(from);
      EXPECT_EQ(ours->Next(Slot{from}), next == set->end() ? std::nullopt : std::optional(Slot{*next}));
      EXPECT_EQ(ours->Contains(Slot{from}), set->contains(from));
    };
    fill(&a, &ours_a);
    fill(&b, &ours_b);

    std::vector<uint32_t> expected;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(expected));
    IdSet both = ours_a;
    both.And(ours_b);
    EXPECT_EQ(Members(both), expected);
    EXPECT_EQ(ours_a.CountCommon(ours_b), expected.size());

    expected.clear();
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(expected));
    IdSet either = ours_a;
    either.Or(ours_b);
    EXPECT_EQ(Members(either), expected);

    expected.clear();
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(expected));
    IdSet only_a = ours_a;
    only_a.AndNot(ours_b);
    EXPECT_EQ(Members(only_a), expected);
    IdSet complement = ours_b;
    complement.Not(ours_a);
    EXPECT_EQ(Members(complement), expected);
  }
}

}  // namespace
}  // namespace agentmemdb
