#include "text/tokenizer.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "text/unicode.h"

namespace agentmemdb {
namespace {

// Ascending.
constexpr std::array<std::string_view, 33> kStopWords = {
    "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
    "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
    "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"};
constexpr std::array<std::string_view, 30> kQuestionWords = {
    "are",  "can",  "could", "did",   "do",   "does",  "had",    "has",  "have", "how",
    "is",   "kind", "long",  "many",  "much", "often", "should", "type", "was",  "were",
    "what", "when", "where", "which", "who",  "whom",  "whose",  "why",  "will", "would"};
constexpr size_t kStopWordBytesMax = 5;
constexpr size_t kNamePartsMax = 8;  // More are no name, but noise.

bool IsStopWord(std::string_view word) {
  return word.size() <= kStopWordBytesMax && std::binary_search(kStopWords.begin(), kStopWords.end(), word);
}

// At most `size` bytes of `word`, and no part of a character.
std::string_view Cut(std::string_view word, size_t size) {
  if (word.size() <= size) return word;
  while (size > 0 && (static_cast<unsigned char>(word[size]) & 0xC0) == 0x80) --size;
  return word.substr(0, size);
}

// Reads one text.
class Reader {
 public:
  Reader(std::string_view text, bool drop_stop_words, Tokens* tokens)
      : text_(text), drop_stop_words_(drop_stop_words), tokens_(tokens) {}

  void ReadDefault() {
    for (size_t at = 0; at < text_.size();) {
      const CodePoint next = CodePointAt(text_, at);
      const CharClass c = ClassOf(next.value);
      if (c == CharClass::kUnsegmented)
        at = ReadUnsegmented(at);
      else if (c == CharClass::kLetter || c == CharClass::kUpper || c == CharClass::kDigit)
        at = ReadWord(at);
      else
        at += next.bytes;
    }
  }

  void ReadReference() {
    std::string word;
    size_t begin = 0;
    for (size_t at = 0; at < text_.size();) {
      const CodePoint next = CodePointAt(text_, at);
      const char32_t lower = ToLower(next.value);
      const bool in_word = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
      if (in_word && word.empty()) begin = at;
      if (in_word) word.push_back(static_cast<char>(lower));
      if (!in_word && !word.empty()) {
        Add(word, begin, at);
        word.clear();
      }
      at += next.bytes;
    }
    if (!word.empty()) Add(word, begin, text_.size());
  }

 private:
  // What was seen of a word on the way to its end.
  struct Seen {
    bool ascii = true, apostrophe = false, upper = false;
    std::vector<size_t>* parts;  // where parts of a name begin, the first not counted
  };

  size_t ReadWord(size_t begin) {
    parts_.clear();
    Seen seen{true, false, false, &parts_};
    const size_t end = EndOfWord(begin, &seen);
    const std::string_view source = text_.substr(begin, end - begin);
    if (seen.ascii && !seen.apostrophe && !seen.upper)
      Add(source, begin, end);
    else
      Add(Plain(source, seen), begin, end);
    if (parts_.empty() || parts_.size() >= kNamePartsMax) return end;
    size_t part = begin;
    parts_.push_back(end);
    for (const size_t next : parts_) {
      Add(Plain(text_.substr(part, next - part), seen), part, next);
      part = next;
    }
    return end;
  }

  // A part begins at a capital after another letter ("getName"), and before the last capital of several ("HTTPServer").
  size_t EndOfWord(size_t begin, Seen* seen) {
    CharClass before = CharClass::kSeparator;
    size_t last_upper = begin;
    size_t at = begin;
    while (at < text_.size()) {
      const CodePoint next = CodePointAt(text_, at);
      const CharClass c = ClassOf(next.value);
      if (c == CharClass::kApostrophe) {
        if (!LetterAt(at + next.bytes)) break;
        seen->apostrophe = true;
      } else if (c == CharClass::kSeparator || c == CharClass::kUnsegmented) {
        break;
      }
      if (next.value >= 0x80) seen->ascii = false;
      if (c == CharClass::kUpper) {
        if (before == CharClass::kLetter || before == CharClass::kDigit) seen->parts->push_back(at);
        seen->upper = true;
        last_upper = at;
      } else if (c == CharClass::kLetter && before == CharClass::kUpper && last_upper > begin &&
                 (seen->parts->empty() || seen->parts->back() != last_upper) && !seen->apostrophe) {
        seen->parts->push_back(last_upper);
      }
      if (c != CharClass::kMark) before = c;
      at += next.bytes;
    }
    return at;
  }

  bool LetterAt(size_t at) const {
    if (at >= text_.size()) return false;
    const CharClass c = ClassOf(CodePointAt(text_, at).value);
    return c == CharClass::kLetter || c == CharClass::kUpper || c == CharClass::kDigit;
  }

  // In lower case, without its apostrophes and what follows one as "s" at the end.
  std::string Plain(std::string_view source, const Seen& seen) {
    std::string word;
    for (size_t at = 0; at < source.size();) {
      const CodePoint next = CodePointAt(source, at);
      if (!seen.apostrophe || ClassOf(next.value) != CharClass::kApostrophe) {
        AppendUtf8(&word, ToLower(next.value));
      } else if (const std::string_view rest = source.substr(at + next.bytes); rest == "s" || rest == "S") {
        break;
      }
      at += next.bytes;
    }
    return seen.ascii ? word : NormalWord(word);
  }

  // Each character with its marks, and with the one after it.
  size_t ReadUnsegmented(size_t begin) {
    size_t at = begin, end = EndOfCharacter(begin);
    for (;;) {
      Add(NormalWord(text_.substr(at, end - at)), at, end);
      if (end >= text_.size() || ClassOf(CodePointAt(text_, end).value) != CharClass::kUnsegmented) return end;
      const size_t next_end = EndOfCharacter(end);
      Add(NormalWord(text_.substr(at, next_end - at)), at, next_end);
      at = end;
      end = next_end;
    }
  }

  size_t EndOfCharacter(size_t at) const {
    do {
      at += CodePointAt(text_, at).bytes;
    } while (at < text_.size() && ClassOf(CodePointAt(text_, at).value) == CharClass::kMark);
    return at;
  }

  void Add(std::string_view word, size_t source_begin, size_t source_end) {
    word = Cut(word, kWordBytesMax);
    Token token;
    token.source_begin = static_cast<uint32_t>(source_begin);
    token.source_end = static_cast<uint32_t>(source_end);
    if (!drop_stop_words_ || !IsStopWord(word)) {
      token.begin = static_cast<uint32_t>(tokens_->bytes.size());
      token.size = static_cast<uint32_t>(word.size());
      tokens_->bytes.append(word);
    }
    tokens_->list.push_back(token);
  }

  const std::string_view text_;
  const bool drop_stop_words_;
  Tokens* tokens_;
  std::vector<size_t> parts_;
};

}  // namespace

void Analyzer::Tokenize(std::string_view text, Tokens* tokens) const {
  tokens->Clear();
  Reader reader(text, options_.language == "english", tokens);
  if (options_.analyzer == AnalyzerKind::kReference)
    reader.ReadReference();
  else
    reader.ReadDefault();
}

std::string Analyzer::Term(std::string_view word) {
  if (options_.analyzer == AnalyzerKind::kReference) return Stem(word);
  // English endings have no accents: "résumé" is "resume" with any of them. Other languages tell endings apart by them.
  if (options_.language == "english" && !IsAscii(word)) return Stem(WithoutAccents(word));
  return WithoutAccents(Stem(word));
}

std::string Analyzer::Stem(std::string_view word) {
  const std::string_view stem = stemmer_.Stem(word);
  // A stem of nothing would be no term.
  return std::string(stem.empty() ? word : stem);
}

bool Analyzer::IsQuestionWord(std::string_view word) const {
  return options_.language == "english" && options_.analyzer == AnalyzerKind::kDefault &&
         std::binary_search(kQuestionWords.begin(), kQuestionWords.end(), word);
}

}  // namespace agentmemdb
