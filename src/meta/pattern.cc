#include "meta/pattern.h"

#include <re2/re2.h>

#include <utility>

namespace agentmemdb {
namespace {

// Of one expression, compiled and running. What needs more to be compiled is refused; what needs more to run, runs slower.
constexpr int64_t kMemoryMax = 1 << 20;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Without what the option x leaves out. RE2 has no such option.
std::string WithoutComments(std::string_view text) {
  std::string kept;
  bool in_class = false, quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      if (text[i + 1] == 'Q' || text[i + 1] == 'E') quoted = text[i + 1] == 'Q';
      kept.append(text.substr(i++, 2));
    } else if (quoted) {
      kept.push_back(c);
    } else if (in_class) {
      in_class = c != ']';
      kept.push_back(c);
    } else if (c == '[') {
      in_class = true;
      kept.push_back(c);
      // A bracket in the first place is one of the characters.
      if (i + 1 < text.size() && text[i + 1] == '^') kept.push_back(text[++i]);
      if (i + 1 < text.size() && text[i + 1] == ']') kept.push_back(text[++i]);
    } else if (c == '#') {
      while (i + 1 < text.size() && text[i] != '\n') ++i;
    } else if (!IsSpace(c)) {
      kept.push_back(c);
    }
  }
  return kept;
}

std::string WhyNot(const re2::RE2& program) {
  const std::string part = program.error_arg();
  const auto begins = [&part](std::string_view with) { return part.rfind(with, 0) == 0; };
  if (program.error_code() == re2::RE2::ErrorPatternTooLarge) return "is too large: it repeats too much";
  if (begins("(?=") || begins("(?!") || begins("(?<"))
    return "has '" + part + "', and look-around cannot be searched for in linear time";
  if (part.size() == 2 && part[0] == '\\' && part[1] >= '1' && part[1] <= '9')
    return "has '" + part + "', and back-references cannot be searched for in linear time";
  return "is no regular expression: " + program.error();
}

Status CheckLength(std::string_view text, const std::string& argument) {
  if (text.size() <= limits::kPatternBytesMax) return {};
  return Status::InvalidArgument(argument,
                                 "must be a pattern of at most 1,000 bytes, got " + std::to_string(text.size()));
}

}  // namespace

struct Pattern::Program {
  Program(const std::string& text, const re2::RE2::Options& options) : re(text, options) {}
  re2::RE2 re;
};

Pattern::Pattern(std::unique_ptr<Program> program) : program_(std::move(program)) {}

Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::Compile(const std::string& text, const PatternOptions& options,
                                                        const std::string& argument) {
  re2::RE2::Options wanted(re2::RE2::Quiet);
  wanted.set_max_mem(kMemoryMax);
  wanted.set_never_capture(true);
  wanted.set_case_sensitive(!options.ignore_case);
  wanted.set_dot_nl(options.dot_all);
  auto program = std::make_unique<Program>(options.multi_line ? "(?m)" + text : text, wanted);
  if (!program->re.ok()) return Status::InvalidArgument(argument, WhyNot(program->re));
  return std::shared_ptr<const Pattern>(new Pattern(std::move(program)));
}

Result<std::shared_ptr<const Pattern>> Pattern::Regex(std::string_view text, const PatternOptions& options,
                                                      const std::string& argument) {
  RETURN_IF_ERROR(CheckLength(text, argument));
  return Compile(options.extended ? WithoutComments(text) : std::string(text), options, argument);
}

Result<std::shared_ptr<const Pattern>> Pattern::Like(std::string_view text, const std::string& argument) {
  RETURN_IF_ERROR(CheckLength(text, argument));
  std::string regex = "\\A";
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' || text[i] == '_') {
      regex += text[i] == '%' ? ".*" : ".";
      continue;
    }
    if (text[i] == '\\' && ++i == text.size())
      return Status::InvalidArgument(argument, "ends with a backslash that nothing follows");
    regex += re2::RE2::QuoteMeta(re2::StringPiece(&text[i], 1));
  }
  PatternOptions options;
  options.dot_all = true;
  return Compile(regex + "\\z", options, argument);
}

size_t Pattern::size() const { return static_cast<size_t>(program_->re.ProgramSize()); }

bool Pattern::IsIn(std::string_view text) const {
  return program_->re.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, nullptr,
                            0);
}

}  // namespace agentmemdb
