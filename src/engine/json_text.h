// Reads JSON text that others wrote, as far as it must be kept as they wrote it: an object is cut into its members, and each value is
// read as what it has to be, or kept as text. Nothing here recurses, and nothing is parsed before it is cut out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace agentmemdb {

// Finds the end of one JSON value by its quotes and brackets, in text that may come in pieces.
class JsonValueEnd {
 public:
  // Goes on at `*at`, which must be at the value's first byte the first time. true: `*at` is behind the value. false: the text
  // ends before it does, or, of a number or a word, with it. What lies between is not looked into.
  bool Find(std::string_view text, size_t* at);

 private:
  enum class Kind { kUnknown, kString, kContainer, kScalar };
  Kind kind_ = Kind::kUnknown;
  int64_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

bool IsJsonSpace(char c);
// The first byte at or after `at` that is no space.
size_t SkipJsonSpace(std::string_view text, size_t at);

// Calls `visit(name, value)` for each member of an object that takes the whole of `text`; the value is cut out and not looked into.
// Errors: kCorrupt (no object, in words that go on after "line 3 "), and those of `visit`.
using VisitMember = std::function<Status(const std::string& name, std::string_view value)>;
Status VisitJsonMembers(std::string_view text, const VisitMember& visit);

// One value each, of well-formed UTF-8, or nullopt if it is another: a string; a whole number that a double holds.
std::optional<std::string> ReadJsonString(std::string_view value);
std::optional<int64_t> ReadJsonWhole(std::string_view value);
// An array of at most `count_max` numbers, each read as the float nearest to it. false: it is none, or a number is beyond floats.
bool ReadJsonFloats(std::string_view value, size_t count_max, std::vector<float>* floats);

// Appends valid JSON without line breaks, and without other spaces around its marks. What is not valid stays so.
void AppendCompactJson(std::string* json, std::string_view value);

}  // namespace agentmemdb
