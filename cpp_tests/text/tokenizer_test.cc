#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text/unicode.h"

namespace agentmemdb {
namespace {

std::vector<std::string> WordsOf(const std::string& text, const TextOptions& options = {}) {
  Tokens tokens;
  Analyzer(options).Tokenize(text, &tokens);
  std::vector<std::string> words;
  for (const Token& token : tokens.list) words.emplace_back(token.size == 0 ? "-" : tokens.Word(token));
  return words;
}

using Words = std::vector<std::string>;

TEST(TokenizerTest, WordsAreLettersAndDigitsInLowerCase) {
  EXPECT_EQ(WordsOf("Hello, World! 42 e-mails snake_case 3.14"),
            (Words{"hello", "world", "42", "e", "mails", "snake", "case", "3", "14"}));
  EXPECT_EQ(WordsOf("Größe ÉCOLE Привет ΑΘΗΝΑ"), (Words{"größe", "école", "привет", "αθηνα"}));
  EXPECT_EQ(WordsOf(""), Words{});
  EXPECT_EQ(WordsOf("... --- !!!"), Words{});
}

TEST(TokenizerTest, StopWordsLeaveAGap) {
  EXPECT_EQ(WordsOf("the cat is on a mat"), (Words{"-", "cat", "-", "-", "-", "mat"}));
  EXPECT_EQ(WordsOf("the cat", {"none", AnalyzerKind::kDefault}), (Words{"the", "cat"}));
  EXPECT_EQ(WordsOf("was the", {"german", AnalyzerKind::kDefault}), (Words{"was", "the"}))
      << "the list is English: other languages keep their words";
}

TEST(TokenizerTest, ApostrophesAreDroppedAndSoIsAnS) {
  EXPECT_EQ(WordsOf("don't dog's dogs' 'quoted' O\u2019Brien's it's rock'n'roll"),
            (Words{"dont", "dog", "dogs", "quoted", "obrien", "-", "rocknroll"}));
}

TEST(TokenizerTest, ANameInCamelCaseIsAWordAndItsParts) {
  EXPECT_EQ(WordsOf("getUserName"), (Words{"getusername", "get", "user", "name"}));
  EXPECT_EQ(WordsOf("HTTPServer"), (Words{"httpserver", "http", "server"}));
  EXPECT_EQ(WordsOf("parseJSON2Html"), (Words{"parsejson2html", "parse", "json2", "html"}));
  EXPECT_EQ(WordsOf("Hello HTTP iPhone"), (Words{"hello", "http", "iphone", "i", "phone"}));
  EXPECT_EQ(WordsOf("aBcDeFgHiJkLmNoPqR").size(), 1u) << "noise is one word";
}

TEST(TokenizerTest, ScriptsWithoutSpacesAreCharactersAndPairs) {
  EXPECT_EQ(WordsOf("数据库"), (Words{"数", "数据", "据", "据库", "库"}));
  EXPECT_EQ(WordsOf("SQL数据 test"), (Words{"sql", "数", "数据", "据", "test"}));
  EXPECT_EQ(WordsOf("カ"), Words{"カ"});
  EXPECT_EQ(WordsOf("กี"), (Words{"กี"})) << "a character has its marks";
}

TEST(TokenizerTest, FormsThatLookAlikeAreAlike) {
  EXPECT_EQ(WordsOf("ＡＢＣ１２"), Words{"abc12"});
  EXPECT_EQ(WordsOf("cafe\u0301"), WordsOf("café"));
  EXPECT_EQ(WordsOf("ﬁne"), Words{"fine"});
}

TEST(TokenizerTest, TheReferenceAnalyzerKnowsAsciiOnly) {
  const TextOptions reference{"english", AnalyzerKind::kReference};
  EXPECT_EQ(WordsOf("Don't getUserName caf\u00e9 数据 a1", reference), (Words{"don", "t", "getusername", "caf", "a1"}));
}

TEST(TokenizerTest, LongWordsAreCutBetweenCharacters) {
  EXPECT_EQ(WordsOf(std::string(1000, 'x')), Words{std::string(255, 'x')});
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  EXPECT_EQ(WordsOf(umlauts).front().size(), 254u);
}

TEST(TokenizerTest, TokensSayWhereTheyCameFrom) {
  const std::string text = "  Où est getName ?";
  Tokens tokens;
  Analyzer({}).Tokenize(text, &tokens);
  Words sources;
  for (const Token& token : tokens.list)
    sources.push_back(text.substr(token.source_begin, token.source_end - token.source_begin));
  EXPECT_EQ(sources, (Words{"Où", "est", "getName", "get", "Name"}));
}

TEST(TokenizerTest, TermsAreStemsWithoutAccents) {
  Analyzer english({});
  EXPECT_EQ(english.Term("running"), "run");
  EXPECT_EQ(english.Term("café"), english.Term("cafe"));
  EXPECT_EQ(english.Term("й"), "й") << "a letter of its own";
  // Whoever types without accents ends a word as without them.
  EXPECT_EQ(english.Term("résumé"), english.Term("resume"));
  EXPECT_EQ(english.Term("straße"), english.Term("strasse"));
  EXPECT_EQ(english.Term("łódź"), english.Term("lodz"));
  EXPECT_EQ(english.Term("οδυσσεύς"), english.Term("οδυσσευσ")) << "as capitals are written";
  Analyzer german({"german", AnalyzerKind::kDefault});
  EXPECT_EQ(german.Term("häuser"), german.Term("haus"));
  Analyzer none({"none", AnalyzerKind::kDefault});
  EXPECT_EQ(none.Term("running"), "running");
}

TEST(TokenizerTest, QuestionWordsAreEnglish) {
  EXPECT_TRUE(Analyzer({}).IsQuestionWord("how"));
  EXPECT_FALSE(Analyzer({}).IsQuestionWord("house"));
  EXPECT_FALSE(Analyzer({"french", AnalyzerKind::kDefault}).IsQuestionWord("how"));
  EXPECT_FALSE(Analyzer({"english", AnalyzerKind::kReference}).IsQuestionWord("how"));
}

TEST(TokenizerTest, BytesThatAreNoUtf8DoNoHarm) {
  for (const std::string& text :
       {std::string("\xff\xfe\xc3"), std::string("a\xe2\x82"), std::string("\xf0\x9f\x98"), std::string("\x80x")})
    EXPECT_LE(WordsOf(text).size(), 4u);
}

}  // namespace
}  // namespace agentmemdb
