// The best texts for some terms, by BM25, without scoring every text: MaxScore (Turtle and Flood, 1995) on windows of texts,
// with the highest impact of each block of postings (Ding and Suel, 2011) as bounds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/id_set.h"
#include "base/status.h"
#include "text/bm25_index.h"

namespace agentmemdb {

struct QueryTerm {
  std::string term;
  float weight = 1;
  bool operator==(const QueryTerm&) const = default;
};

// Terms that follow one another in a text; nullopt: any word. In a text that has it, its terms count a quarter more.
using QueryPhrase = std::vector<std::optional<std::string>>;

struct TextSearch {
  std::span<const QueryTerm> terms;  // each once
  std::span<const QueryPhrase> phrases;
  bool needs_phrases = false;      // every text found has all of them
  uint32_t k = 10;                 // >= 1
  std::span<const RowId> rows;     // by slot: breaks ties, higher first
  const IdSet* allowed = nullptr;  // slots that may be returned; nullptr = all
};

struct TextHit {
  float score;  // above 0
  Slot slot;
  RowId row;
};

// The order of every result: best first, equal scores newest row first.
inline bool Better(const TextHit& a, const TextHit& b) {
  return a.score != b.score ? a.score > b.score : ToInt(a.row) > ToInt(b.row);
}

struct TextSearchResult {
  std::vector<TextHit> hits;  // best first
  uint32_t scored = 0;        // texts whose score was computed to the end
  int64_t postings = 0;       // that were looked at
};

// One search's view of an index: which terms it knows, and what they are worth. Good as long as nothing is forgotten.
class TextScorer {
 public:
  TextScorer(TextParts parts, const TextSearch& search);

  // min(k, texts that are allowed and have a term, and every phrase that is needed). Errors: kAborted, kTimeout.
  Result<TextSearchResult> Run(const CancelToken& cancel) const;
  // What Run would give that text; 0: it does not match, or there is no text.
  float ScoreOf(Slot slot) const;

 private:
  struct List {
    uint32_t term;
    float weight;      // with idf and k1 + 1
    float weight_max;  // with all phrases
  };
  struct PartLists {
    const TextPart* part;
    std::vector<List> lists;  // in the order of the query, in which they are summed up, whatever finds a text
    std::vector<std::vector<std::optional<uint32_t>>> phrases;  // those whose terms are all here
    bool can_match = true;                                      // otherwise no text of it does
    int64_t postings = 0;
  };
  class Window;
  class Best;

  float PhrasesWith(const std::string& term) const;
  // By phrase of the part, whether a text has it.
  std::vector<bool> PhrasesOf(const PartLists& lists, uint32_t text) const;
  float Exact(const PartLists& lists, uint32_t text) const;
  void Offer(const PartLists& lists, uint32_t text, Best* best) const;
  Status ScanPart(const PartLists& lists, const CancelToken& cancel, Best* best) const;
  void ScoreAllowed(Best* best) const;

  TextParts parts_;
  TextSearch search_;
  std::vector<PartLists> lists_;  // largest part first
  float average_length_ = 0;
  int64_t postings_ = 0;
};

// The terms that tell most about a text (tf * idf), at most so many, best first; empty when there is no text.
std::vector<QueryTerm> BestTerms(const TextParts& parts, Slot slot, size_t most);

// How many living texts have a term.
int64_t TextsWith(const TextParts& parts, std::string_view term);

}  // namespace agentmemdb
