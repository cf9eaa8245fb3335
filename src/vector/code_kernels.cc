#include "vector/code_kernels.h"

#include <cstdlib>

#include "vector/code_kernel_sets.h"
#include "vector/hadamard.h"

namespace agentmemdb {
namespace {

constexpr uint8_t kLow = 0x0F;

void BytesScalar(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) {
    int32_t sum = 0;
    for (size_t i = 0; i < bytes; ++i) sum += codes[c][i] * query[i];
    dots[c] = sum;
  }
}

int32_t PlaneDot(const int8_t* query, size_t bytes, const uint8_t* plane) {
  int32_t sum = 0;
  for (size_t i = 0; i < bytes; ++i) sum += (plane[i] & kLow) * query[i] + (plane[i] >> 4) * query[bytes + i];
  return sum;
}

void PlaneScalar(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) dots[c] = PlaneDot(query, bytes, codes[c]);
}

void PlanesScalar(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c)
    dots[c] = 16 * PlaneDot(query, bytes, codes[c]) + PlaneDot(query, bytes, codes[c] + bytes);
}

void SketchScalar(const int8_t* query, size_t bytes, const uint8_t* const* sketches, size_t n, int32_t* sums) {
  for (size_t s = 0; s < n; ++s) {
    int32_t sum = 0;
    for (size_t i = 0; i < 8 * bytes; ++i) sum += query[i] & -(sketches[s][i / 8] >> (i % 8) & 1);
    sums[s] = sum;
  }
}

const CodeKernels& Pick() {
  if (const char* forced = std::getenv("AGENTMEMDB_CPU")) {
    if (const CodeKernels* kernels = CodeKernelsNamed(forced)) return *kernels;
  }
  for (const char* name : {"avx512", "avx2", "neon"}) {
    if (const CodeKernels* kernels = CodeKernelsNamed(name)) return *kernels;
  }
  return kScalarCodeKernels;
}

}  // namespace

void HadamardScalar(float* values, size_t size) { Hadamard(values, size); }

size_t InsertScalar(int64_t* sorted, size_t n, int64_t key) {
  if (sorted[n - 1] < key) return n;
  size_t place = n - 1;
  for (; sorted[place - 1] > key; --place) sorted[place] = sorted[place - 1];
  sorted[place] = key;
  return place;
}

const CodeKernels kScalarCodeKernels{"scalar",     127,          BytesScalar,    PlaneScalar,
                                     PlanesScalar, SketchScalar, HadamardScalar, InsertScalar};

const CodeKernels* CodeKernelsNamed(std::string_view name) {
#if defined(__x86_64__)
  if (name == "avx512" && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return &kAvx512CodeKernels;
  if (name == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kAvx2CodeKernels;
#elif defined(__aarch64__)
  if (name == "neon") return &kNeonCodeKernels;
#endif
  return name == "scalar" ? &kScalarCodeKernels : nullptr;
}

const CodeKernels& ActiveCodeKernels() {
  static const CodeKernels& kernels = Pick();
  return kernels;
}

}  // namespace agentmemdb
