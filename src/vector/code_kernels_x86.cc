// Kernels for AVX2 and AVX-512 with VNNI.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "vector/code_kernel_sets.h"
#include "vector/hadamard.h"

// GCC 12's own AVX-512 headers leave registers undefined on purpose, and warn about it here.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace agentmemdb {
namespace {

constexpr uint8_t kLow = 0x0F;

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

AVX2 inline __m256i Load256(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

AVX2 inline int32_t Sum256(__m256i v) {
  const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i quarter = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32(quarter, 0xB1)));
}

AVX2 inline __m256i Widen(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

// Two products more in each 16 bits; how many have room there is below.
AVX2 inline __m256i AddProducts(__m256i sums, __m256i code, __m256i query) {
  return _mm256_add_epi16(sums, _mm256_maddubs_epi16(code, query));
}

// Four sums, one for each of four codes that are compared together: what is read of the query serves all of them.
constexpr size_t kTogether = 4;
struct Sums256 {
  __m256i of[kTogether];
};

AVX2 inline Sums256 Zeros256() {
  const __m256i zero = _mm256_setzero_si256();
  return {{zero, zero, zero, zero}};
}

AVX2 inline void AddWidened(Sums256* sums, const Sums256& narrow) {
  for (size_t c = 0; c < kTogether; ++c) sums->of[c] = _mm256_add_epi32(sums->of[c], Widen(narrow.of[c]));
}

// Each register added up, side by side.
AVX2 inline void StoreSums(const Sums256& sums, int32_t* to) {
  const __m256i pairs =
      _mm256_hadd_epi32(_mm256_hadd_epi32(sums.of[0], sums.of[1]), _mm256_hadd_epi32(sums.of[2], sums.of[3]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
}

// Two products of a byte and a number of the query, at most 63, have room in 16 bits (2 * 255 * 63 < 2^15), and no others.
AVX2 inline __m256i AddBytes(__m256i sum, const uint8_t* code, __m256i query) {
  return _mm256_add_epi32(sum, Widen(_mm256_maddubs_epi16(Load256(code), query)));
}

AVX2 void BytesAvx2(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  size_t c = 0;
  for (; c + kTogether <= n; c += kTogether) {
    Sums256 sums = Zeros256();
    for (size_t i = 0; i < bytes; i += 32) {
      const __m256i part = Load256(query + i);
      for (size_t j = 0; j < kTogether; ++j) sums.of[j] = AddBytes(sums.of[j], codes[c + j] + i, part);
    }
    StoreSums(sums, dots + c);
  }
  for (; c < n; ++c) {
    __m256i sum = _mm256_setzero_si256();
    for (size_t i = 0; i < bytes; i += 32) sum = AddBytes(sum, codes[c] + i, Load256(query + i));
    dots[c] = Sum256(sum);
  }
}

// So many bytes of a plane of nibbles, and of a sketch, are summed up in 16 bits: 2^15 / (2 * 15 * 128) = 8.5 products of two
// nibbles each, and 2^15 / (2 * 128) = 128 of two bits.
constexpr size_t kPlaneBytesSummed = 128, kSketchBytesSummed = 512;

AVX2 inline __m256i AddNibbles(__m256i sums, const uint8_t* plane, __m256i first, __m256i second) {
  const __m256i code = Load256(plane), low = _mm256_set1_epi8(kLow);
  sums = AddProducts(sums, _mm256_and_si256(code, low), first);
  return AddProducts(sums, _mm256_and_si256(_mm256_srli_epi16(code, 4), low), second);
}

AVX2 inline __m256i PlaneSum256(const int8_t* query, size_t bytes, const uint8_t* plane) {
  __m256i sum = _mm256_setzero_si256();
  for (size_t begin = 0; begin < bytes; begin += kPlaneBytesSummed) {
    __m256i narrow = _mm256_setzero_si256();
    for (size_t i = begin; i < std::min(bytes, begin + kPlaneBytesSummed); i += 32)
      narrow = AddNibbles(narrow, plane + i, Load256(query + i), Load256(query + bytes + i));
    sum = _mm256_add_epi32(sum, Widen(narrow));
  }
  return sum;
}

// The same of the planes that begin at `from` in four codes.
AVX2 inline Sums256 PlaneSums256(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t from) {
  Sums256 sums = Zeros256();
  for (size_t begin = 0; begin < bytes; begin += kPlaneBytesSummed) {
    Sums256 narrow = Zeros256();
    for (size_t i = begin; i < std::min(bytes, begin + kPlaneBytesSummed); i += 32) {
      const __m256i first = Load256(query + i), second = Load256(query + bytes + i);
      for (size_t c = 0; c < kTogether; ++c)
        narrow.of[c] = AddNibbles(narrow.of[c], codes[c] + from + i, first, second);
    }
    AddWidened(&sums, narrow);
  }
  return sums;
}

AVX2 void PlaneAvx2(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  size_t c = 0;
  for (; c + kTogether <= n; c += kTogether) StoreSums(PlaneSums256(query, bytes, codes + c, 0), dots + c);
  for (; c < n; ++c) dots[c] = Sum256(PlaneSum256(query, bytes, codes[c]));
}

AVX2 inline __m256i HighAndLow(__m256i high, __m256i low) { return _mm256_add_epi32(_mm256_slli_epi32(high, 4), low); }

AVX2 void PlanesAvx2(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  size_t c = 0;
  for (; c + kTogether <= n; c += kTogether) {
    Sums256 sums = PlaneSums256(query, bytes, codes + c, 0);
    const Sums256 low = PlaneSums256(query, bytes, codes + c, bytes);
    for (size_t i = 0; i < kTogether; ++i) sums.of[i] = HighAndLow(sums.of[i], low.of[i]);
    StoreSums(sums, dots + c);
  }
  for (; c < n; ++c) {
    const __m256i high = PlaneSum256(query, bytes, codes[c]), low = PlaneSum256(query, bytes, codes[c] + bytes);
    dots[c] = Sum256(HighAndLow(high, low));
  }
}

// Adds the numbers of `query` that four bytes of a sketch have bits for. Each bit becomes a byte, one or zero: the byte it is in, of
// which that bit alone is kept, but one at most.
AVX2 inline __m256i AddBits(__m256i sums, const uint8_t* sketch, __m256i query) {
  const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bit_of = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
  int32_t word;
  std::memcpy(&word, sketch, sizeof(word));
  const __m256i kept = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), byte_of), bit_of);
  return AddProducts(sums, _mm256_min_epu8(kept, _mm256_set1_epi8(1)), query);
}

AVX2 void SketchAvx2(const int8_t* query, size_t bytes, const uint8_t* const* sketches, size_t n, int32_t* sums) {
  size_t s = 0;
  for (; s + kTogether <= n; s += kTogether) {
    Sums256 wide = Zeros256();
    for (size_t begin = 0; begin < bytes; begin += kSketchBytesSummed) {
      Sums256 narrow = Zeros256();
      for (size_t i = begin; i < std::min(bytes, begin + kSketchBytesSummed); i += 4) {
        const __m256i part = Load256(query + 8 * i);
        for (size_t c = 0; c < kTogether; ++c) narrow.of[c] = AddBits(narrow.of[c], sketches[s + c] + i, part);
      }
      AddWidened(&wide, narrow);
    }
    StoreSums(wide, sums + s);
  }
  for (; s < n; ++s) {
    __m256i sum = _mm256_setzero_si256();
    for (size_t i = 0; i < bytes; i += 4)
      sum = _mm256_add_epi32(sum, Widen(AddBits(_mm256_setzero_si256(), sketches[s] + i, Load256(query + 8 * i))));
    sums[s] = Sum256(sum);
  }
}

AVX2 void HadamardAvx2(float* values, size_t size) { Hadamard(values, size); }

// From the end, blocks of numbers that are all larger than `key` move by one place. In the block where it belongs every number
// becomes the middle one of itself, the one before it and `key`.
AVX2 size_t InsertAvx2(int64_t* sorted, size_t n, int64_t key) {
  size_t i = n - 4;
  for (; i > 0 && sorted[i - 1] > key; i -= 4)
    _mm256_store_si256(reinterpret_cast<__m256i*>(sorted + i), Load256(sorted + i - 1));
  const __m256i keys = _mm256_set1_epi64x(key), block = Load256(sorted + i), before = Load256(sorted + i - 1);
  const __m256i larger = _mm256_blendv_epi8(keys, before, _mm256_cmpgt_epi64(before, keys));
  _mm256_store_si256(reinterpret_cast<__m256i*>(sorted + i),
                     _mm256_blendv_epi8(block, larger, _mm256_cmpgt_epi64(block, larger)));
  const int smaller = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(keys, block)));
  return i + static_cast<size_t>(__builtin_popcount(smaller));
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

// The nibbles of both planes put together again: half as many products as plane by plane.
AVX512 inline __m512i PlanesSum512(const int8_t* query, size_t bytes, const uint8_t* code) {
  constexpr int kChoose = 0xCA;  // bits of the second where the first has ones, else of the third
  const __m512i high_half = _mm512_set1_epi8(static_cast<char>(0xF0));
  __m512i s0 = _mm512_setzero_si512(), s1 = s0;
  for (size_t i = 0; i < bytes; i += 64) {
    const __m512i high = Load512(code + i), low = Load512(code + bytes + i);
    const __m512i first = _mm512_ternarylogic_epi32(high_half, _mm512_slli_epi16(high, 4), low, kChoose);
    const __m512i second = _mm512_ternarylogic_epi32(high_half, high, _mm512_srli_epi16(low, 4), kChoose);
    s0 = _mm512_dpbusd_epi32(s0, first, Load512(query + i));
    s1 = _mm512_dpbusd_epi32(s1, second, Load512(query + bytes + i));
  }
  return _mm512_add_epi32(s0, s1);
}

AVX512 void PlanesAvx512(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots) {
  size_t c = 0;
  for (; c + 4 <= n; c += 4) {
    const __m128i sums = SumsOfFour(PlanesSum512(query, bytes, codes[c]), PlanesSum512(query, bytes, codes[c + 1]),
                                    PlanesSum512(query, bytes, codes[c + 2]), PlanesSum512(query, bytes, codes[c + 3]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dots + c), sums);
  }
  for (; c < n; ++c) dots[c] = _mm512_reduce_add_epi32(PlanesSum512(query, bytes, codes[c]));
}

// `sum` and the numbers of `query` that word i of the sketch has bits for.
AVX512 inline __m512i AddMasked(__m512i sum, const uint8_t* sketch, size_t i, __m512i query) {
  uint64_t word;
  std::memcpy(&word, sketch + 8 * i, sizeof(word));
  return _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_maskz_mov_epi8(word, query));
}

AVX512 void SketchAvx512(const int8_t* query, size_t bytes, const uint8_t* const* sketches, size_t n, int32_t* sums) {
  size_t s = 0;
  for (; s + 4 <= n; s += 4) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    for (size_t i = 0; i < bytes / 8; ++i) {
      const __m512i part = Load512(query + 64 * i);
      s0 = AddMasked(s0, sketches[s], i, part);
      s1 = AddMasked(s1, sketches[s + 1], i, part);
      s2 = AddMasked(s2, sketches[s + 2], i, part);
      s3 = AddMasked(s3, sketches[s + 3], i, part);
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + s), SumsOfFour(s0, s1, s2, s3));
  }
  for (; s < n; ++s) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < bytes / 8; ++i) sum = AddMasked(sum, sketches[s], i, Load512(query + 64 * i));
    sums[s] = _mm512_reduce_add_epi32(sum);
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

#undef AVX2
#undef AVX512

}  // namespace

const CodeKernels kAvx2CodeKernels{"avx2", 63, BytesAvx2, PlaneAvx2, PlanesAvx2, SketchAvx2, HadamardAvx2, InsertAvx2};
const CodeKernels kAvx512CodeKernels{"avx512",     127,          BytesAvx512,    PlaneAvx512,
                                     PlanesAvx512, SketchAvx512, HadamardAvx512, InsertAvx512};

}  // namespace agentmemdb

#endif
