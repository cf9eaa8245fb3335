#include "text/text_segment.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/section_store.h"
#include "support/seed.h"
#include "support/texts.h"
#include "text/segment_writer.h"

namespace agentmemdb {
namespace {

std::shared_ptr<const TextSegment> Made(const std::vector<std::string>& texts, const TextOptions& options = {}) {
  SegmentBuilder builder(options);
  for (uint32_t i = 0; i < texts.size(); ++i) builder.Add(Slot{2 * i}, texts[i]);
  return builder.Build();
}

std::string Written(const std::shared_ptr<const TextSegment>& segment) {
  return AllParts(TextSegment::Write("text0", segment).next);
}

std::shared_ptr<const TextSegment> ReadBack(const std::string& bytes) {
  return TextSegment::Read(std::as_bytes(std::span(bytes)));
}

// Everything that a search does with one.
uint64_t Use(const TextSegment& segment) {
  uint64_t sum = 0;
  for (uint32_t text = 0; text < segment.texts(); ++text) {
    segment.ForEachToken(text, [&](std::optional<uint32_t> word) { sum += word ? segment.Word(*word).size() : 1; });
    for (uint32_t term = 0; term < segment.terms(); ++term) sum += segment.Frequency(term, text);
    EXPECT_EQ(segment.TextOf(segment.SlotOf(text)), text);
  }
  for (uint32_t term = 0; term < segment.terms(); ++term) EXPECT_EQ(segment.FindTerm(segment.Term(term)), term);
  return sum;
}

TEST(TextSegmentTest, KeepsWordsTermsAndSequences) {
  const auto segment = Made({"Red apples, red apple", "", "a green apple"});
  ASSERT_EQ(segment->texts(), 3u);
  EXPECT_EQ(segment->LengthOf(0), 4u);
  EXPECT_EQ(segment->LengthOf(1), 0u);
  const uint32_t apple = *segment->FindTerm("appl");
  EXPECT_EQ(segment->Frequency(apple, 0), 2u);
  EXPECT_EQ(segment->Frequency(apple, 1), 0u);
  EXPECT_EQ(segment->Frequency(apple, 2), 1u);
  EXPECT_FALSE(segment->FindTerm("pear").has_value());
  std::vector<std::string> words;
  segment->ForEachToken(2, [&](std::optional<uint32_t> word) {
    words.emplace_back(word ? segment->Word(*word) : std::string_view("-"));
  });
  EXPECT_EQ(words, (std::vector<std::string>{"-", "green", "apple"}));
  EXPECT_EQ(segment->TextOf(Slot{4}), 2u);
  EXPECT_FALSE(segment->TextOf(Slot{3}).has_value());
}

TEST(TextSegmentTest, PostingsFarApartAreInBlocksOfTheirOwn) {
  std::vector<std::string> texts(70000);
  texts.front() = texts.back() = "rare";
  const auto segment = Made(texts, {"none", AnalyzerKind::kDefault});
  const uint32_t rare = *segment->FindTerm("rare");
  EXPECT_EQ(segment->BlocksOf(rare).size(), 2u);
  EXPECT_EQ(segment->Frequency(rare, 69999), 1u);
  EXPECT_EQ(segment->Frequency(rare, 65536), 0u);
  EXPECT_NE(ReadBack(Written(segment)), nullptr);
}

TEST(TextSegmentTest, OtherBytesThanWereWrittenAreRefusedOrHarmless) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const ZipfWords words(60);
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back(words.Text(0, 30, &random));
  texts.push_back(words.Text(400, 400, &random) + std::string(600, ' '));
  for (int i = 0; i < 300; ++i) texts.back() += " w1";
  const std::string whole = Written(Made(texts));
  ASSERT_NE(ReadBack(whole), nullptr);
  uint64_t refused = 0, used = 0;
  for (int i = 0; i < (kSanitized ? 4000 : 20000); ++i) {
    std::string bytes = whole;
    for (uint64_t changes = 1 + random.Below(3); changes > 0; --changes)
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
    if (const auto segment = ReadBack(bytes)) {
      ++used;
      (void)Use(*segment);
    } else {
      ++refused;
    }
  }
  for (size_t size = 0; size < whole.size(); size += kSanitized ? 37 : 5)
    EXPECT_EQ(ReadBack(whole.substr(0, size)), nullptr);
  EXPECT_EQ(ReadBack(whole + "x"), nullptr);
  std::printf("  %llu changed segments refused, %llu used\n", static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(used));
  EXPECT_GT(refused, used);
}

}  // namespace
}  // namespace agentmemdb
