// Texts of made-up words, and BM25 in the plainest way: the oracle of all keyword searches.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "text/bm25_search.h"

namespace agentmemdb {

// Words w0, w1, ... by Zipf's law: w(i) is 1 / (i + 1) times as likely as w0.
class ZipfWords {
 public:
  explicit ZipfWords(uint32_t vocabulary);
  std::string Word(Random* random) const;
  std::string Text(uint32_t words_min, uint32_t words_max, Random* random) const;

 private:
  std::vector<double> up_to_;
};

// Every score in double precision, of texts by slot, each text as its words.
class PlainBm25 {
 public:
  explicit PlainBm25(const TextOptions& options) : analyzer_(options) {}

  void Put(Slot slot, const std::string& text);
  void Remove(Slot slot) { texts_.erase(ToInt(slot)); }
  size_t size() const { return texts_.size(); }
  // By slot: those above 0.
  std::map<uint32_t, double> Scores(const std::vector<QueryTerm>& terms) const;
  // How many texts have each term, and how often each word is there.
  std::map<std::string, int64_t> TextsWith() const;
  std::map<std::string, int64_t> Words() const;

 private:
  Analyzer analyzer_;
  struct Text {
    std::vector<std::string> words, terms;
  };
  std::map<uint32_t, Text> texts_;
};

}  // namespace agentmemdb
