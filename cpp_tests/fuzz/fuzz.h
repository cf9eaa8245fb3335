// What the targets share. Each is one file that defines RunOne; libFuzzer calls it with one input after the other.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace agentmemdb {

// Ends the process if something is wrong.
void RunOne(std::string_view input);

inline void Expect(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "expected: %s\n", what);
  std::abort();
}
#define EXPECT_THAT(expression) ::agentmemdb::Expect(expression, #expression)

// Up to the first line break, and the rest.
inline std::pair<std::string_view, std::string_view> TwoLines(std::string_view input) {
  const size_t end = input.find('\n');
  if (end == std::string_view::npos) return {input, {}};
  return {input.substr(0, end), input.substr(end + 1)};
}

}  // namespace agentmemdb
