#include "engine/fusion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace agentmemdb {
namespace {

constexpr double kRrfK = 10;
constexpr double kDeviations = 3;
constexpr std::array<const char*, 4> kNames = {"weighted", "rrf", "minmax", "dbsf"};

// From a value to 0..1.
struct Scale {
  double least = 0, greatest = 0;
  double Of(double value) const {
    return greatest > least ? std::clamp((value - least) / (greatest - least), 0.0, 1.0) : 0;
  }
};

// Of an arm that says nothing of all, its greatest counts for something all the same.
Scale BetweenExtremes(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  if (*least == *greatest) return {*least - 1, *greatest};
  return {*least, *greatest};
}

Scale AroundMean(const std::vector<double>& values) {
  if (values.empty()) return {};
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
  if (deviation == 0) return {mean - 1, mean + 1};
  return {mean - kDeviations * deviation, mean + kDeviations * deviation};
}

// By candidate: its place when those that have a value are sorted by it, from 1; 0: it has none.
std::vector<size_t> Ranks(const std::vector<FusionCandidate>& candidates,
                          const std::function<std::optional<double>(const FusionCandidate&)>& value) {
  std::vector<size_t> order, ranks(candidates.size());
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (value(candidates[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double of_a = *value(candidates[a]), of_b = *value(candidates[b]);
    return of_a != of_b ? of_a > of_b : ToInt(candidates[a].row) > ToInt(candidates[b].row);
  });
  for (size_t i = 0; i < order.size(); ++i) ranks[order[i]] = i + 1;
  return ranks;
}

std::optional<double> KeywordOf(const FusionCandidate& candidate) {
  return candidate.keyword > 0 ? std::optional<double>(candidate.keyword) : std::nullopt;
}

std::optional<double> SimilarityOf(const FusionCandidate& candidate) { return candidate.similarity; }

void FuseRanks(double weight, std::vector<FusionCandidate>* candidates) {
  const std::vector<size_t> by_words = Ranks(*candidates, KeywordOf), by_vectors = Ranks(*candidates, SimilarityOf);
  const auto share = [](size_t rank) { return rank == 0 ? 0 : 1 / (kRrfK + static_cast<double>(rank)); };
  for (size_t i = 0; i < candidates->size(); ++i)
    (*candidates)[i].score = static_cast<float>((1 - weight) * share(by_words[i]) + weight * share(by_vectors[i]));
}

void FuseScores(double weight, const Scale& words, const Scale& vectors, std::vector<FusionCandidate>* candidates) {
  for (FusionCandidate& candidate : *candidates) {
    const double b = candidate.keyword > 0 ? words.Of(candidate.keyword) : 0;
    const double d = candidate.similarity ? vectors.Of(*candidate.similarity) : 0;
    candidate.score = static_cast<float>((1 - weight) * b + weight * d);
  }
}

}  // namespace

const char* FusionName(Fusion fusion) { return kNames[static_cast<size_t>(fusion)]; }

std::optional<Fusion> FusionFromName(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<Fusion>(i);
  }
  return std::nullopt;
}

void Fuse(const FusionRule& rule, std::vector<FusionCandidate>* candidates) {
  std::vector<double> words, vectors;
  for (const FusionCandidate& candidate : *candidates) {
    if (candidate.keyword > 0) words.push_back(candidate.keyword);
    if (candidate.similarity) vectors.push_back(*candidate.similarity);
  }
  switch (rule.fusion) {
    case Fusion::kWeighted:
      FuseScores(rule.dense_weight, {0, words.empty() ? 0 : *std::max_element(words.begin(), words.end())},
                 {rule.mean_similarity, vectors.empty() ? 0 : *std::max_element(vectors.begin(), vectors.end())},
                 candidates);
      break;
    case Fusion::kRrf:
      FuseRanks(rule.dense_weight, candidates);
      break;
    case Fusion::kMinMax:
      FuseScores(rule.dense_weight, BetweenExtremes(words), BetweenExtremes(vectors), candidates);
      break;
    case Fusion::kDbsf:
      FuseScores(rule.dense_weight, AroundMean(words), AroundMean(vectors), candidates);
      break;
  }
  std::sort(candidates->begin(), candidates->end(), [](const FusionCandidate& a, const FusionCandidate& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.similarity != b.similarity) return a.similarity > b.similarity;
    return ToInt(a.row) > ToInt(b.row);
  });
}

}  // namespace agentmemdb
