// What letters, digits and lower case are in Unicode: the one door to utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace agentmemdb {

enum class CharClass : uint8_t {
  kSeparator,
  kLetter,  // of no case, or lower case
  kUpper,
  kDigit,
  kMark,         // belongs to what stands before it
  kUnsegmented,  // of a script that puts no spaces between words: Chinese, Japanese, Korean, Thai, ...
  kApostrophe,
};

struct CodePoint {
  char32_t value;
  uint32_t bytes;  // 1..4
};

// The one that begins at `at` of well-formed UTF-8.
CodePoint CodePointAt(std::string_view text, size_t at);
CharClass ClassOf(char32_t c);
char32_t ToLower(char32_t c);
void AppendUtf8(std::string* text, char32_t c);

// Compatibility forms made plain and marks composed (NFKC), then lower case: what looks alike is alike.
std::string NormalWord(std::string_view word);
// Latin and Greek letters in lower case without their accents: "café" as "cafe", "straße" as "strasse", a sigma as in the middle of a
// word. Other scripts as they are: there a mark may be a letter.
std::string WithoutAccents(std::string_view word);

}  // namespace agentmemdb
