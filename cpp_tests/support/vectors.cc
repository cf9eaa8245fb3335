#include "support/vectors.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace agentmemdb {
namespace {

// A normally distributed number (sum of uniforms: close enough, and the same everywhere).
float Normal(Random* random) {
  double sum = 0;
  for (int i = 0; i < 6; ++i) sum += random->Unit() - 0.5;
  return static_cast<float>(sum * 1.4142135623730951);
}

// Rows of "int32 size, then size numbers of 4 bytes".
template <class Number>
std::vector<std::vector<Number>> ReadRows(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::vector<Number>> rows;
  int32_t size = 0;
  while (file.read(reinterpret_cast<char*>(&size), sizeof size)) {
    std::vector<Number> row(static_cast<size_t>(size));
    if (!file.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(Number))))
      throw std::runtime_error(path + " ends in the middle of a row");
    rows.push_back(std::move(row));
  }
  if (rows.empty()) throw std::runtime_error("cannot read " + path);
  return rows;
}

}  // namespace

std::vector<float> RandomVector(uint32_t dimensions, Random* random) {
  std::vector<float> vector(dimensions);
  for (float& x : vector) x = Normal(random);
  return vector;
}

VectorSet RandomVectors(uint32_t count, uint32_t dimensions, Random* random) {
  return {dimensions, RandomVector(count * dimensions, random)};
}

VectorSet ClusteredVectors(uint32_t count, uint32_t dimensions, uint32_t centers, Random* random) {
  const VectorSet middles = RandomVectors(centers, dimensions, random);
  VectorSet set{dimensions, {}};
  set.numbers.reserve(static_cast<size_t>(count) * dimensions);
  for (uint32_t i = 0; i < count; ++i) {
    for (const float x : middles[random->Below(centers)]) set.numbers.push_back(x + 0.4f * Normal(random));
  }
  return set;
}

std::vector<float> UnitVector(VectorView vector) {
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * x;
  std::vector<float> unit;
  for (const float x : vector) unit.push_back(static_cast<float>(x / std::sqrt(sum)));
  return unit;
}

double ExactRaw(Metric metric, VectorView a, VectorView b) {
  double dot = 0, squares = 0, a_squares = 0, b_squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    squares += (x - y) * (x - y);
    a_squares += x * x;
    b_squares += y * y;
  }
  if (metric == Metric::kL2) return squares;
  return metric == Metric::kIp ? -dot : -dot / std::sqrt(a_squares * b_squares);
}

double ExactDistance(Metric metric, VectorView a, VectorView b) {
  const double raw = ExactRaw(metric, a, b);
  return metric == Metric::kCosine ? 1 + raw : metric == Metric::kL2 ? std::sqrt(raw) : raw;
}

std::vector<uint32_t> ExactNearest(Metric metric, const VectorSet& base, VectorView query, uint32_t k) {
  std::vector<std::pair<double, uint32_t>> all;
  for (uint32_t i = 0; i < base.count(); ++i) all.emplace_back(ExactRaw(metric, base[i], query), i);
  std::sort(all.begin(), all.end());
  std::vector<uint32_t> nearest;
  for (size_t i = 0; i < std::min<size_t>(k, all.size()); ++i) nearest.push_back(all[i].second);
  return nearest;
}

double Recall(const std::vector<uint32_t>& expected, const std::vector<uint32_t>& found, uint32_t k) {
  const auto first = expected.begin(), last = expected.begin() + k;
  const auto hits = std::count_if(found.begin(), found.end(),
                                  [&](uint32_t number) { return std::find(first, last, number) != last; });
  return static_cast<double>(hits) / k;
}

std::optional<std::string> DataFolder(const std::string& name) {
  const std::filesystem::path checkout = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const char* given = std::getenv("AGENTMEMDB_DATA");
  const std::filesystem::path data =
      given != nullptr ? std::filesystem::path(given) : checkout.parent_path() / "shared/data";
  if (!std::filesystem::is_directory(data / name)) return std::nullopt;
  return (data / name).string();
}

VectorSet ReadFvecs(const std::string& path) {
  VectorSet set;
  for (const std::vector<float>& row : ReadRows<float>(path)) {
    set.dimensions = static_cast<uint32_t>(row.size());
    set.numbers.insert(set.numbers.end(), row.begin(), row.end());
  }
  return set;
}

std::vector<std::vector<uint32_t>> ReadIvecs(const std::string& path) { return ReadRows<uint32_t>(path); }

}  // namespace agentmemdb
