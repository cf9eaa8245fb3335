#include "engine/hybrid.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace agentmemdb {
namespace {

constexpr size_t kCenterSample = 4096;
constexpr size_t kAgreementSample = 64, kAgreementSampleMin = 16;
constexpr size_t kSampleTerms = 12;
constexpr uint32_t kSampleHits = 10;
constexpr uint64_t kWritesMin = 64, kWritesShare = 4;
// Between these agreements the gate opens: noise is at 0.00 +- 0.02, the weakest arm that helps at 0.5.
constexpr double kGateFrom = 0.03, kGateWidth = 0.07;

// At most `most` of `all`, evenly over it.
std::vector<Slot> Sample(const std::vector<Slot>& all, size_t most) {
  if (all.size() <= most) return all;
  std::vector<Slot> sample;
  for (size_t i = 0; i < most; ++i) sample.push_back(all[i * all.size() / most]);
  return sample;
}

void AddCenter(const VectorIndex& vectors, uint32_t dimensions, const std::vector<Slot>& sample,
               HybridProfile* profile) {
  std::vector<double> sum(dimensions);
  for (const Slot slot : sample) {
    const float* vector = vectors.VectorOf(slot);
    for (uint32_t i = 0; i < dimensions; ++i) {
      sum[i] += vector[i];
      profile->mean_square += double{vector[i]} * vector[i];
    }
  }
  const double count = static_cast<double>(std::max<size_t>(1, sample.size()));
  profile->mean_square /= count;
  for (const double each : sum) profile->center.push_back(static_cast<float>(each / count));
}

// The mean similarity of the first few that are not `self`; nullopt: there are none.
template <class Hits, class SimilarityOf>
std::optional<double> MeanOfOthers(const Hits& hits, Slot self, SimilarityOf similarity_of) {
  double sum = 0;
  uint32_t count = 0;
  for (const auto& hit : hits) {
    if (hit.slot == self || count == kSampleHits) continue;
    if (const std::optional<float> similarity = similarity_of(hit)) {
      sum += *similarity;
      ++count;
    }
  }
  return count == 0 ? std::nullopt : std::optional(sum / count);
}

// Takes each text of the sample as a query, its vector as that of the query, and leaves itself out of what is found.
Result<std::optional<double>> AgreementOf(const Collection& collection, const std::vector<Slot>& sample,
                                          const HybridProfile& profile, const CancelToken& cancel) {
  const VectorIndex& vectors = *collection.vectors();
  const TextParts parts = collection.texts().parts();
  double sum = 0;
  size_t count = 0;
  for (const Slot slot : sample) {
    const VectorView query(vectors.VectorOf(slot), collection.options().dimensions);
    const std::vector<QueryTerm> terms = BestTerms(parts, slot, kSampleTerms);
    TextSearch by_words;
    by_words.terms = terms;
    by_words.k = kSampleHits + 1;
    by_words.rows = collection.rows();
    Result<TextSearchResult> texts = TextScorer(parts, by_words).Run(cancel);
    if (!texts.ok()) return texts.status();
    VectorSearch by_vector;
    by_vector.query = query;
    by_vector.k = kSampleHits + 1;
    by_vector.rows = collection.rows();
    Result<VectorSearchResult> near = vectors.Search(by_vector, cancel);
    if (!near.ok()) return near.status();
    const auto of_words = MeanOfOthers(texts->hits, slot, [&](const TextHit& hit) {
      return vectors.Has(hit.slot) ? std::optional(-vectors.RawOf(query, hit.slot)) : std::nullopt;
    });
    const auto of_vectors =
        MeanOfOthers(near->neighbors, slot, [](const Neighbor& hit) { return std::optional(-hit.raw); });
    const double mean = profile.MeanSimilarity(collection.options().metric, query);
    if (!of_words || !of_vectors || *of_vectors <= mean) continue;
    sum += (*of_words - mean) / (*of_vectors - mean);
    ++count;
  }
  if (count < kAgreementSampleMin) return std::optional<double>();
  return std::optional<double>(sum / static_cast<double>(count));
}

}  // namespace

double HybridProfile::MeanSimilarity(Metric metric, VectorView query) const {
  double dot = 0;
  for (size_t i = 0; i < query.size(); ++i) dot += double{query[i]} * center[i];
  return metric == Metric::kL2 ? 2 * dot - SquaredNorm(query) - mean_square : dot;
}

double HybridProfile::Gate() const {
  return agreement ? std::clamp((*agreement - kGateFrom) / kGateWidth, 0.0, 1.0) : 1;
}

Result<std::shared_ptr<const HybridProfile>> ProfileOf(const Collection& collection, const CancelToken& cancel) {
  KnownProfile& known = collection.profile();
  const std::lock_guard guard(known.mutex);
  const auto records = static_cast<uint64_t>(collection.known());
  if (known.profile != nullptr &&
      collection.writes() - known.profile->writes <= std::max(kWritesMin, records / kWritesShare))
    return known.profile;
  auto profile = std::make_shared<HybridProfile>();
  profile->writes = collection.writes();
  std::vector<Slot> with_vector, with_both;
  const VectorIndex& vectors = *collection.vectors();
  collection.live().ForEach([&](Slot slot) {
    if (vectors.Has(slot)) with_vector.push_back(slot);
  });
  AddCenter(vectors, collection.options().dimensions, Sample(with_vector, kCenterSample), profile.get());
  const TextParts parts = collection.texts().parts();
  const auto has_text = [&](Slot slot) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const auto& part) { return part->LiveTextOf(slot).has_value(); });
  };
  // More than are needed, for those without text.
  for (const Slot slot : Sample(with_vector, kCenterSample)) {
    if (has_text(slot)) with_both.push_back(slot);
  }
  Result<std::optional<double>> agreement =
      AgreementOf(collection, Sample(with_both, kAgreementSample), *profile, cancel);
  if (!agreement.ok()) return agreement.status();
  profile->agreement = *agreement;
  known.profile = profile;
  return known.profile;
}

Result<HybridArms> SearchBothArms(const Collection& collection, VectorSearch vector, const TextScorer& words,
                                  const CancelToken& cancel) {
  HybridArms arms;
  Result<VectorSearchResult> near = collection.vectors()->Search(vector, cancel);
  if (!near.ok()) return near.status();
  Result<TextSearchResult> texts = words.Run(cancel);
  if (!texts.ok()) return texts.status();
  std::unordered_map<uint32_t, size_t> place;
  for (const Neighbor& neighbor : near->neighbors) {
    place.emplace(ToInt(neighbor.slot), arms.candidates.size());
    arms.candidates.push_back({neighbor.slot, neighbor.row, words.ScoreOf(neighbor.slot), -neighbor.raw, 0});
  }
  for (const TextHit& hit : texts->hits) {
    if (place.contains(ToInt(hit.slot))) continue;
    arms.candidates.push_back({hit.slot, hit.row, hit.score, std::nullopt, 0});
    if (collection.vectors()->Has(hit.slot))
      arms.candidates.back().similarity = -collection.vectors()->RawOf(vector.query, hit.slot);
  }
  arms.by_vector = std::move(*near);
  arms.by_words = std::move(*texts);
  return arms;
}

}  // namespace agentmemdb
