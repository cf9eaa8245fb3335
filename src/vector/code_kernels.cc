#include "vector/code_kernels.h"

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

void HadamardScalar(float* values, size_t size) { Hadamard(values, size); }

size_t InsertScalar(int64_t* sorted, size_t n, int64_t key) {
  if (sorted[n - 1] < key) return n;
  size_t place = n - 1;
  for (; sorted[place - 1] > key; --place) sorted[place] = sorted[place - 1];
  sorted[place] = key;
  return place;
}

constexpr CodeKernels kScalar{"scalar", 127, BytesScalar, PlaneScalar, PlanesScalar, HadamardScalar, InsertScalar};

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

AVX2 inline __m256i Load256(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

AVX2 inline int32_t Sum256(__m256i v) {
  const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i quarter = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32(quarter, 0xB1)));
}

// Four products are added in 16 bits each: below 2^15 with |query| <= 63 for bytes and <= 127 for nibbles.
AVX2 inline __m256i AddProducts(__m256i sum, __m256i code, __m256i query) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(code, query), _mm256_set1_epi16(1)));
}

AVX2 void BytesAvx2(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) {
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    for (size_t i = 0; i < bytes; i += 64) {
      s0 = AddProducts(s0, Load256(codes[c] + i), Load256(query + i));
      s1 = AddProducts(s1, Load256(codes[c] + i + 32), Load256(query + i + 32));
    }
    dots[c] = Sum256(_mm256_add_epi32(s0, s1));
  }
}

AVX2 inline __m256i PlaneSum256(const int8_t* query, size_t bytes, const uint8_t* plane) {
  const __m256i low = _mm256_set1_epi8(kLow);
  __m256i s0 = _mm256_setzero_si256(), s1 = s0;
  for (size_t i = 0; i < bytes; i += 32) {
    const __m256i code = Load256(plane + i);
    s0 = AddProducts(s0, _mm256_and_si256(code, low), Load256(query + i));
    s1 = AddProducts(s1, _mm256_and_si256(_mm256_srli_epi16(code, 4), low), Load256(query + bytes + i));
  }
  return _mm256_add_epi32(s0, s1);
}

AVX2 void PlaneAvx2(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) dots[c] = Sum256(PlaneSum256(query, bytes, codes[c]));
}

AVX2 void PlanesAvx2(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) {
    const __m256i high = PlaneSum256(query, bytes, codes[c]), low = PlaneSum256(query, bytes, codes[c] + bytes);
    dots[c] = Sum256(_mm256_add_epi32(_mm256_slli_epi32(high, 4), low));
  }
}

AVX2 void HadamardAvx2(float* values, size_t size) { Hadamard(values, size); }

// Every number becomes the middle one of itself, the one before it and `key`: from the end, until one is smaller than `key`.
AVX2 size_t InsertAvx2(int64_t* sorted, size_t n, int64_t key) {
  const __m256i keys = _mm256_set1_epi64x(key);
  __m256i block = Load256(sorted + n - 4);
  for (size_t i = n - 4;; i -= 4) {
    const __m256i below = Load256(sorted + i - 4);
    const __m256i before = _mm256_permute4x64_epi64(_mm256_blend_epi32(block, below, 0xC0), 0x93);
    const __m256i larger = _mm256_blendv_epi8(keys, before, _mm256_cmpgt_epi64(before, keys));
    _mm256_store_si256(reinterpret_cast<__m256i*>(sorted + i),
                       _mm256_blendv_epi8(block, larger, _mm256_cmpgt_epi64(block, larger)));
    const int smaller = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(keys, block)));
    if (smaller != 0 || i == 0) return i + static_cast<size_t>(__builtin_popcount(smaller));
    block = below;
  }
}

AVX512 inline __m512i Load512(const void* from) { return _mm512_loadu_si512(from); }

AVX512 void BytesAvx512(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    size_t i = 0;
    for (; i + 128 <= bytes; i += 128) {
      s0 = _mm512_dpbusd_epi32(s0, Load512(codes[c] + i), Load512(query + i));
      s1 = _mm512_dpbusd_epi32(s1, Load512(codes[c] + i + 64), Load512(query + i + 64));
    }
    if (i < bytes) s0 = _mm512_dpbusd_epi32(s0, Load512(codes[c] + i), Load512(query + i));
    dots[c] = _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
  }
}

AVX512 inline __m512i AddNibbles(__m512i sum, const uint8_t* plane, __m512i first, __m512i second) {
  const __m512i code = Load512(plane), low = _mm512_set1_epi8(kLow);
  sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(code, low), first);
  return _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_srli_epi16(code, 4), low), second);
}

AVX512 inline __m512i PlaneSum512(const int8_t* query, size_t bytes, const uint8_t* plane) {
  __m512i sum = _mm512_setzero_si512();
  for (size_t i = 0; i < bytes; i += 64)
    sum = AddNibbles(sum, plane + i, Load512(query + i), Load512(query + bytes + i));
  return sum;
}

AVX512 inline __m256i Halves(__m512i v) {
  return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

// The sums of four registers, side by side.
AVX512 inline __m128i SumsOfFour(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m256i pairs =
      _mm256_hadd_epi32(_mm256_hadd_epi32(Halves(a), Halves(b)), _mm256_hadd_epi32(Halves(c), Halves(d)));
  return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

AVX512 void PlaneAvx512(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  size_t c = 0;
  for (; c + 4 <= n; c += 4) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    for (size_t i = 0; i < bytes; i += 64) {
      const __m512i first = Load512(query + i), second = Load512(query + bytes + i);
      s0 = AddNibbles(s0, codes[c] + i, first, second);
      s1 = AddNibbles(s1, codes[c + 1] + i, first, second);
      s2 = AddNibbles(s2, codes[c + 2] + i, first, second);
      s3 = AddNibbles(s3, codes[c + 3] + i, first, second);
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dots + c), SumsOfFour(s0, s1, s2, s3));
  }
  for (; c < n; ++c) dots[c] = _mm512_reduce_add_epi32(PlaneSum512(query, bytes, codes[c]));
}

AVX512 void PlanesAvx512(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) {
    const __m512i high = PlaneSum512(query, bytes, codes[c]), low = PlaneSum512(query, bytes, codes[c] + bytes);
    dots[c] = _mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, 4), low));
  }
}

AVX512 void HadamardAvx512(float* values, size_t size) { Hadamard(values, size); }

AVX512 size_t InsertAvx512(int64_t* sorted, size_t n, int64_t key) {
  const __m512i keys = _mm512_set1_epi64(key);
  __m512i block = Load512(sorted + n - 8);
  for (size_t i = n - 8;; i -= 8) {
    const __m512i below = Load512(sorted + i - 8);
    const __m512i before = _mm512_alignr_epi64(block, below, 7);
    _mm512_store_si512(sorted + i, _mm512_min_epi64(block, _mm512_max_epi64(before, keys)));
    const unsigned smaller = _mm512_cmplt_epi64_mask(block, keys);
    if (smaller != 0 || i == 0) return i + static_cast<size_t>(__builtin_popcount(smaller));
    block = below;
  }
}

constexpr CodeKernels kAvx2{"avx2", 63, BytesAvx2, PlaneAvx2, PlanesAvx2, HadamardAvx2, InsertAvx2};
constexpr CodeKernels kAvx512{"avx512", 127, BytesAvx512, PlaneAvx512, PlanesAvx512, HadamardAvx512, InsertAvx512};

#undef AVX2
#undef AVX512

#elif defined(__aarch64__)

// Products of 16 signed bytes, pairwise added into four 32-bit sums. Every ARMv8 has this; the dot product instruction is newer.
inline int32x4_t AddProducts(int32x4_t sum, int8x16_t code, int8x16_t query) {
  const int16x8_t low = vmull_s8(vget_low_s8(code), vget_low_s8(query));
  const int16x8_t high = vmull_s8(vget_high_s8(code), vget_high_s8(query));
  return vpadalq_s16(vpadalq_s16(sum, low), high);
}

void BytesNeon(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  int32x4_t total = vdupq_n_s32(0);
  for (size_t i = 0; i < bytes; i += 16) total = vpadalq_s16(total, vpaddlq_s8(vld1q_s8(query + i)));
  const int32_t correction = 128 * vaddvq_s32(total);  // Bytes are made signed by taking 128 off.
  for (size_t c = 0; c < n; ++c) {
    int32x4_t sum = vdupq_n_s32(0);
    for (size_t i = 0; i < bytes; i += 16) {
      const uint8x16_t code = veorq_u8(vld1q_u8(codes[c] + i), vdupq_n_u8(128));
      sum = AddProducts(sum, vreinterpretq_s8_u8(code), vld1q_s8(query + i));
    }
    dots[c] = vaddvq_s32(sum) + correction;
  }
}

inline int32_t PlaneDotNeon(const int8_t* query, size_t bytes, const uint8_t* plane) {
  int32x4_t s0 = vdupq_n_s32(0), s1 = s0;
  for (size_t i = 0; i < bytes; i += 16) {
    const uint8x16_t code = vld1q_u8(plane + i);
    s0 = AddProducts(s0, vreinterpretq_s8_u8(vandq_u8(code, vdupq_n_u8(kLow))), vld1q_s8(query + i));
    s1 = AddProducts(s1, vreinterpretq_s8_u8(vshrq_n_u8(code, 4)), vld1q_s8(query + bytes + i));
  }
  return vaddvq_s32(vaddq_s32(s0, s1));
}

void PlaneNeon(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c) dots[c] = PlaneDotNeon(query, bytes, codes[c]);
}

void PlanesNeon(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  for (size_t c = 0; c < n; ++c)
    dots[c] = 16 * PlaneDotNeon(query, bytes, codes[c]) + PlaneDotNeon(query, bytes, codes[c] + bytes);
}

constexpr CodeKernels kNeon{"neon", 127, BytesNeon, PlaneNeon, PlanesNeon, HadamardScalar, InsertScalar};

#endif

const CodeKernels& Pick() {
  if (const char* forced = std::getenv("AGENTMEMDB_CPU")) {
    if (const CodeKernels* kernels = CodeKernelsNamed(forced)) return *kernels;
  }
  for (const char* name : {"avx512", "avx2", "neon"}) {
    if (const CodeKernels* kernels = CodeKernelsNamed(name)) return *kernels;
  }
  return kScalar;
}

}  // namespace

const CodeKernels* CodeKernelsNamed(std::string_view name) {
#if defined(__x86_64__)
  if (name == "avx512" && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return &kAvx512;
  if (name == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kAvx2;
#elif defined(__aarch64__)
  if (name == "neon") return &kNeon;
#endif
  return name == "scalar" ? &kScalar : nullptr;
}

const CodeKernels& ActiveCodeKernels() {
  static const CodeKernels& kernels = Pick();
  return kernels;
}

}  // namespace agentmemdb
