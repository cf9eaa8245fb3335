#include "text/keyword_query.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace agentmemdb {
namespace {

class KeywordQueryTest : public testing::Test {
 protected:
  void Learn(const std::vector<std::string>& texts) {
    std::vector<LearntText> learnt;
    for (const std::string& text : texts) learnt.push_back({Slot{next_++}, text});
    const auto learning = index_.BeginLearning();
    index_.Learn(learnt);
  }
  KeywordQuery Parse(const std::string& text, const KeywordOptions& options = {}) {
    return ParseKeywords(text, index_.options(), options, index_.parts());
  }
  std::vector<uint32_t> Search(const std::string& text, const KeywordOptions& options = {}) {
    const KeywordQuery query = Parse(text, options);
    std::vector<RowId> rows;
    for (uint32_t i = 0; i < next_; ++i) rows.push_back(RowId{i + 1});
    TextSearch search;
    search.terms = query.terms;
    search.phrases = query.phrases;
    search.needs_phrases = query.needs_phrases;
    search.rows = rows;
    std::vector<uint32_t> slots;
    Result<TextSearchResult> found = TextScorer(index_.parts(), search).Run({});
    for (const TextHit& hit : found->hits) slots.push_back(ToInt(hit.slot));
    return slots;
  }

  Bm25Index index_{TextOptions()};
  uint32_t next_ = 0;
};

using Terms = std::vector<QueryTerm>;
using Slots = std::vector<uint32_t>;

TEST_F(KeywordQueryTest, QuestionWordsAreDroppedUnlessThereAreNoOthers) {
  Learn({"how many cats does she own", "when was it"});
  EXPECT_EQ(Parse("How many cats does she own?").terms, (Terms{{"cat", 1}, {"she", 1}, {"own", 1}}));
  EXPECT_EQ(Parse("how many").terms, (Terms{{"how", 1}, {"mani", 1}}));
  EXPECT_TRUE(Parse("the of a").terms.empty());
  EXPECT_TRUE(Parse("").terms.empty());
}

TEST_F(KeywordQueryTest, AWordAskedForTwiceCountsTwice) {
  Learn({"cats and dogs"});
  EXPECT_EQ(Parse("cat cats dog").terms, (Terms{{"cat", 2}, {"dog", 1}}));
}

TEST_F(KeywordQueryTest, UnknownWordsStandForTheMostFrequentNearOne) {
  Learn({"invoice invoice payment", "invoices", "invoked", "pay"});
  const KeywordQuery query = Parse("invioce paymnt xyz");
  EXPECT_EQ(query.terms, (Terms{{"invoic", 0.8f}, {"payment", 0.8f}}));
  ASSERT_EQ(query.corrections.size(), 2u);
  EXPECT_EQ(query.corrections[0].word, "invioce");
  EXPECT_EQ(query.corrections[0].to, "invoice");
  EXPECT_TRUE(Parse("pey").terms.empty()) << "three characters may be anything";
  EXPECT_TRUE(Parse("invioce", {.typos = false}).terms.empty());
  EXPECT_EQ(Parse("invoicing").corrections.size(), 0u) << "its stem is known";
}

TEST_F(KeywordQueryTest, ACorrectionIsNotAWordOfTextsThatAreGone) {
  Learn({"invoice invoice", "invoices"});
  index_.Forget(Slot{0});
  EXPECT_EQ(Parse("invoicess").corrections.at(0).to, "invoices");
  index_.Forget(Slot{1});
  EXPECT_TRUE(Parse("invoicess").corrections.empty());
}

TEST_F(KeywordQueryTest, PhrasesKeepTheirOrderAndTheirDistance) {
  Learn({"red apple pie", "apple red pie", "a pie of red apples", "pie with apples", "pie of of apples"});
  EXPECT_EQ(Search("\"red apple\""), (Slots{2, 0}));
  EXPECT_EQ(Search("\"pie of apples\""), (Slots{3})) << "any one word may stand where a stop word does";
  EXPECT_EQ(Search("\"apple red\" pie").front(), 1u) << "beside other words it is no condition, but counts more";
  EXPECT_EQ(Search("\"apple red\" pie").size(), 5u);
  EXPECT_EQ(Search("what is \"apple red\""), (Slots{1})) << "words that ask are no others";
  EXPECT_EQ(Search("\"green apple\""), Slots{});
  EXPECT_EQ(Search("\"red").size(), 3u) << "one quote is none";
  EXPECT_EQ(Search("\"\" red").size(), 3u);
}

TEST_F(KeywordQueryTest, PhrasesOfNamesAndOfScriptsWithoutSpaces) {
  Learn({"call getUserName here", "user name getter", "我的数据库很大", "数据和库"});
  EXPECT_EQ(Search("\"user name\""), (Slots{1, 0}));
  EXPECT_EQ(Search("\"数据库\""), (Slots{2}));
}

TEST_F(KeywordQueryTest, AnUnfinishedWordStandsForItsCompletions) {
  Learn({"electron", "electric electric", "elephant", "elegant", "element", "elevator", "elbow"});
  const KeywordQuery query = Parse("big ele", {.prefix = true});
  ASSERT_EQ(query.terms.size(), 5u);
  EXPECT_EQ(query.terms[0].term, "electr");
  for (const QueryTerm& term : query.terms) EXPECT_FLOAT_EQ(term.weight, 1 / std::sqrt(5.0f));
  EXPECT_TRUE(Parse("ele ", {.typos = false, .prefix = true}).terms.empty()) << "a space ends it";
  EXPECT_TRUE(Parse("ele", {.typos = false}).terms.empty()) << "only when asked for";
}

TEST(AreNearTest, ByOneEdit) {
  EXPECT_TRUE(AreNear(U"abcd", U"abd"));
  EXPECT_TRUE(AreNear(U"abcd", U"abxcd"));
  EXPECT_TRUE(AreNear(U"abcd", U"abxd"));
  EXPECT_TRUE(AreNear(U"abcd", U"abdc"));
  EXPECT_TRUE(AreNear(U"abcd", U"abcde"));
  EXPECT_TRUE(AreNear(U"abcd", U"xabcd"));
  EXPECT_FALSE(AreNear(U"abcd", U"abcd"));
  EXPECT_FALSE(AreNear(U"abcd", U"ab"));
  EXPECT_FALSE(AreNear(U"abcd", U"badc"));
  EXPECT_FALSE(AreNear(U"abcd", U"abef"));
  EXPECT_TRUE(AreNear(U"größe", U"grösse") == false);
  EXPECT_TRUE(AreNear(U"größe", U"grosse") == false);
  EXPECT_TRUE(AreNear(U"größe", U"große"));
}

}  // namespace
}  // namespace agentmemdb
