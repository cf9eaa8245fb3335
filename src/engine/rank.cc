#include "engine/rank.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/time_text.h"

namespace agentmemdb {
namespace {

constexpr double kWeightMax = 1000;
constexpr size_t kFieldsMax = 16;

Status CheckWeight(double weight, const std::string& argument) {
  if (std::abs(weight) <= kWeightMax) return {};
  return Status::InvalidArgument(argument, "must be a number in -1000..1000");
}

// What rank and groupBy ask of records, read from their rows.
class RecordReader {
 public:
  explicit RecordReader(const ReadView& view) : view_(view) {}

  // Calls use(values) with what can be asked of a record.
  template <class Use>
  Status Read(RowId row, Use use) {
    Result<std::optional<RecordRow>> record = view_.rows->FindRow(row);
    if (!record.ok()) return record.status();
    if (!*record) return VanishedRecord(row);
    const RecordFields fields = FieldsOf(**record);
    RecordValues values(fields);
    use(&values);
    return {};
  }

 private:
  const ReadView& view_;
};

// The first value that a path reaches and `convert` takes.
template <class Convert>
std::optional<double> FirstOf(RecordValues* values, const FieldPath& path, Convert convert) {
  std::optional<double> found;
  values->Any(path, [&](const Value* value, auto...) {
    if (value != nullptr) found = convert(*value);
    return found.has_value();
  });
  return found;
}

std::optional<double> NumberOf(const Value& value) {
  if (value.is(ValueType::kNumber)) return value.number();
  if (value.is(ValueType::kBool)) return value.boolean() ? 1 : 0;
  return std::nullopt;
}

FieldPath PathOf(const std::string& dotted) { return *ParseFieldPath(dotted, ""); }

// What scores are multiplied with, so that they can be weighed beside others.
double UnitOf(bool relative, const std::vector<Found>& found) {
  float best = 0;
  for (const Found& each : found) best = std::max(best, each.score);
  return relative && best > 0 ? 1.0 / best : 1.0;
}

bool HigherScore(const Found& a, const Found& b) {
  return a.score != b.score ? a.score > b.score : ToInt(a.row) > ToInt(b.row);
}

}  // namespace

std::optional<Decay> DecayFromName(std::string_view name) {
  if (name == "exponential") return Decay::kExponential;
  if (name == "linear") return Decay::kLinear;
  if (name == "gaussian") return Decay::kGaussian;
  return std::nullopt;
}

double DecayAt(Decay decay, double age_ms, double half_life_ms) {
  const double a = std::max(age_ms, 0.0) / half_life_ms;
  switch (decay) {
    case Decay::kExponential:
      return std::exp2(-a);
    case Decay::kLinear:
      return std::max(0.0, 1 - a / 2);
    case Decay::kGaussian:
      return std::exp2(-a * a);
  }
  return 0;
}

std::optional<double> TimeOf(const Value& value) {
  if (value.is(ValueType::kNumber)) return value.number();
  if (!value.is(ValueType::kString)) return std::nullopt;
  const std::optional<TimeMs> time = ParseTime(value.string());
  return time ? std::optional(static_cast<double>(*time)) : std::nullopt;
}

Status RankOptions::Validate() const {
  RETURN_IF_ERROR(CheckWeight(similarity, "query.rank.similarity"));
  if (recency) {
    RETURN_IF_ERROR(CheckWeight(recency->weight, "query.rank.recency.weight"));
    if (!(recency->half_life_ms > 0 && recency->half_life_ms <= static_cast<double>(limits::kTimeMsMax)))
      return Status::InvalidArgument("query.rank.recency.halfLifeMs", "must be a positive number of milliseconds");
    RETURN_IF_ERROR(ParseFieldPath(recency->field, "query.rank.recency.field").status());
  }
  if (fields.size() > kFieldsMax)
    return Status::InvalidArgument("query.rank.fields",
                                   "must be at most 16 fields, got " + std::to_string(fields.size()));
  for (const auto& [field, weight] : fields) {
    RETURN_IF_ERROR(ParseFieldPath(field, "query.rank.fields").status());
    RETURN_IF_ERROR(CheckWeight(weight, "query.rank.fields." + field));
  }
  if (!usage) return {};
  RETURN_IF_ERROR(CheckWeight(usage->weight, "query.rank.usage.weight"));
  return ParseFieldPath(usage->field, "query.rank.usage.field").status();
}

Status Rank(const ReadView& view, const RankOptions& options, bool relative, TimeMs now, std::vector<Found>* found) {
  RecordReader reader(view);
  const auto at = static_cast<double>(options.now.value_or(now));
  const double unit = UnitOf(relative, *found);
  std::vector<FieldPath> paths;
  for (const auto& [field, weight] : options.fields) paths.push_back(PathOf(field));
  std::vector<double> uses;
  double uses_max = 0;
  for (Found& each : *found) {
    each.parts = {static_cast<float>(options.similarity * unit * each.score)};
    const auto add = [&](double part) { each.parts.push_back(static_cast<float>(part)); };
    RETURN_IF_ERROR(reader.Read(each.row, [&](RecordValues* values) {
      if (options.recency) {
        const auto time = FirstOf(values, PathOf(options.recency->field), TimeOf);
        add(time ? options.recency->weight * DecayAt(options.recency->decay, at - *time, options.recency->half_life_ms)
                 : 0);
      }
      for (size_t i = 0; i < paths.size(); ++i)
        add(options.fields[i].second * FirstOf(values, paths[i], NumberOf).value_or(0));
      if (options.usage)
        uses.push_back(std::max(0.0, FirstOf(values, PathOf(options.usage->field), NumberOf).value_or(0)));
    }));
    if (options.usage) uses_max = std::max(uses_max, uses.back());
  }
  for (size_t i = 0; i < found->size(); ++i) {
    Found& each = (*found)[i];
    if (options.usage)
      each.parts.push_back(
          static_cast<float>(uses_max > 0 ? options.usage->weight * std::log1p(uses[i]) / std::log1p(uses_max) : 0));
    double score = 0;
    for (const float part : each.parts) score += part;
    each.score = static_cast<float>(score);
  }
  std::sort(found->begin(), found->end(), HigherScore);
  return {};
}

Status KeepOfEachGroup(const ReadView& view, const GroupBy& group, std::vector<Found>* found) {
  RecordReader reader(view);
  const FieldPath path = PathOf(group.field);
  const auto less = [](const Value& a, const Value& b) { return Compare(a, b) < 0; };
  std::map<Value, uint32_t, decltype(less)> seen(less);
  std::vector<Found> kept;
  for (Found& each : *found) {
    bool keep = true;
    RETURN_IF_ERROR(reader.Read(each.row, [&](RecordValues* values) {
      std::optional<Value> value;
      // The last thing that a path reaches is what stands there; before it come the elements of an array.
      values->Any(path, [&](const Value* reached, auto...) {
        if (reached != nullptr) value = *reached;
        return false;
      });
      keep = !value || seen[*value]++ < group.size;
    }));
    if (keep) kept.push_back(std::move(each));
  }
  *found = std::move(kept);
  return {};
}

Status Diversify(const Collection& collection, double lambda, bool relative, uint32_t k, const CancelToken& cancel,
                 std::vector<Found>* found) {
  const VectorIndex* vectors = collection.vectors();
  const Metric metric = collection.options().metric;
  const double unit = UnitOf(relative, *found);
  const auto similarity = [&](const Found& a, const Found& b) -> float {
    if (vectors == nullptr || !vectors->Has(a.slot) || !vectors->Has(b.slot)) return 0;
    const VectorView of_a(vectors->VectorOf(a.slot), collection.options().dimensions);
    const float score = RawToScore(metric, vectors->RawOf(of_a, b.slot));
    if (metric != Metric::kIp) return score;
    const VectorView of_b(vectors->VectorOf(b.slot), collection.options().dimensions);
    const double norms = std::sqrt(SquaredNorm(of_a) * SquaredNorm(of_b));
    return norms > 0 ? static_cast<float>(score / norms) : 0;
  };
  std::vector<float> nearest(found->size(), 0);  // to those chosen
  for (size_t chosen = 0; chosen < std::min<size_t>(k, found->size()); ++chosen) {
    RETURN_IF_ERROR(cancel.Check());
    size_t best = chosen;
    const auto worth = [&](size_t i) { return lambda * unit * (*found)[i].score - (1 - lambda) * nearest[i]; };
    for (size_t i = chosen + 1; i < found->size(); ++i) {
      if (worth(i) > worth(best)) best = i;
    }
    // What is not chosen keeps its order.
    const auto to = found->begin() + static_cast<ptrdiff_t>(chosen),
               from = found->begin() + static_cast<ptrdiff_t>(best);
    std::rotate(to, from, from + 1);
    std::rotate(nearest.begin() + static_cast<ptrdiff_t>(chosen), nearest.begin() + static_cast<ptrdiff_t>(best),
                nearest.begin() + static_cast<ptrdiff_t>(best) + 1);
    for (size_t i = chosen + 1; i < found->size(); ++i)
      nearest[i] = std::max(nearest[i], similarity((*found)[chosen], (*found)[i]));
  }
  if (found->size() > k) found->resize(k);
  return {};
}

void Autocut(uint32_t n, std::vector<Found>* found) {
  if (found->size() < 3) return;
  std::vector<float> drops;
  for (size_t i = 1; i < found->size(); ++i) drops.push_back((*found)[i - 1].score - (*found)[i].score);
  std::vector<float> sorted = drops;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2), sorted.end());
  const float least = std::max(2 * sorted[sorted.size() / 2], std::abs(found->front().score) / 100);
  uint32_t seen = 0;
  for (size_t i = 0; i < drops.size(); ++i) {
    if (drops[i] > least && ++seen == n) return found->resize(i + 1);
  }
}

}  // namespace agentmemdb
