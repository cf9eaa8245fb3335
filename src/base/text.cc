#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace agentmemdb {
namespace {

// Length of the well-formed sequence at the start of `s`, 0 if there is none.
size_t SequenceLength(const unsigned char* s, size_t left) {
  const unsigned char lead = s[0];
  if (lead < 0x80) return 1;
  size_t length;
  unsigned char low = 0x80, high = 0xbf;  // Range of the second byte.
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (left < length || s[1] < low || s[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((s[i] & 0xc0) != 0x80) return 0;
  }
  return length;
}

template <class Number>
void AppendNumber(std::string* json, Number number) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  json->append(buffer, end);
}

}  // namespace

bool IsAscii(std::string_view bytes) {
  const char* s = bytes.data();
  size_t left = bytes.size();
  uint64_t seen = 0;
  for (; left >= 8; left -= 8, s += 8) {
    uint64_t word;
    std::memcpy(&word, s, 8);
    seen |= word;
  }
  for (; left > 0; --left, ++s) seen |= static_cast<unsigned char>(*s);
  return (seen & 0x8080808080808080u) == 0;
}

bool IsUtf8(std::string_view bytes) {
  if (IsAscii(bytes)) return true;
  const auto* s = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  while (left > 0) {
    const size_t length = SequenceLength(s, left);
    if (length == 0) return false;
    s += length;
    left -= length;
  }
  return true;
}

void AppendJsonString(std::string* json, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  json->push_back('"');
  size_t plain_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    json->append(text, plain_from, i - plain_from);
    plain_from = i + 1;
    json->push_back('\\');
    switch (byte) {
      case '"':
        json->push_back('"');
        break;
      case '\\':
        json->push_back('\\');
        break;
      case '\n':
        json->push_back('n');
        break;
      case '\r':
        json->push_back('r');
        break;
      case '\t':
        json->push_back('t');
        break;
      default:
        json->append("u00");
        json->push_back(kHex[byte >> 4]);
        json->push_back(kHex[byte & 0xf]);
    }
  }
  json->append(text, plain_from, text.size() - plain_from);
  json->push_back('"');
}

void AppendJsonNumber(std::string* json, double number) { AppendNumber(json, number); }
void AppendJsonNumber(std::string* json, float number) { AppendNumber(json, number); }

int JsonDepth(std::string_view json) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace agentmemdb
