#include "engine/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/hybrid.h"
#include "engine/texts.h"
#include "text/keyword_query.h"

namespace agentmemdb {
namespace {

constexpr size_t kSteps = 21;  // 0, 0.05, ... 1
constexpr size_t kDefaultStep = 7;
constexpr uint32_t kCandidates = 100;
constexpr size_t kDepth = 10;

double WeightAt(size_t step) { return static_cast<double>(step) / (kSteps - 1); }

// Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) of the first ten, with grades as gains as in trec_eval.
double Ndcg(const std::vector<FusionCandidate>& ranked, const Collection& collection,
            const std::map<std::string, double>& relevant) {
  const auto discount = [](size_t i) { return 1 / std::log2(static_cast<double>(i) + 2); };
  double gain = 0, ideal = 0;
  for (size_t i = 0; i < std::min(kDepth, ranked.size()); ++i) {
    const auto found = relevant.find(collection.IdOf(ranked[i].slot));
    if (found != relevant.end()) gain += found->second * discount(i);
  }
  std::vector<double> grades;
  for (const auto& [id, grade] : relevant) grades.push_back(grade);
  std::sort(grades.rbegin(), grades.rend());
  for (size_t i = 0; i < std::min(kDepth, grades.size()); ++i) ideal += grades[i] * discount(i);
  return ideal > 0 ? gain / ideal : 0;
}

// What one query is worth with each weight.
struct Worth {
  std::array<double, kSteps> by_step{};
  double keyword = 0, vector = 0, gate = 1;
};

Status Judge(const ReadView& view, const Collection& collection, const JudgedQuery& query, const CancelToken& cancel,
             bool* more, Worth* worth) {
  Result<bool> unknown = LearnTexts(view, collection, kTextsLearntAtOnce, cancel);
  if (!unknown.ok()) return unknown.status();
  *more = *unknown;
  if (*more) return {};
  Result<std::shared_ptr<const HybridProfile>> profile = ProfileOf(collection, cancel);
  if (!profile.ok()) return profile.status();

  const TextParts parts = collection.texts().parts();
  const KeywordQuery words = ParseKeywords(query.text, collection.options().text, {}, parts);
  const std::optional<IdSet> visible = collection.VisibleAmong(NowMs());
  TextSearch by_words{words.terms, words.phrases, words.needs_phrases, kCandidates, collection.rows(), nullptr};
  by_words.allowed = visible ? &*visible : nullptr;
  const Metric metric = collection.options().metric;
  std::vector<float> unit(query.vector.size());
  if (metric == Metric::kCosine) Normalise(query.vector, unit.data());
  VectorSearch by_vector;
  by_vector.query = metric == Metric::kCosine ? VectorView(unit) : VectorView(query.vector);
  by_vector.k = kCandidates;
  by_vector.rows = collection.rows();
  by_vector.allowed = by_words.allowed;
  Result<HybridArms> arms = SearchBothArms(collection, by_vector, TextScorer(parts, by_words), cancel);
  if (!arms.ok()) return arms.status();

  FusionRule rule;
  rule.mean_similarity = (*profile)->MeanSimilarity(metric, by_vector.query);
  const auto with_weight = [&](double weight) {
    rule.dense_weight = weight;
    Fuse(rule, &arms->candidates);
    return Ndcg(arms->candidates, collection, query.relevant);
  };
  worth->gate = (*profile)->Gate();
  for (size_t step = 0; step < kSteps; ++step) worth->by_step[step] = with_weight(worth->gate * WeightAt(step));
  worth->keyword = with_weight(0);
  worth->vector = with_weight(1);
  return {};
}

}  // namespace

Result<std::vector<JudgedQuery>> ParseJudged(std::string_view json, VectorView vectors, uint32_t dimensions) {
  const nlohmann::json list = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array() || list.empty() || list.size() > limits::kJudgedQueriesMax)
    return Status::InvalidArgument("queries", "must be an array of 1..1000 queries");
  if (dimensions == 0)
    return Status::InvalidArgument("queries", "cannot be judged: the collection has no vectors, words are all it has");
  if (vectors.size() != list.size() * dimensions)
    return Status::InvalidArgument("queries", "must have a vector of " + std::to_string(dimensions) + " numbers each");
  std::vector<JudgedQuery> queries;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string name = "queries[" + std::to_string(i) + "]";
    const nlohmann::json& each = list[i];
    JudgedQuery& query = queries.emplace_back();
    if (!each.is_object() || !each.contains("text") || !each["text"].is_string())
      return Status::InvalidArgument(name + ".text", "must be a string");
    query.text = each["text"].get<std::string>();
    const VectorView vector = vectors.subspan(i * dimensions, dimensions);
    query.vector.assign(vector.begin(), vector.end());
    const nlohmann::json relevant = each.value("relevant", nlohmann::json());
    for (const auto& [id, grade] : relevant.items()) {
      if (!grade.is_number() || !(grade.get<double>() >= 0 && grade.get<double>() <= 1e6))
        return Status::InvalidArgument(name + ".relevant", "must be grades of 0 to 1,000,000 by id");
      if (grade.get<double>() > 0) query.relevant[id] = grade.get<double>();
    }
    if (!relevant.is_object() || query.relevant.empty())
      return Status::InvalidArgument(name + ".relevant", "must name a record that answers the query");
  }
  return queries;
}

Result<Calibration> Calibrate(Database* database, CollectionId id, const std::vector<JudgedQuery>& queries,
                              const CancelToken& cancel) {
  Worth sum;
  for (size_t i = 0; i < queries.size();) {
    bool more = false;
    Worth worth;
    RETURN_IF_ERROR(ReadCollection(database, id, cancel, [&](const ReadView& view, const Collection& collection) {
      const std::string name = "queries[" + std::to_string(i) + "].vector";
      double norm;
      Status good = CheckVector(collection.options().metric, queries[i].vector, name.c_str(), &norm);
      return good.ok() ? Judge(view, collection, queries[i], cancel, &more, &worth) : good;
    }));
    if (more) continue;
    for (size_t step = 0; step < kSteps; ++step) sum.by_step[step] += worth.by_step[step];
    sum.keyword += worth.keyword;
    sum.vector += worth.vector;
    sum.gate = worth.gate;
    cancel.Report(static_cast<int64_t>(++i), static_cast<int64_t>(queries.size()));
  }
  const auto count = static_cast<double>(queries.size());
  const auto value = [&](size_t step) {
    const double away = WeightAt(step) - WeightAt(kDefaultStep);
    return sum.by_step[step] / count - 0.05 * away * away * 10 / (count + 5);
  };
  size_t best = kDefaultStep;
  for (size_t step = 0; step < kSteps; ++step) {
    if (value(step) > value(best)) best = step;
  }
  Calibration calibration;
  calibration.alpha = WeightAt(best);
  calibration.queries = static_cast<uint32_t>(queries.size());
  calibration.keyword = sum.keyword / count;
  calibration.vector = sum.vector / count;
  calibration.by_default = sum.by_step[kDefaultStep] / count;
  calibration.chosen = sum.by_step[best] / count;
  calibration.gate = sum.gate;
  return calibration;
}

}  // namespace agentmemdb
