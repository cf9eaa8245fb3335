// Kernels for 64-bit ARM.
#if defined(__aarch64__)

#include <arm_neon.h>

#include "vector/code_kernel_sets.h"

namespace agentmemdb {
namespace {

constexpr uint8_t kLow = 0x0F;

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

void SketchNeon(const int8_t* query, size_t bytes, const uint8_t* const* sketches, size_t n, int32_t* sums) {
  const uint8x16_t bit_of = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  for (size_t s = 0; s < n; ++s) {
    int32x4_t sum = vdupq_n_s32(0);
    for (size_t i = 0; i < bytes; i += 2) {
      const uint8x16_t spread = vcombine_u8(vdup_n_u8(sketches[s][i]), vdup_n_u8(sketches[s][i + 1]));
      const int8x16_t set = vreinterpretq_s8_u8(vtstq_u8(spread, bit_of));
      sum = vpadalq_s16(sum, vpaddlq_s8(vandq_s8(set, vld1q_s8(query + 8 * i))));
    }
    sums[s] = vaddvq_s32(sum);
  }
}

}  // namespace

const CodeKernels kNeonCodeKernels{"neon",     127,        BytesNeon,      PlaneNeon,
                                   PlanesNeon, SketchNeon, HadamardScalar, InsertScalar};

}  // namespace agentmemdb

#endif
