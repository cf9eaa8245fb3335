// Comparison kernels: the widest the CPU has, chosen once at load. All agree with the scalar ones within 1e-5 relative to
// |a| |b|; sums are taken in a different order.
#pragma once

#include <cstddef>
#include <string_view>

#include "vector/metric.h"

namespace agentmemdb {

// a, b: `dimensions` floats each, any alignment. Returns the raw comparison of metric.h. Threads: any.
using DistanceKernel = float (*)(const float* a, const float* b, size_t dimensions);

struct DistanceKernels {
  const char* name;  // "scalar", "avx2", "avx512", "neon"
  DistanceKernel negative_dot;
  DistanceKernel squared_l2;

  DistanceKernel ForMetric(Metric metric) const { return metric == Metric::kL2 ? squared_l2 : negative_dot; }
};

// The kernels in use. The environment variable AGENTMEMDB_CPU (scalar, avx2, avx512, neon) forces a set, if the CPU has it.
const DistanceKernels& ActiveKernels();
// nullptr when the CPU cannot run them.
const DistanceKernels* KernelsNamed(std::string_view name);

}  // namespace agentmemdb
