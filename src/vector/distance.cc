#include "vector/distance.h"

#include <cstdlib>

#if defined(__x86_64__)
#include <immintrin.h>
// GCC 12's own AVX-512 headers leave registers undefined on purpose, and warn about it here.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace agentmemdb {
namespace {

// Four sums side by side: the additions do not wait for one another.
float NegativeDotScalar(const float* a, const float* b, size_t dimensions) {
  float sum[4] = {};
  size_t i = 0;
  for (; i + 4 <= dimensions; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) sum[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < dimensions; ++i) sum[0] += a[i] * b[i];
  return -(sum[0] + sum[1] + sum[2] + sum[3]);
}

float SquaredL2Scalar(const float* a, const float* b, size_t dimensions) {
  float sum[4] = {};
  size_t i = 0;
  for (; i + 4 <= dimensions; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      const float difference = a[i + lane] - b[i + lane];
      sum[lane] += difference * difference;
    }
  }
  for (; i < dimensions; ++i) sum[0] += (a[i] - b[i]) * (a[i] - b[i]);
  return sum[0] + sum[1] + sum[2] + sum[3];
}

constexpr DistanceKernels kScalar{"scalar", NegativeDotScalar, SquaredL2Scalar};

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))

AVX2 inline float Sum(__m256 v) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

AVX2 float NegativeDotAvx2(const float* a, const float* b, size_t dimensions) {
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 32 <= dimensions; i += 32) {
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s1);
    s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s2);
    s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s3);
  }
  for (; i + 8 <= dimensions; i += 8) s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
  float sum = Sum(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
  for (; i < dimensions; ++i) sum += a[i] * b[i];
  return -sum;
}

AVX2 inline __m256 SquareStep(const float* a, const float* b, __m256 sum) {
  const __m256 difference = _mm256_sub_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b));
  return _mm256_fmadd_ps(difference, difference, sum);
}

AVX2 float SquaredL2Avx2(const float* a, const float* b, size_t dimensions) {
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 32 <= dimensions; i += 32) {
    s0 = SquareStep(a + i, b + i, s0);
    s1 = SquareStep(a + i + 8, b + i + 8, s1);
    s2 = SquareStep(a + i + 16, b + i + 16, s2);
    s3 = SquareStep(a + i + 24, b + i + 24, s3);
  }
  for (; i + 8 <= dimensions; i += 8) s0 = SquareStep(a + i, b + i, s0);
  float sum = Sum(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
  for (; i < dimensions; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// What is left after the last full register, as a mask of its low lanes.
AVX512 inline __mmask16 Rest(size_t left) { return static_cast<__mmask16>((1u << left) - 1); }

AVX512 float NegativeDotAvx512(const float* a, const float* b, size_t dimensions) {
  __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 64 <= dimensions; i += 64) {
    s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s0);
    s1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16), s1);
    s2 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 32), _mm512_loadu_ps(b + i + 32), s2);
    s3 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 48), _mm512_loadu_ps(b + i + 48), s3);
  }
  for (; i + 16 <= dimensions; i += 16) s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s0);
  if (const __mmask16 mask = Rest(dimensions - i); mask != 0)
    s1 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i), s1);
  return -_mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

AVX512 inline __m512 SquareStep(__m512 a, __m512 b, __m512 sum) {
  const __m512 difference = _mm512_sub_ps(a, b);
  return _mm512_fmadd_ps(difference, difference, sum);
}

AVX512 float SquaredL2Avx512(const float* a, const float* b, size_t dimensions) {
  __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 64 <= dimensions; i += 64) {
    s0 = SquareStep(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s0);
    s1 = SquareStep(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16), s1);
    s2 = SquareStep(_mm512_loadu_ps(a + i + 32), _mm512_loadu_ps(b + i + 32), s2);
    s3 = SquareStep(_mm512_loadu_ps(a + i + 48), _mm512_loadu_ps(b + i + 48), s3);
  }
  for (; i + 16 <= dimensions; i += 16) s0 = SquareStep(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s0);
  if (const __mmask16 mask = Rest(dimensions - i); mask != 0)
    s1 = SquareStep(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i), s1);
  return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

constexpr DistanceKernels kAvx2{"avx2", NegativeDotAvx2, SquaredL2Avx2};
constexpr DistanceKernels kAvx512{"avx512", NegativeDotAvx512, SquaredL2Avx512};

#undef AVX2
#undef AVX512

#elif defined(__aarch64__)

inline float Sum(float32x4_t s0, float32x4_t s1, float32x4_t s2, float32x4_t s3) {
  return vaddvq_f32(vaddq_f32(vaddq_f32(s0, s1), vaddq_f32(s2, s3)));
}

float NegativeDotNeon(const float* a, const float* b, size_t dimensions) {
  float32x4_t s0 = vdupq_n_f32(0), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 16 <= dimensions; i += 16) {
    s0 = vfmaq_f32(s0, vld1q_f32(a + i), vld1q_f32(b + i));
    s1 = vfmaq_f32(s1, vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));
    s2 = vfmaq_f32(s2, vld1q_f32(a + i + 8), vld1q_f32(b + i + 8));
    s3 = vfmaq_f32(s3, vld1q_f32(a + i + 12), vld1q_f32(b + i + 12));
  }
  for (; i + 4 <= dimensions; i += 4) s0 = vfmaq_f32(s0, vld1q_f32(a + i), vld1q_f32(b + i));
  float sum = Sum(s0, s1, s2, s3);
  for (; i < dimensions; ++i) sum += a[i] * b[i];
  return -sum;
}

inline float32x4_t SquareStep(const float* a, const float* b, float32x4_t sum) {
  const float32x4_t difference = vsubq_f32(vld1q_f32(a), vld1q_f32(b));
  return vfmaq_f32(sum, difference, difference);
}

float SquaredL2Neon(const float* a, const float* b, size_t dimensions) {
  float32x4_t s0 = vdupq_n_f32(0), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 16 <= dimensions; i += 16) {
    s0 = SquareStep(a + i, b + i, s0);
    s1 = SquareStep(a + i + 4, b + i + 4, s1);
    s2 = SquareStep(a + i + 8, b + i + 8, s2);
    s3 = SquareStep(a + i + 12, b + i + 12, s3);
  }
  for (; i + 4 <= dimensions; i += 4) s0 = SquareStep(a + i, b + i, s0);
  float sum = Sum(s0, s1, s2, s3);
  for (; i < dimensions; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

constexpr DistanceKernels kNeon{"neon", NegativeDotNeon, SquaredL2Neon};

#endif

const DistanceKernels& Pick() {
  if (const char* forced = std::getenv("AGENTMEMDB_CPU")) {
    if (const DistanceKernels* kernels = KernelsNamed(forced)) return *kernels;
  }
  for (const char* name : {"avx512", "avx2", "neon"}) {
    if (const DistanceKernels* kernels = KernelsNamed(name)) return *kernels;
  }
  return kScalar;
}

}  // namespace

const DistanceKernels* KernelsNamed(std::string_view name) {
#if defined(__x86_64__)
  if (name == "avx512" && __builtin_cpu_supports("avx512f")) return &kAvx512;
  if (name == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kAvx2;
#elif defined(__aarch64__)
  if (name == "neon") return &kNeon;  // Every ARMv8 has it.
#endif
  return name == "scalar" ? &kScalar : nullptr;
}

const DistanceKernels& ActiveKernels() {
  static const DistanceKernels& kernels = Pick();
  return kernels;
}

}  // namespace agentmemdb
