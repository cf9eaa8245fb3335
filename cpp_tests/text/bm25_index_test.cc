#include "text/bm25_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/section_store.h"
#include "support/seed.h"
#include "support/texts.h"
#include "text/bm25_search.h"
#include "text/keyword_query.h"

namespace agentmemdb {
namespace {

TextOptions Plain() { return {"none", AnalyzerKind::kDefault}; }

// An index and its oracle, changed together.
class Pair {
 public:
  explicit Pair(uint32_t slots) : index(Plain()), oracle(Plain()), rows(slots) {
    for (uint32_t i = 0; i < slots; ++i) rows[i] = RowId{(int64_t{i} * 7919) % 100003 + 1};
  }

  void Learn(const std::vector<std::pair<Slot, std::string>>& texts) {
    std::vector<LearntText> learnt;
    for (const auto& [slot, text] : texts) {
      learnt.push_back({slot, text});
      oracle.Put(slot, text);
    }
    const auto learning = index.BeginLearning();
    index.Learn(learnt);
  }
  void Forget(Slot slot) {
    index.Forget(slot);
    oracle.Remove(slot);
  }

  // Exactly what the oracle says: each hit's score, none better left out, ties by row.
  void ExpectSearch(const std::vector<QueryTerm>& terms, uint32_t k, const IdSet* allowed) {
    TextSearch search;
    search.terms = terms;
    search.k = k;
    search.rows = rows;
    search.allowed = allowed;
    const TextScorer scorer(index.parts(), search);
    Result<TextSearchResult> found = scorer.Run({});
    ASSERT_TRUE(found.ok());
    std::map<uint32_t, double> scores = oracle.Scores(terms);
    if (allowed != nullptr)
      std::erase_if(scores, [&](const auto& each) { return !allowed->Contains(Slot{each.first}); });
    ASSERT_EQ(found->hits.size(), std::min<size_t>(k, scores.size()));
    std::vector<double> best;
    for (const auto& [slot, score] : scores) best.push_back(score);
    std::sort(best.rbegin(), best.rend());
    for (size_t i = 0; i < found->hits.size(); ++i) {
      const TextHit& hit = found->hits[i];
      ASSERT_NEAR(hit.score, scores.at(ToInt(hit.slot)), 1e-5 * hit.score);
      ASSERT_NEAR(hit.score, best[i], 1e-5 * hit.score) << "a better text was left out";
      ASSERT_EQ(hit.score, scorer.ScoreOf(hit.slot));
      ASSERT_TRUE(i == 0 || Better(found->hits[i - 1], hit));
    }
  }

  std::vector<std::pair<uint32_t, float>> Search(const Bm25Index& searched, const std::vector<QueryTerm>& terms) {
    TextSearch search;
    search.terms = terms;
    search.rows = rows;
    std::vector<std::pair<uint32_t, float>> hits;
    Result<TextSearchResult> found = TextScorer(searched.parts(), search).Run({});
    for (const TextHit& hit : found->hits) hits.emplace_back(ToInt(hit.slot), hit.score);
    return hits;
  }

  // Terms and words count what they count in an index made afresh.
  void ExpectStatistics() {
    std::map<std::string, int64_t> terms, words;
    int64_t texts = 0;
    for (const auto& part : index.parts()) {
      texts += part->live_texts;
      const TextSegment& segment = *part->segment;
      for (uint32_t i = 0; i < segment.terms(); ++i) terms[std::string(segment.Term(i))] += part->TextsWith(i);
      for (uint32_t i = 0; i < segment.words(); ++i) words[std::string(segment.Word(i))] += part->CountOf(i);
    }
    const auto is_gone = [](const auto& each) { return each.second == 0; };
    std::erase_if(terms, is_gone);
    std::erase_if(words, is_gone);
    EXPECT_EQ(texts, static_cast<int64_t>(oracle.size()));
    EXPECT_EQ(terms, oracle.TextsWith());
    EXPECT_EQ(words, oracle.Words());
  }

  Bm25Index index;
  PlainBm25 oracle;
  std::vector<RowId> rows;
};

std::vector<QueryTerm> RandomTerms(const ZipfWords& words, Random* random) {
  std::vector<QueryTerm> terms;
  const uint64_t count = 1 + random->Below(5);
  for (uint64_t i = 0; i < count; ++i) {
    const std::string word = words.Word(random);
    if (std::none_of(terms.begin(), terms.end(), [&](const QueryTerm& term) { return term.term == word; }))
      terms.push_back({word, random->Below(4) == 0 ? 0.8f : 1.0f});
  }
  return terms;
}

IdSet RandomSet(uint32_t bound, double part, Random* random) {
  IdSet set;
  for (uint32_t i = 0; i < bound; ++i) {
    if (random->Unit() < part) set.Add(Slot{i});
  }
  return set;
}

TEST(Bm25IndexTest, FindsExactlyTheBestTextsWhateverTheirNumberAndWhoIsAllowed) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const ZipfWords words(3000);
  const uint32_t count = kSanitized ? 3000 : 9000;
  Pair pair(count);
  for (uint32_t next = 0; next < count;) {
    std::vector<std::pair<Slot, std::string>> texts;
    for (uint32_t size = 1 + static_cast<uint32_t>(random.Below(2000)); size > 0 && next < count; --size, ++next)
      texts.emplace_back(Slot{next}, words.Text(0, 60, &random));
    pair.Learn(texts);
  }
  EXPECT_GT(pair.index.stats().segments, 1);
  const int rounds = kSanitized ? 3 : 12;
  for (int merged = 0; merged < 2; ++merged) {
    for (int i = 0; i < rounds; ++i) {
      const std::vector<QueryTerm> terms = RandomTerms(words, &random);
      const uint32_t k = 1 + static_cast<uint32_t>(random.Below(i % 5 == 0 ? 3000 : 20));
      pair.ExpectSearch(terms, k, nullptr);
      for (const double part : {0.5, 0.01, 0.0005}) {
        const IdSet allowed = RandomSet(count, part, &random);
        pair.ExpectSearch(terms, k, &allowed);
      }
      if (HasFatalFailure()) return;
    }
    while (pair.index.MergeSome()) continue;
  }
}

TEST(Bm25IndexTest, StatisticsAndScoresAreThoseOfAFreshIndexAfterUpdatesAndDeletions) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const ZipfWords words(400);
  const uint32_t slots = 1500;
  Pair pair(slots);
  std::vector<bool> used(slots);
  for (int step = 0; step < (kSanitized ? 60 : 300); ++step) {
    std::vector<std::pair<Slot, std::string>> texts;
    const uint64_t puts = random.Below(step % 10 == 0 ? 200 : 8);
    for (uint64_t i = 0; i < puts; ++i) {
      const auto slot = static_cast<uint32_t>(random.Below(slots));
      if (used[slot]) {
        pair.Forget(Slot{slot});
        used[slot] = false;
      } else if (std::none_of(texts.begin(), texts.end(), [&](const auto& t) { return ToInt(t.first) == slot; })) {
        texts.emplace_back(Slot{slot}, words.Text(0, 30, &random));
      }
    }
    for (const auto& [slot, text] : texts) used[ToInt(slot)] = true;
    pair.Learn(texts);
    for (uint64_t pieces = random.Below(4); pieces > 0; --pieces) pair.index.MergeSome();
    if (step % 20 == 0) {
      pair.ExpectStatistics();
      for (int i = 0; i < 5; ++i) pair.ExpectSearch(RandomTerms(words, &random), 10, nullptr);
    }
    if (HasFatalFailure()) return;
  }
  while (pair.index.TidySome()) continue;
  for (const auto& part : pair.index.parts()) EXPECT_EQ(part->live_texts, part->segment->texts());
  pair.ExpectStatistics();
}

TEST(Bm25IndexTest, WhatIsWrittenIsReadAndNothingElse) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const ZipfWords words(200);
  Pair pair(300);
  IdSet live;
  for (uint32_t i = 0; i < 300; ++i) {
    pair.Learn({{Slot{i}, i % 50 == 0 ? words.Text(3000, 4000, &random) : words.Text(0, 40, &random)}});
    live.Add(Slot{i});
  }
  for (uint32_t i = 0; i < 300; i += 7) {
    pair.Forget(Slot{i});
    live.Remove(Slot{i});
  }
  SectionStore store;
  store.Take(pair.index.Write());
  Bm25Index again(Plain());
  ASSERT_TRUE(again.Read(&store, live));
  for (int i = 0; i < 20; ++i) {
    const std::vector<QueryTerm> terms = RandomTerms(words, &random);
    EXPECT_EQ(pair.Search(pair.index, terms), pair.Search(again, terms));
  }
  IdSet fewer = live;
  fewer.Remove(Slot{1});
  Bm25Index refused(Plain());
  EXPECT_FALSE(refused.Read(&store, fewer)) << "a text of a record that there is not";
}

TEST(Bm25IndexTest, LearnsOfRecordsWithoutTextThatTheyHaveNone) {
  Bm25Index index(Plain());
  {
    const auto learning = index.BeginLearning();
    index.Learn(std::vector<LearntText>{{Slot{0}, std::nullopt}, {Slot{1}, "a word"}, {Slot{2}, ""}});
  }
  IdSet unknown = IdSet::All(4);
  index.RemoveKnown(&unknown);
  EXPECT_EQ(unknown.Count(), 1u);
  EXPECT_EQ(index.stats().texts, 2) << "an empty text is a text";
  EXPECT_TRUE(index.Agrees(Slot{0}, std::nullopt));
  EXPECT_TRUE(index.Agrees(Slot{1}, "a word"));
  EXPECT_FALSE(index.Agrees(Slot{1}, "another word"));
  EXPECT_FALSE(index.Agrees(Slot{1}, "a word more"));
  EXPECT_FALSE(index.Agrees(Slot{0}, "a word"));
  EXPECT_FALSE(index.Agrees(Slot{1}, std::nullopt));
  EXPECT_TRUE(index.Agrees(Slot{3}, "not known yet"));
}

TEST(Bm25IndexTest, ATermMayBeInATextMoreOftenThanAByteCounts) {
  Bm25Index index(Plain());
  std::string often, more;
  for (int i = 0; i < 255; ++i) often += "x ";
  for (int i = 0; i < 70000; ++i) more += "x ";
  const auto learning = index.BeginLearning();
  index.Learn(std::vector<LearntText>{{Slot{0}, "x y"}, {Slot{1}, often}, {Slot{2}, more}});
  const TextSegment& segment = *index.parts().front()->segment;
  const uint32_t x = *segment.FindTerm("x");
  EXPECT_EQ(segment.Frequency(x, 0), 1u);
  EXPECT_EQ(segment.Frequency(x, 1), 255u);
  EXPECT_EQ(segment.Frequency(x, 2), 70000u);
  EXPECT_EQ(segment.Frequency(*segment.FindTerm("y"), 2), 0u);
}

}  // namespace
}  // namespace agentmemdb
