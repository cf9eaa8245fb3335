#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/text.h"

namespace agentmemdb {
namespace {

constexpr char32_t kAsciiEnd = 0x80;

constexpr std::array<CharClass, kAsciiEnd> AsciiClasses() {
  std::array<CharClass, kAsciiEnd> classes{};
  for (char c = '0'; c <= '9'; ++c) classes[static_cast<size_t>(c)] = CharClass::kDigit;
  for (char c = 'a'; c <= 'z'; ++c) classes[static_cast<size_t>(c)] = CharClass::kLetter;
  for (char c = 'A'; c <= 'Z'; ++c) classes[static_cast<size_t>(c)] = CharClass::kUpper;
  classes['\''] = CharClass::kApostrophe;
  return classes;
}

constexpr auto kAsciiClasses = AsciiClasses();

// Latin letters in lower case that Unicode does not take apart, and how those write them who do not have them.
constexpr std::array<std::pair<char32_t, std::string_view>, 10> kWithoutThem = {{{0xDF, "ss"},
                                                                                 {0xE6, "ae"},
                                                                                 {0xF0, "d"},
                                                                                 {0xF8, "o"},
                                                                                 {0xFE, "th"},
                                                                                 {0x111, "d"},
                                                                                 {0x127, "h"},
                                                                                 {0x131, "i"},
                                                                                 {0x142, "l"},
                                                                                 {0x153, "oe"}}};

struct Range {
  char32_t first, last;
};

// Blocks of the Unicode standard.
constexpr Range kUnsegmented[] = {
    {0x0E00, 0x0EFF},    // Thai, Lao
    {0x1000, 0x109F},    // Myanmar
    {0x1100, 0x11FF},    // Hangul Jamo
    {0x1780, 0x17FF},    // Khmer
    {0x3040, 0x30FF},    // Hiragana, Katakana
    {0x3130, 0x318F},    // Hangul compatibility Jamo
    {0x31F0, 0x31FF},    // Katakana phonetic extensions
    {0x3400, 0x4DBF},    // Han extension A
    {0x4E00, 0x9FFF},    // Han
    {0xAC00, 0xD7AF},    // Hangul syllables
    {0xF900, 0xFAFF},    // Han compatibility
    {0xFF66, 0xFFDC},    // half-width Katakana and Hangul
    {0x20000, 0x3FFFF},  // Han extensions
};

bool IsUnsegmented(char32_t c) {
  if (c < kUnsegmented[0].first) return false;
  for (const Range& range : kUnsegmented) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

struct FreeMemory {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

// The same text when utf8proc has no memory for another.
std::string Map(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, FreeMemory> owner(mapped);
  if (size < 0) return std::string(text);
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
}

}  // namespace

CodePoint CodePointAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const char32_t first = byte(0);
  const auto tail = [&](size_t i) { return byte(i) & 0x3F; };
  if (first < 0x80 || at + 1 >= text.size()) return {first, 1};
  if (first < 0xE0) return {(first & 0x1F) << 6 | tail(1), 2};
  if (at + 2 >= text.size()) return {first, 1};
  if (first < 0xF0) return {(first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3};
  if (at + 3 >= text.size()) return {first, 1};
  return {(first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

CharClass ClassOf(char32_t c) {
  if (c < kAsciiEnd) return kAsciiClasses[c];
  if (c == 0x2019 || c == 0x02BC || c == 0xFF07) return CharClass::kApostrophe;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return CharClass::kUpper;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return IsUnsegmented(c) ? CharClass::kUnsegmented : CharClass::kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return CharClass::kMark;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kDigit;
    default:
      return CharClass::kSeparator;
  }
}

char32_t ToLower(char32_t c) {
  if (c < kAsciiEnd) return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

void AppendUtf8(std::string* text, char32_t c) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  text->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

std::string NormalWord(std::string_view word) {
  const std::string composed = Map(word, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  std::string lower;
  lower.reserve(composed.size());
  for (size_t at = 0; at < composed.size();) {
    const CodePoint next = CodePointAt(composed, at);
    AppendUtf8(&lower, ToLower(next.value));
    at += next.bytes;
  }
  return lower;
}

std::string WithoutAccents(std::string_view word) {
  constexpr char32_t kLatinEnd = 0x250, kMarksBegin = 0x300, kGreekBegin = 0x370, kGreekEnd = 0x400;
  constexpr char32_t kFinalSigma = 0x3C2, kSigma = 0x3C3;
  if (IsAscii(word)) return std::string(word);
  const std::string apart = Map(word, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  std::string plain;
  bool after_letter = false;  // of a script whose marks are accents
  for (size_t at = 0; at < apart.size();) {
    const CodePoint next = CodePointAt(apart, at);
    at += next.bytes;
    if (next.value >= kMarksBegin && next.value < kGreekBegin && after_letter) continue;
    after_letter = next.value < kLatinEnd || (next.value >= kGreekBegin && next.value < kGreekEnd);
    const auto whole = std::find_if(kWithoutThem.begin(), kWithoutThem.end(),
                                    [&](const auto& each) { return each.first == next.value; });
    if (whole != kWithoutThem.end())
      plain += whole->second;
    else
      AppendUtf8(&plain, next.value == kFinalSigma ? kSigma : next.value);
  }
  return Map(plain, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

}  // namespace agentmemdb
