#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "support/seed.h"

namespace agentmemdb {
namespace {

using namespace std::string_literals;

struct Bytes {
  const char* what;
  std::string bytes;
};

TEST(Utf8, AcceptsEveryWellFormedForm) {
  const Bytes table[] = {
      {"nothing", ""},
      {"ASCII with NUL", "a\0b"s},
      {"first of 2 bytes", "\xc2\x80"},
      {"last of 2 bytes", "\xdf\xbf"},
      {"first of 3 bytes", "\xe0\xa0\x80"},
      {"last before the surrogates", "\xed\x9f\xbf"},
      {"first after the surrogates", "\xee\x80\x80"},
      {"U+FFFF", "\xef\xbf\xbf"},
      {"first of 4 bytes", "\xf0\x90\x80\x80"},
      {"U+10FFFF", "\xf4\x8f\xbf\xbf"},
      {"a sequence across eight bytes", "1234567\xe2\x82\xac"},
  };
  for (const Bytes& row : table) EXPECT_TRUE(IsUtf8(row.bytes)) << row.what;
}

TEST(Utf8, RefusesEveryIllFormedForm) {
  const Bytes table[] = {
      {"continuation alone", "\x80"},
      {"overlong NUL", "\xc0\x80"},
      {"overlong slash", "\xc1\xaf"},
      {"overlong of 3 bytes", "\xe0\x9f\xbf"},
      {"overlong of 4 bytes", "\xf0\x8f\xbf\xbf"},
      {"first surrogate", "\xed\xa0\x80"},
      {"last surrogate", "\xed\xbf\xbf"},
      {"pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80"},
      {"above U+10FFFF", "\xf4\x90\x80\x80"},
      {"lead byte F5", "\xf5\x80\x80\x80"},
      {"byte FE", "\xfe"},
      {"byte FF", "\xff"},
      {"2 bytes cut", "a\xc3"},
      {"3 bytes cut", "\xe2\x82"},
      {"4 bytes cut", "\xf0\x9f\x98"},
      {"lead, then ASCII", "\xc3(z"},
      {"third byte wrong", "\xe2\x82z"},
      {"fourth byte wrong", "\xf0\x9f\x98z"},
      {"good, then bad", "gr\xc3\xbc\xc3\x9f\xff"},
  };
  for (const Bytes& row : table) EXPECT_FALSE(IsUtf8(row.bytes)) << row.what;
}

TEST(Utf8, NeverReadsPastTheView) {
  const std::string euro = "\xe2\x82\xac";
  EXPECT_FALSE(IsUtf8(std::string_view(euro).substr(0, 2)));
  EXPECT_TRUE(IsUtf8(std::string_view(euro + "\xff").substr(0, 3)));
}

TEST(Ascii, SeesAHighByteAtEveryPlace) {
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(IsAscii(text));
    for (size_t i = 0; i < size; ++i) {
      text[i] = '\x80';
      EXPECT_FALSE(IsAscii(text)) << i << " of " << size;
      text[i] = 'a';
    }
  }
}

std::string Json(std::string_view text) {
  std::string json;
  AppendJsonString(&json, text);
  return json;
}

TEST(JsonString, EscapesWhatJsonForbids) {
  EXPECT_EQ(Json(""), "\"\"");
  EXPECT_EQ(Json("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
  EXPECT_EQ(Json("\n\r\t"), "\"\\n\\r\\t\"");
  EXPECT_EQ(Json("\0\x1f\x7f"s), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(Json("Gr\xc3\xbc\xc3\x9f"), "\"Gr\xc3\xbc\xc3\x9f\"");
}

TEST(JsonString, ReadsBackAsWritten) {
  std::string all;
  for (int byte = 0; byte < 128; ++byte) all.push_back(static_cast<char>(byte));
  all += "\xf0\x9f\x98\x80";
  EXPECT_EQ(nlohmann::json::parse(Json(all)).get<std::string>(), all);
}

TEST(JsonNumber, ReadsBackExactly) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  std::vector<double> numbers = {
      0.0, -0.0, 1.0, 0.1, 1e21, 1e-7, std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min()};
  for (int i = 0; i < 200; ++i)
    numbers.push_back(std::ldexp(random.Unit() - 0.5, static_cast<int>(random.Below(200)) - 100));
  for (const double number : numbers) {
    std::string wide, narrow;
    AppendJsonNumber(&wide, number);
    EXPECT_EQ(nlohmann::json::parse(wide).get<double>(), number) << wide;
    const auto single = static_cast<float>(number);
    if (!std::isfinite(single)) continue;
    AppendJsonNumber(&narrow, single);
    EXPECT_EQ(static_cast<float>(nlohmann::json::parse(narrow).get<double>()), single) << narrow;
  }
}

TEST(JsonDepth, CountsNestingAndNothingInStrings) {
  EXPECT_EQ(JsonDepth("1"), 0);
  EXPECT_EQ(JsonDepth("\"[[[[\""), 0);
  EXPECT_EQ(JsonDepth("{}"), 1);
  EXPECT_EQ(JsonDepth("{\"a\":[1,{\"b\":2}],\"c\":[]}"), 3);
  EXPECT_EQ(JsonDepth("[\"\\\"[\",\"\\\\\",[]]"), 2);
}

TEST(JsonDepth, SurvivesTextThatIsNoJson) {
  EXPECT_EQ(JsonDepth("]]]]["), 0);
  EXPECT_EQ(JsonDepth("\"never closed \\"), 0);
  EXPECT_EQ(JsonDepth(std::string(100000, '[')), 100000);
}

}  // namespace
}  // namespace agentmemdb
