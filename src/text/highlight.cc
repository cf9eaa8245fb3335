#include "text/highlight.h"

#include "text/unicode.h"

namespace agentmemdb {
namespace {

// Counts forward, and back where a name's parts come after it.
class UnitCounter {
 public:
  explicit UnitCounter(std::string_view text) : text_(text) {}

  uint32_t At(uint32_t byte) {
    if (byte < byte_) byte_ = units_ = 0;
    while (byte_ < byte) {
      const CodePoint next = CodePointAt(text_, byte_);
      byte_ += next.bytes;
      units_ += next.value >= 0x10000 ? 2 : 1;
    }
    return units_;
  }

 private:
  std::string_view text_;
  uint32_t byte_ = 0, units_ = 0;
};

}  // namespace

std::vector<Highlight> FindHighlights(std::string_view text, const std::set<std::string, std::less<>>& terms,
                                      const TextOptions& options, size_t most) {
  Analyzer analyzer(options);
  Tokens tokens;
  analyzer.Tokenize(text, &tokens);
  std::vector<Highlight> highlights;
  UnitCounter units(text), ends(text);
  for (const Token& token : tokens.list) {
    if (highlights.size() == most) break;
    if (token.size == 0) continue;
    std::string term = analyzer.Term(tokens.Word(token));
    if (!terms.contains(term)) continue;
    const uint32_t begin = units.At(token.source_begin);
    highlights.push_back({begin, ends.At(token.source_end), std::move(term)});
  }
  return highlights;
}

}  // namespace agentmemdb
