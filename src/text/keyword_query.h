// What a user types, as terms to search by. With the reference analyzer, words and nothing else.
//
//   words        those that ask ("how many") are dropped, unless there are no others
//   "a phrase"   where its words follow one another they count a quarter more; a query of nothing but phrases finds only texts
//                that have all of them, word for word
//   typos        a word of 4 or more characters, none of them a digit, whose term no text has stands for the most frequent word at Damerau distance 1
//                (insert, delete, replace, swap neighbours), with weight 0.8
//   prefix       the last word may be unfinished: its 5 most frequent completions count 1 / sqrt(n) each
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/bm25_search.h"
#include "text/tokenizer.h"

namespace agentmemdb {

struct KeywordOptions {
  bool typos = true;    // no effect on the reference analyzer
  bool prefix = false;  // as somebody types
};

struct Correction {
  std::string word, to;
};

struct KeywordQuery {
  std::vector<QueryTerm> terms;  // each once; without any nothing matches
  std::vector<QueryPhrase> phrases;
  bool needs_phrases = false;
  std::vector<Correction> corrections;
};

// `text` is well-formed UTF-8.
KeywordQuery ParseKeywords(std::string_view text, const TextOptions& options, const KeywordOptions& keywords,
                           const TextParts& parts);

// Whether one insertion, deletion, replacement or swap of neighbours makes one of the other. Of characters, or of ASCII.
bool AreNear(std::u32string_view a, std::u32string_view b);
bool AreNear(std::string_view a, std::string_view b);

}  // namespace agentmemdb
