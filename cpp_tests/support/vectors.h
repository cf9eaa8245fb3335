// Seeded vectors, the exact answer computed in the plainest way, and real vectors from disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/types.h"
#include "vector/metric.h"

namespace agentmemdb {

// `count` vectors of `dimensions` floats, one after the other.
struct VectorSet {
  uint32_t dimensions = 0;
  std::vector<float> numbers;

  uint32_t count() const { return static_cast<uint32_t>(numbers.size() / dimensions); }
  VectorView operator[](size_t i) const { return VectorView(numbers).subspan(i * dimensions, dimensions); }
};

std::vector<float> RandomVector(uint32_t dimensions, Random* random);
VectorSet RandomVectors(uint32_t count, uint32_t dimensions, Random* random);
// Around `centers` random points, as real embeddings lie.
VectorSet ClusteredVectors(uint32_t count, uint32_t dimensions, uint32_t centers, Random* random);
std::vector<float> UnitVector(VectorView vector);

// In double precision: what metric.h calls the distance.
double ExactDistance(Metric metric, VectorView a, VectorView b);
// The same as compared: -cos, squared l2, -dot.
double ExactRaw(Metric metric, VectorView a, VectorView b);
// Numbers of the `k` nearest of `base`, nearest first.
std::vector<uint32_t> ExactNearest(Metric metric, const VectorSet& base, VectorView query, uint32_t k);
// Which part of the first `k` of `expected` is in `found`.
double Recall(const std::vector<uint32_t>& expected, const std::vector<uint32_t>& found, uint32_t k);

// Where the real data lies ($AGENTMEMDB_DATA, else ../shared/data beside the checkout); nullopt if there is no such folder.
std::optional<std::string> DataFolder(const std::string& name);
VectorSet ReadFvecs(const std::string& path);
std::vector<std::vector<uint32_t>> ReadIvecs(const std::string& path);

}  // namespace agentmemdb
