#include "support/texts.h"

#include <algorithm>
#include <cmath>

#include "support/test_database.h"

namespace agentmemdb {

ZipfWords::ZipfWords(uint32_t vocabulary) {
  double sum = 0;
  for (uint32_t i = 0; i < vocabulary; ++i) up_to_.push_back(sum += 1.0 / (i + 1));
}

std::string ZipfWords::Word(Random* random) const {
  const double at = random->Unit() * up_to_.back();
  return Numbered("w", std::lower_bound(up_to_.begin(), up_to_.end(), at) - up_to_.begin());
}

std::string ZipfWords::Text(uint32_t words_min, uint32_t words_max, Random* random) const {
  const auto words = words_min + static_cast<uint32_t>(random->Below(words_max - words_min + 1));
  std::string text;
  for (uint32_t i = 0; i < words; ++i) text.append(i == 0 ? "" : " ").append(Word(random));
  return text;
}

void PlainBm25::Put(Slot slot, const std::string& text) {
  Tokens tokens;
  analyzer_.Tokenize(text, &tokens);
  Text& made = texts_[ToInt(slot)] = {};
  for (const Token& token : tokens.list) {
    if (token.size == 0) continue;
    made.words.emplace_back(tokens.Word(token));
    made.terms.push_back(analyzer_.Term(made.words.back()));
  }
}

std::map<uint32_t, double> PlainBm25::Scores(const std::vector<QueryTerm>& terms) const {
  double tokens = 0;
  for (const auto& [slot, text] : texts_) tokens += static_cast<double>(text.terms.size());
  const double n = static_cast<double>(texts_.size()), average = tokens / n;
  std::map<uint32_t, double> scores;
  const std::map<std::string, int64_t> with = TextsWith();
  for (const QueryTerm& term : terms) {
    const auto found = with.find(term.term);
    if (found == with.end()) continue;
    const auto df = static_cast<double>(found->second);
    const double idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
    for (const auto& [slot, text] : texts_) {
      const auto tf = static_cast<double>(std::count(text.terms.begin(), text.terms.end(), term.term));
      if (tf == 0) continue;
      const double length = static_cast<double>(text.terms.size());
      scores[slot] += term.weight * idf * tf * 2.2 / (tf + 1.2 * (1 - 0.75 + 0.75 * length / average));
    }
  }
  return scores;
}

std::map<std::string, int64_t> PlainBm25::TextsWith() const {
  std::map<std::string, int64_t> with;
  for (const auto& [slot, text] : texts_) {
    std::vector<std::string> terms = text.terms;
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    for (const std::string& term : terms) ++with[term];
  }
  return with;
}

std::map<std::string, int64_t> PlainBm25::Words() const {
  std::map<std::string, int64_t> words;
  for (const auto& [slot, text] : texts_) {
    for (const std::string& word : text.words) ++words[word];
  }
  return words;
}

}  // namespace agentmemdb
