// The Hadamard transform, for kernels to compile for their CPUs (code_kernels.h says what it does).
#pragma once

#include <cstddef>

namespace agentmemdb {

// The compiler makes each stage from 8 on a loop over registers; the first three it cannot, so they are one step.
[[gnu::always_inline]] inline void Hadamard(float* values, size_t size) {
  size_t half = 1;
  if (size >= 8) {
    for (size_t i = 0; i < size; i += 8) {
      float* v = values + i;
      float a[8], b[8];
      for (size_t j = 0; j < 4; ++j) {
        a[j] = v[j] + v[j + 4];
        a[j + 4] = v[j] - v[j + 4];
      }
      for (size_t j = 0; j < 8; j += 4) {
        b[j] = a[j] + a[j + 2];
        b[j + 1] = a[j + 1] + a[j + 3];
        b[j + 2] = a[j] - a[j + 2];
        b[j + 3] = a[j + 1] - a[j + 3];
      }
      for (size_t j = 0; j < 8; j += 2) {
        v[j] = b[j] + b[j + 1];
        v[j + 1] = b[j] - b[j + 1];
      }
    }
    half = 8;
  }
  for (; half < size; half *= 2) {
    for (size_t i = 0; i < size; i += 2 * half) {
      float* __restrict low = values + i;
      float* __restrict high = values + i + half;
      for (size_t j = 0; j < half; ++j) {
        const float a = low[j], b = high[j];
        low[j] = a + b;
        high[j] = a - b;
      }
    }
  }
}

}  // namespace agentmemdb
