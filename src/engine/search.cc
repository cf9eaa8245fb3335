#include "engine/search.h"

#include <algorithm>

#include "base/clock.h"
#include "engine/find.h"
#include "engine/texts.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kMmrMax = 1000;
constexpr uint32_t kAutocutMax = 100;
// How many each arm finds, for k results: fusion and ranking choose among them.
constexpr uint32_t kPoolMin = 50;
constexpr size_t kHighlightsMax = 100;

Status CheckRange(uint32_t value, const char* argument, uint32_t most = limits::kResultsMax) {
  if (value >= 1 && value <= most) return {};
  return Status::InvalidArgument(argument,
                                 "must be an integer in 1.." + std::to_string(most) + ", got " + std::to_string(value));
}

Status CheckShare(const std::optional<double>& value, const char* argument) {
  if (!value || (*value >= 0 && *value <= 1)) return {};
  return Status::InvalidArgument(argument, "must be a number in 0..1");
}

// One search within one committed state.
class Searcher {
 public:
  Searcher(const ReadView& view, const Collection& collection, const SearchQuery& query, const CancelToken& cancel,
           SearchOutput* output)
      : view_(view), collection_(collection), query_(query), cancel_(cancel), output_(output), now_(NowMs()) {}

  Status Run() {
    const int64_t begun = MonotonicMicros();
    RETURN_IF_ERROR(FindAllowed());
    const int64_t start = MonotonicMicros();
    if (query_.text) PrepareWords();
    RETURN_IF_ERROR(query_.hybrid() ? FindByBoth() : query_.text ? FindByWords() : FindByVector());
    RETURN_IF_ERROR(Choose());
    const int64_t searched = MonotonicMicros();
    RETURN_IF_ERROR(Hydrate());
    output_->metric = collection_.options().metric;
    if (allowed_) output_->allowed = static_cast<uint32_t>(allowed_->Count());
    output_->filter_micros = start - begun;
    output_->search_micros = searched - start;
    output_->hydrate_micros = MonotonicMicros() - searched;
    return {};
  }

 private:
  Status FindAllowed() {
    allowed_ = collection_.VisibleAmong(now_);
    if (!query_.filter) return {};
    Result<IdSet> matching = MatchingSlots(view_, collection_, *query_.filter, now_, cancel_);
    if (matching.ok()) allowed_ = std::move(*matching);
    return matching.status();
  }

  uint32_t Pool() const {
    if (!query_.hybrid() && !query_.chooses()) return query_.k;
    return std::max(kPoolMin, (query_.chooses() ? 4 : 2) * query_.k);
  }

  VectorSearch MakeVectorSearch() {
    VectorSearch search;
    search.query = query_.vector;
    if (collection_.options().metric == Metric::kCosine) {
      unit_.resize(query_.vector.size());
      Normalise(query_.vector, unit_.data());
      search.query = unit_;
    }
    search.k = Pool();
    search.ef = query_.ef;
    search.exact = query_.exact;
    search.rows = collection_.rows();
    search.allowed = allowed_ ? &*allowed_ : nullptr;
    return search;
  }

  void PrepareWords() {
    const TextParts parts = collection_.texts().parts();
    words_ = ParseKeywords(*query_.text, collection_.options().text, query_.keywords, parts);
    TextSearch search;
    search.terms = words_.terms;
    search.phrases = words_.phrases;
    search.needs_phrases = words_.needs_phrases;
    search.k = Pool();
    search.rows = collection_.rows();
    search.allowed = allowed_ ? &*allowed_ : nullptr;
    scorer_.emplace(parts, search);
    output_->corrections = words_.corrections;
    output_->terms = words_.terms;
  }

  Status FindByVector() {
    const VectorSearch search = MakeVectorSearch();
    Result<VectorSearchResult> result = collection_.vectors()->Search(search, cancel_);
    if (!result.ok()) return result.status();
    for (const Neighbor& neighbor : result->neighbors) {
      Found& found = found_.emplace_back();
      found.slot = neighbor.slot;
      found.row = neighbor.row;
      found.score = RawToScore(collection_.options().metric, neighbor.raw);
      found.raw = neighbor.raw;
    }
    collection_.searches().Add(*result);
    output_->found = std::move(*result);
    return {};
  }

  Status FindByWords() {
    Result<TextSearchResult> result = scorer_->Run(cancel_);
    if (!result.ok()) return result.status();
    for (const TextHit& hit : result->hits) {
      Found& found = found_.emplace_back();
      found.slot = hit.slot;
      found.row = hit.row;
      found.score = hit.score;
      found.keyword = hit.score;
    }
    output_->by_words = std::move(*result);
    return {};
  }

  Status FindByBoth() {
    Result<std::shared_ptr<const HybridProfile>> profile = ProfileOf(collection_, cancel_);
    if (!profile.ok()) return profile.status();
    const VectorSearch search = MakeVectorSearch();
    Result<HybridArms> arms = SearchBothArms(collection_, search, *scorer_, cancel_);
    if (!arms.ok()) return arms.status();
    FusionRule rule;
    rule.fusion = query_.fusion;
    rule.mean_similarity = (*profile)->MeanSimilarity(collection_.options().metric, search.query);
    rule.dense_weight = DenseWeight(**profile);
    Fuse(rule, &arms->candidates);
    for (const FusionCandidate& candidate : arms->candidates) {
      Found& found = found_.emplace_back();
      found.slot = candidate.slot;
      found.row = candidate.row;
      found.score = candidate.score;
      if (candidate.similarity) found.raw = -*candidate.similarity;
      found.keyword = candidate.keyword;
    }
    collection_.searches().Add(arms->by_vector);
    output_->found = std::move(arms->by_vector);
    output_->by_words = std::move(arms->by_words);
    return {};
  }

  // What the caller says is not doubted.
  double DenseWeight(const HybridProfile& profile) {
    const bool by_default = query_.fusion == Fusion::kWeighted && !query_.alpha;
    const double weight = query_.alpha.value_or(by_default ? collection_.options().alpha.value_or(kDenseWeight) : 0.5);
    output_->dense_weight = by_default ? profile.Gate() * weight : weight;
    if (by_default) output_->gate = profile.Gate();
    return *output_->dense_weight;
  }

  Status Choose() {
    const bool relative = query_.text.has_value() || collection_.options().metric == Metric::kIp;
    if (query_.rank) RETURN_IF_ERROR(Rank(view_, *query_.rank, relative, now_, &found_));
    if (query_.min_score) std::erase_if(found_, [&](const Found& each) { return each.score < *query_.min_score; });
    if (query_.group_by) RETURN_IF_ERROR(KeepOfEachGroup(view_, *query_.group_by, &found_));
    if (query_.mmr_lambda) {
      const bool is_ranked = query_.rank.has_value();  // Then relative scores are shares of the best already.
      RETURN_IF_ERROR(Diversify(collection_, *query_.mmr_lambda, relative && !is_ranked, query_.k, cancel_, &found_));
    }
    if (found_.size() > query_.k) found_.resize(query_.k);
    if (query_.autocut) Autocut(*query_.autocut, &found_);
    return {};
  }

  // The records found, in their order, from the same committed state. Ids alone are in memory.
  Status Hydrate() {
    const Include& include = query_.include;
    const bool ids_only = !include.text && !include.metadata && !include.vector && !query_.highlight;
    std::set<std::string, std::less<>> terms;
    for (const QueryTerm& term : words_.terms) terms.insert(term.term);
    output_->hits.reserve(found_.size());
    for (Found& found : found_) {
      if (output_->hits.size() % 64 == 63) RETURN_IF_ERROR(cancel_.Check());
      Hit& hit = output_->hits.emplace_back();
      hit.score = found.score;
      if (found.raw) hit.distance = RawToDistance(collection_.options().metric, *found.raw);
      if (query_.explain) {
        hit.keyword = found.keyword;
        hit.parts = std::move(found.parts);
      }
      if (ids_only) {
        hit.record.id = collection_.IdOf(found.slot);
        continue;
      }
      Result<std::optional<RecordRow>> row = view_.rows->FindRow(found.row);
      if (!row.ok()) return row.status();
      if (!*row) return VanishedRecord(found.row);
      hit.record = ToOutput(**row, include);
      if (query_.highlight && query_.text && (*row)->text)
        hit.highlights = FindHighlights(*(*row)->text, terms, collection_.options().text, kHighlightsMax);
    }
    return {};
  }

  const ReadView& view_;
  const Collection& collection_;
  const SearchQuery& query_;
  const CancelToken& cancel_;
  SearchOutput* output_;
  const TimeMs now_;
  std::optional<IdSet> allowed_;
  std::vector<float> unit_;
  KeywordQuery words_;
  std::optional<TextScorer> scorer_;
  std::vector<Found> found_;
};

// What one try came to.
enum class Outcome { kAnswered, kLearning, kDamaged };

// kLearning: there are more records to learn. kDamaged: the search met bytes that an index image should not have, and its answer is
// worth nothing.
Result<SearchOutput> TrySearch(Database* database, CollectionId id, const SearchQuery& query, const CancelToken& cancel,
                               Outcome* outcome) {
  SearchOutput output;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView& view, const Collection& collection) -> Status {
        RETURN_IF_ERROR(query.Validate(collection.options()));
        output = SearchOutput();
        *outcome = Outcome::kAnswered;
        if (query.text) {
          Result<bool> more = LearnTexts(view, collection, kTextsLearntAtOnce, cancel);
          if (!more.ok()) return more.status();
          if (*more) *outcome = Outcome::kLearning;
          if (*more) return {};
        }
        RETURN_IF_ERROR(Searcher(view, collection, query, cancel, &output).Run());
        if (collection.vectors() != nullptr && collection.vectors()->damaged()) *outcome = Outcome::kDamaged;
        return {};
      });
  return Finish(status, std::move(output));
}

}  // namespace

Status SearchQuery::Validate(const CollectionOptions& options) const {
  if (vector.empty() && !text) return Status::InvalidArgument("query", "must have a vector, a text, or both");
  if (text) RETURN_IF_ERROR(ValidateText(*text, "query.text"));
  if (!vector.empty()) {
    if (options.dimensions == 0)
      return Status::InvalidArgument("query.vector", "is not possible: the collection was created without dimensions");
    if (vector.size() != options.dimensions)
      return Status::InvalidArgument("query.vector", "must have " + std::to_string(options.dimensions) +
                                                         " numbers, got " + std::to_string(vector.size()));
    double norm;
    RETURN_IF_ERROR(CheckVector(options.metric, vector, "query.vector", &norm));
  }
  RETURN_IF_ERROR(CheckRange(k, "query.k"));
  RETURN_IF_ERROR(CheckRange(ef, "query.ef"));
  RETURN_IF_ERROR(CheckShare(alpha, "query.alpha"));
  RETURN_IF_ERROR(CheckShare(mmr_lambda, "query.mmr.lambda"));
  if (mmr_lambda) RETURN_IF_ERROR(CheckRange(k, "query.k", kMmrMax));
  if (autocut) RETURN_IF_ERROR(CheckRange(*autocut, "query.autocut", kAutocutMax));
  if (group_by) {
    RETURN_IF_ERROR(ParseFieldPath(group_by->field, "query.groupBy.field").status());
    RETURN_IF_ERROR(CheckRange(group_by->size, "query.groupBy.size"));
  }
  return rank ? rank->Validate() : Status();
}

Result<SearchOutput> Search(Database* database, CollectionId id, const SearchQuery& query, const CancelToken& cancel) {
  for (;;) {
    Outcome outcome;
    Result<SearchOutput> output = TrySearch(database, id, query, cancel, &outcome);
    if (!output.ok() || outcome == Outcome::kAnswered) return output;
    if (outcome == Outcome::kDamaged) RETURN_IF_ERROR(database->ForgetDamagedImages(cancel));
  }
}

}  // namespace agentmemdb
