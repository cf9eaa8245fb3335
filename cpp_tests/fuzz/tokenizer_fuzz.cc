// Texts and a query from anywhere: what is indexed is what was read, what is written is sound, and what is found is worth its score.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "text/highlight.h"
#include "text/keyword_query.h"

namespace agentmemdb {
namespace {

// The first byte says which.
TextOptions OptionsOf(char choice) {
  const std::vector<std::string>& languages = StemmerLanguages();
  const auto number = static_cast<unsigned char>(choice);
  if (number >= 0xF0) return {"english", AnalyzerKind::kReference};
  return {languages[number % languages.size()], AnalyzerKind::kDefault};
}

void CheckTokens(std::string_view text, const TextOptions& options) {
  Analyzer analyzer(options);
  Tokens tokens;
  analyzer.Tokenize(text, &tokens);
  for (const Token& token : tokens.list) {
    EXPECT_THAT(token.source_begin < token.source_end && token.source_end <= text.size());
    EXPECT_THAT(token.size <= kWordBytesMax && IsUtf8(tokens.Word(token)));
    if (token.size > 0) EXPECT_THAT(!analyzer.Term(tokens.Word(token)).empty());
  }
}

std::string Written(const std::shared_ptr<const TextSegment>& segment) {
  Bytes bytes;
  Section section = TextSegment::Write("text0", segment);
  while (section.next(&bytes)) continue;
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void RunOne(std::string_view input) {
  if (input.empty() || !IsUtf8(input.substr(1))) return;
  const TextOptions options = OptionsOf(input.front());
  input.remove_prefix(1);
  const auto [query_text, lines] = TwoLines(input);
  CheckTokens(input, options);

  Bm25Index index(options);
  std::vector<std::string> texts;
  for (std::string_view rest = lines; !rest.empty() && texts.size() < 20;) {
    const auto [line, more] = TwoLines(rest);
    texts.emplace_back(line);
    rest = more;
  }
  std::vector<RowId> rows;
  for (uint32_t i = 0; i < texts.size(); ++i) {
    const auto learning = index.BeginLearning();
    index.Learn(std::vector<LearntText>{{Slot{i}, texts[i]}});
    rows.push_back(RowId{i + 1});
  }
  for (uint32_t i = 0; i < texts.size(); ++i) EXPECT_THAT(index.Agrees(Slot{i}, texts[i]));
  if (texts.size() > 2) index.Forget(Slot{1});
  for (const auto& part : index.parts()) {
    const std::string bytes = Written(part->segment);
    const auto again = TextSegment::Read(std::as_bytes(std::span(bytes)));
    EXPECT_THAT(again != nullptr && Written(again) == bytes);
  }

  const TextParts parts = index.parts();
  const KeywordQuery query = ParseKeywords(query_text, options, {.typos = true, .prefix = true}, parts);
  TextSearch search;
  search.terms = query.terms;
  search.phrases = query.phrases;
  search.needs_phrases = query.needs_phrases;
  search.rows = rows;
  const TextScorer scorer(parts, search);
  Result<TextSearchResult> found = scorer.Run({});
  EXPECT_THAT(found.ok());
  std::set<std::string, std::less<>> terms;
  for (const QueryTerm& term : query.terms) terms.insert(term.term);
  for (size_t i = 0; i < found->hits.size(); ++i) {
    const TextHit& hit = found->hits[i];
    EXPECT_THAT(hit.score > 0 && hit.score == scorer.ScoreOf(hit.slot));
    EXPECT_THAT(i == 0 || Better(found->hits[i - 1], hit));
    EXPECT_THAT(!FindHighlights(texts[ToInt(hit.slot)], terms, options, 100).empty());
  }
}

}  // namespace agentmemdb
