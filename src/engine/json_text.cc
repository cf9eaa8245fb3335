#include "engine/json_text.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace agentmemdb {
namespace {

constexpr int64_t kWholeMax = int64_t{1} << 53;  // Beyond it a double skips whole numbers.

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsMark(char c) { return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']'; }

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// Length of the number at the start of `text` by the grammar of JSON, 0 if there is none.
size_t NumberLength(std::string_view text) {
  const auto is = [&](size_t at, char c) { return at < text.size() && text[at] == c; };
  const size_t whole = is(0, '-') ? 1 : 0;
  size_t end = SkipDigits(text, whole);
  if (end == whole || (text[whole] == '0' && end > whole + 1)) return 0;
  if (is(end, '.')) {
    const size_t fraction = end + 1;
    end = SkipDigits(text, fraction);
    if (end == fraction) return 0;
  }
  if (is(end, 'e') || is(end, 'E')) {
    const size_t exponent = end + (is(end + 1, '+') || is(end + 1, '-') ? 2 : 1);
    end = SkipDigits(text, exponent);
    if (end == exponent) return 0;
  }
  return end;
}

// By way of a double a float can be missed by one unit: both would be rounded.
std::optional<float> ToFloat(std::string_view number) {
  const char* const end = number.data() + number.size();
  float value = 0;
  if (std::from_chars(number.data(), end, value).ec == std::errc()) return value;
  double wide = 0;  // Nearer to zero than any float, it is zero.
  if (std::from_chars(number.data(), end, wide).ec != std::errc() || std::abs(wide) > 1) return std::nullopt;
  return static_cast<float>(wide);
}

Status NotJson(const char* what) { return Status(Code::kCorrupt, what); }

}  // namespace

bool IsJsonSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

size_t SkipJsonSpace(std::string_view text, size_t at) {
  while (at < text.size() && IsJsonSpace(text[at])) ++at;
  return at;
}

bool JsonValueEnd::Find(std::string_view text, size_t* at) {
  for (; *at < text.size(); ++*at) {
    const char c = text[*at];
    if (kind_ == Kind::kUnknown)
      kind_ = c == '"' ? Kind::kString : c == '{' || c == '[' ? Kind::kContainer : Kind::kScalar;
    if (kind_ == Kind::kScalar) {
      if (IsMark(c) || IsJsonSpace(c) || c == '"') return true;
    } else if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = c != '"';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
    const bool ended = kind_ != Kind::kScalar && depth_ <= 0 && !in_string_;
    if (ended) {
      ++*at;
      return true;
    }
  }
  return false;
}

Status VisitJsonMembers(std::string_view text, const VisitMember& visit) {
  size_t at = SkipJsonSpace(text, 0);
  const auto take = [&](char wanted) {
    at = SkipJsonSpace(text, at);
    if (at == text.size() || text[at] != wanted) return false;
    ++at;
    return true;
  };
  const auto cut = [&]() -> std::string_view {
    at = SkipJsonSpace(text, at);
    const size_t begin = at;
    return JsonValueEnd().Find(text, &at) ? text.substr(begin, at - begin) : std::string_view();
  };
  if (!take('{')) return NotJson("is not a JSON object");
  for (bool first = true; !take('}'); first = false) {
    if (!first && !take(',')) return NotJson("is not JSON: a comma or the end of the object is missing");
    const std::optional<std::string> name = ReadJsonString(cut());
    if (!name || !take(':')) return NotJson("is not JSON: the name of a member is missing");
    const std::string_view value = cut();
    if (value.empty()) return NotJson("is not JSON: a value is missing");
    RETURN_IF_ERROR(visit(*name, value));
  }
  if (SkipJsonSpace(text, at) != text.size()) return NotJson("is not JSON: something follows the object");
  return {};
}

std::optional<std::string> ReadJsonString(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  const std::string_view inside = value.substr(1, value.size() - 2);
  bool plain = true;
  for (const char c : inside) plain = plain && c != '\\' && c != '"' && static_cast<unsigned char>(c) >= 0x20;
  if (plain) return std::string(inside);
  nlohmann::json parsed = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_string()) return std::nullopt;
  return std::move(parsed.get_ref<std::string&>());
}

std::optional<int64_t> ReadJsonWhole(std::string_view value) {
  if (value.empty() || NumberLength(value) != value.size()) return std::nullopt;
  const char* const end = value.data() + value.size();
  int64_t whole = 0;
  const auto [read_to, error] = std::from_chars(value.data(), end, whole);
  if (error != std::errc() || whole > kWholeMax || whole < -kWholeMax) return std::nullopt;
  if (read_to == end) return whole;
  double number = 0;  // 1e3, 5.0
  if (std::from_chars(value.data(), end, number).ec != std::errc()) return std::nullopt;
  if (!(std::abs(number) <= static_cast<double>(kWholeMax)) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

bool ReadJsonFloats(std::string_view value, size_t count_max, std::vector<float>* floats) {
  floats->clear();
  if (value.empty() || value.front() != '[') return false;
  size_t at = SkipJsonSpace(value, 1);
  if (at < value.size() && value[at] == ']') return at + 1 == value.size();
  for (;;) {
    at = SkipJsonSpace(value, at);
    const size_t length = NumberLength(value.substr(at));
    if (length == 0 || floats->size() == count_max) return false;
    const std::optional<float> number = ToFloat(value.substr(at, length));
    if (!number) return false;
    floats->push_back(*number);
    at = SkipJsonSpace(value, at + length);
    if (at == value.size()) return false;
    const char mark = value[at++];
    if (mark == ']') return at == value.size();
    if (mark != ',') return false;
  }
}

void AppendCompactJson(std::string* json, std::string_view value) {
  bool in_string = false, escaped = false;
  bool after_mark = true;  // What stands before the value is none of its words.
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!in_string && IsJsonSpace(c)) {
      const size_t next = SkipJsonSpace(value, i);
      // Without a space two words would become one.
      if (!after_mark && next < value.size() && !IsMark(value[next])) json->push_back(' ');
      i = next - 1;
      continue;
    }
    json->push_back(c);
    after_mark = !in_string && IsMark(c);
    if (in_string && !escaped && c == '\\') {
      escaped = true;
      continue;
    }
    if (c == '"' && !escaped) in_string = !in_string;
    escaped = false;
  }
}

}  // namespace agentmemdb
