#include "text/keyword_query.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/text.h"
#include "text/unicode.h"

namespace agentmemdb {
namespace {

constexpr size_t kTypoCharactersMin = 4;
constexpr float kTypoWeight = 0.8f;
constexpr size_t kCompletionsMax = 5;

std::u32string Characters(std::string_view word) {
  std::u32string characters;
  for (size_t at = 0; at < word.size();) {
    const CodePoint next = CodePointAt(word, at);
    characters.push_back(next.value);
    at += next.bytes;
  }
  return characters;
}

// A number that is not there is no other number.
bool MayBeTypo(const std::u32string& characters) {
  return characters.size() >= kTypoCharactersMin &&
         std::none_of(characters.begin(), characters.end(), [](char32_t c) { return ClassOf(c) == CharClass::kDigit; });
}

template <class Units>
bool AreNearInUnits(Units a, Units b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  size_t same = 0;
  while (same < a.size() && a[same] == b[same]) ++same;
  a.remove_prefix(same);
  b.remove_prefix(same);
  if (a.size() < b.size()) return a == b.substr(1);
  if (a.empty()) return false;  // The same word.
  if (a.substr(1) == b.substr(1)) return true;
  return a.size() > 1 && a[0] == b[1] && a[1] == b[0] && a.substr(2) == b.substr(2);
}

// A word of some segments, and how often it is in their living texts.
struct Known {
  std::string word;
  std::string term;
  int64_t count = 0;
};

// The more frequent, of equal ones the first in order: the same everywhere.
bool MoreFrequent(const Known& a, const Known& b) { return a.count != b.count ? a.count > b.count : a.word < b.word; }

class Vocabulary {
 public:
  explicit Vocabulary(const TextParts& parts) : parts_(parts) {}

  bool HasTerm(std::string_view term) const { return TextsWith(parts_, term) > 0; }

  // The most frequent word that is near.
  std::optional<Known> Nearest(std::string_view word) const {
    const std::u32string wanted = Characters(word);
    const uint32_t signature = WordSignature(word);
    const bool ascii = IsAscii(word);
    std::map<std::string, Known, std::less<>> near;
    for (const auto& part : parts_) {
      const std::vector<uint32_t>& signatures = part->segment->arrays().word_signature;
      for (uint32_t i = 0; i < signatures.size(); ++i) {
        // A replaced character may take one bit away and bring another. (std::popcount would be a call: not every CPU counts bits.)
        uint32_t others = signatures[i] ^ signature;
        others &= others - 1;
        if ((others & (others - 1)) != 0) continue;
        const std::string_view candidate = part->segment->Word(i);
        if (candidate.size() + 4 < word.size() || word.size() + 4 < candidate.size()) continue;
        const bool is_near =
            ascii && IsAscii(candidate) ? AreNear(word, candidate) : AreNear(wanted, Characters(candidate));
        if (is_near) Count(*part, i, &near);
      }
    }
    const std::vector<Known> best = MostFrequent(near, 1);
    return best.empty() ? std::nullopt : std::optional(best.front());
  }

  // The most frequent words that begin so, itself left out.
  std::vector<Known> Completions(std::string_view prefix) const {
    std::map<std::string, Known, std::less<>> found;
    for (const auto& part : parts_) {
      const TextSegment& segment = *part->segment;
      for (uint32_t i = segment.LowerBoundOfWord(prefix); i < segment.words() && segment.Word(i).starts_with(prefix);
           ++i) {
        if (segment.Word(i) != prefix) Count(*part, i, &found);
      }
    }
    return MostFrequent(found, kCompletionsMax);
  }

 private:
  static void Count(const TextPart& part, uint32_t word, std::map<std::string, Known, std::less<>>* found) {
    const int64_t count = part.CountOf(word);
    if (count == 0) return;
    const std::string name(part.segment->Word(word));
    Known& known = (*found)[name];
    known.word = name;
    known.term = part.segment->Term(part.segment->arrays().word_term[word]);
    known.count += count;
  }

  static std::vector<Known> MostFrequent(const std::map<std::string, Known, std::less<>>& found, size_t most) {
    std::vector<Known> words;
    for (const auto& [name, known] : found) words.push_back(known);
    std::sort(words.begin(), words.end(), MoreFrequent);
    words.resize(std::min(words.size(), most));
    return words;
  }

  const TextParts& parts_;
};

class KeywordParser {
 public:
  KeywordParser(const TextOptions& options, const KeywordOptions& keywords, const TextParts& parts)
      : analyzer_(options),
        keywords_(keywords),
        plain_(options.analyzer == AnalyzerKind::kReference),
        vocabulary_(parts) {
    if (plain_) keywords_.typos = false;
  }

  KeywordQuery Parse(std::string_view text) {
    // The reference knows words only.
    if (plain_) ReadWords(std::exchange(text, {}), /*last=*/true);
    // Words between a pair of quotes are a phrase; a quote without another is none.
    for (size_t at = 0; at < text.size();) {
      const size_t open = text.find('"', at);
      const size_t close = open == std::string_view::npos ? open : text.find('"', open + 1);
      if (close == std::string_view::npos) {
        ReadWords(text.substr(at), /*last=*/true);
        break;
      }
      ReadWords(text.substr(at, open - at), /*last=*/false);
      ReadPhrase(text.substr(open + 1, close - open - 1));
      at = close + 1;
    }
    // In between other words, those of a phrase are words like others: people quote whole questions.
    query_.needs_phrases = !query_.phrases.empty() && std::all_of(words_.begin(), words_.end(), [](const Word& word) {
      return word.quoted || word.asks;
    });
    for (const bool asking : {false, true}) {
      if (asking && !query_.terms.empty()) break;
      for (const Word& word : words_) {
        if ((word.asks && !IsNeeded(word)) == asking) AddWord(word);
      }
    }
    return std::move(query_);
  }

 private:
  struct Word {
    std::string word;
    bool asks, unfinished, quoted;
  };

  void ReadWords(std::string_view text, bool last) {
    analyzer_.Tokenize(text, &tokens_);
    for (const Token& token : tokens_.list) {
      if (token.size == 0) continue;
      std::string word(tokens_.Word(token));
      const bool asks = analyzer_.IsQuestionWord(word);
      const bool unfinished = last && keywords_.prefix && token.source_end == text.size();
      words_.push_back({std::move(word), asks, unfinished, false});
    }
  }

  void ReadPhrase(std::string_view text) {
    analyzer_.Tokenize(text, &tokens_);
    std::vector<Token>& list = tokens_.list;
    const auto is_word = [](const Token& token) { return token.size > 0; };
    list.erase(std::find_if(list.rbegin(), list.rend(), is_word).base(), list.end());
    list.erase(list.begin(), std::find_if(list.begin(), list.end(), is_word));
    QueryPhrase phrase;
    for (const Token& token : list) {
      if (token.size == 0) {
        phrase.emplace_back();
        continue;
      }
      const std::string_view word = tokens_.Word(token);
      phrase.emplace_back(analyzer_.Term(word));
      words_.push_back({std::string(word), analyzer_.IsQuestionWord(word), false, true});
    }
    if (!phrase.empty()) query_.phrases.push_back(std::move(phrase));
  }

  // As often as a word is asked for it counts.
  void AddTerm(const std::string& term, float weight) {
    for (QueryTerm& each : query_.terms) {
      if (each.term != term) continue;
      each.weight += weight;
      return;
    }
    query_.terms.push_back({term, weight});
  }

  bool IsNeeded(const Word& word) const { return query_.needs_phrases && word.quoted; }

  void AddWord(const Word& word) {
    const std::string term = analyzer_.Term(word.word);
    const bool known = vocabulary_.HasTerm(term);
    if (known) AddTerm(term, 1);
    if (word.unfinished && AddCompletions(word.word, term)) return;
    if (known || IsNeeded(word) || !keywords_.typos || !MayBeTypo(Characters(word.word))) return;
    if (const std::optional<Known> near = vocabulary_.Nearest(word.word)) {
      AddTerm(near->term, kTypoWeight);
      if (std::none_of(query_.corrections.begin(), query_.corrections.end(),
                       [&](const Correction& each) { return each.word == word.word; }))
        query_.corrections.push_back({word.word, near->word});
    }
  }

  bool AddCompletions(const std::string& word, const std::string& term) {
    std::vector<Known> completions = vocabulary_.Completions(word);
    std::erase_if(completions, [&](const Known& each) { return each.term == term; });
    for (const Known& each : completions) AddTerm(each.term, 1 / std::sqrt(static_cast<float>(completions.size())));
    return !completions.empty();
  }

  Analyzer analyzer_;
  KeywordOptions keywords_;
  const bool plain_;
  const Vocabulary vocabulary_;
  Tokens tokens_;
  std::vector<Word> words_;
  KeywordQuery query_;
};

}  // namespace

bool AreNear(std::u32string_view a, std::u32string_view b) { return AreNearInUnits(a, b); }

bool AreNear(std::string_view a, std::string_view b) { return AreNearInUnits(a, b); }

KeywordQuery ParseKeywords(std::string_view text, const TextOptions& options, const KeywordOptions& keywords,
                           const TextParts& parts) {
  return KeywordParser(options, keywords, parts).Parse(text);
}

}  // namespace agentmemdb
