// Regular expressions and LIKE: whether one is found in a text, in time linear in it, whatever the expression is. The one door to RE2.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kPatternBytesMax = 1000;
}  // namespace limits

struct PatternOptions {
  bool ignore_case = false;  // i
  bool multi_line = false;   // m: ^ and $ also at line breaks
  bool dot_all = false;      // s: . matches line breaks too
  bool extended = false;     // x: white space and comments from # on are no part of it
};

// Threads: any.
class Pattern {
 public:
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // `text` is well-formed UTF-8 in RE2's syntax: Perl's without back-references and look-around.
  // Errors: kInvalidArgument naming `argument`: longer than 1,000 bytes, or not of that syntax, or too large once compiled.
  static Result<std::shared_ptr<const Pattern>> Regex(std::string_view text, const PatternOptions& options,
                                                      const std::string& argument);
  // SQL's: % is any text, _ any character, \ takes what follows as it is; the whole text has to be like it.
  static Result<std::shared_ptr<const Pattern>> Like(std::string_view text, const std::string& argument);

  // Steps of its program: what compiling it has cost.
  size_t size() const;
  // `text` is well-formed UTF-8.
  bool IsIn(std::string_view text) const;

 private:
  struct Program;
  explicit Pattern(std::unique_ptr<Program> program);
  static Result<std::shared_ptr<const Pattern>> Compile(const std::string& text, const PatternOptions& options,
                                                        const std::string& argument);

  std::unique_ptr<Program> program_;
};

}  // namespace agentmemdb
