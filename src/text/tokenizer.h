// Text as a sequence of words. The measured default is in docs/api/search.md; `kReference` is plain BM25 as it is usually compared.
//
//   default    words of Unicode letters, marks and digits, in lower case (NFKC); 's and apostrophes dropped; a camelCase name
//              whole, then its parts; scripts without spaces as single characters and pairs of them: "a", "ab", "b"
//   reference  [a-z0-9]+ of the text in lower case
//
// English stop words (Lucene's 33) leave a gap, so that phrases keep their distance.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/stemmer.h"

namespace agentmemdb {

enum class AnalyzerKind : uint8_t { kDefault, kReference };

struct TextOptions {
  std::string language = "english";  // one of StemmerLanguages()
  AnalyzerKind analyzer = AnalyzerKind::kDefault;

  bool operator==(const TextOptions&) const = default;
};

struct Token {
  uint32_t begin = 0, size = 0;               // of the word, in Tokens::bytes; size 0: a gap
  uint32_t source_begin = 0, source_end = 0;  // bytes of the text it was made of
};

struct Tokens {
  std::string bytes;
  std::vector<Token> list;

  std::string_view Word(const Token& token) const { return std::string_view(bytes).substr(token.begin, token.size); }
  void Clear() {
    bytes.clear();
    list.clear();
  }
};

// Longer words are cut: 1..255 bytes.
constexpr size_t kWordBytesMax = 255;

// Threads: one at a time.
class Analyzer {
 public:
  explicit Analyzer(const TextOptions& options) : options_(options), stemmer_(options.language) {}

  const TextOptions& options() const { return options_; }
  // `text` is well-formed UTF-8 of at most 2^32 bytes. Replaces what was in `tokens`. May throw std::bad_alloc.
  void Tokenize(std::string_view text, Tokens* tokens) const;
  // What a word is indexed as: its stem without accents.
  std::string Term(std::string_view word);
  // Whether a word of a query asks rather than names ("how", "many"): only English words are known to.
  bool IsQuestionWord(std::string_view word) const;

 private:
  std::string Stem(std::string_view word);

  TextOptions options_;
  Stemmer stemmer_;
};

}  // namespace agentmemdb
