// Kernels over vector codes (code.h): integer dot products of one query with many codes, the Hadamard transform, and insertion
// into a sorted row. The
// widest the CPU has, chosen once at load as in distance.h. Integer results are the same on every CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace agentmemdb {

// dots[i] = the dot product of `query` with codes[i].
//   query  signed bytes, 64-byte aligned, as many as the code has numbers after padding; the padding is zero
//   bytes  of one code that are read, a multiple of 64
//   codes  n pointers, any alignment
using CodeDots = void (*)(const int8_t* query, size_t bytes, const uint8_t* const* codes, size_t n, int32_t* dots);

// sums[i] = the sum of the numbers of `query` whose bits are set in sketches[i], number j by bit j % 8 of byte j / 8.
//   bytes  of one sketch, a multiple of 8; the query has at least as many numbers as these have bits
using SketchSums = void (*)(const int8_t* query, size_t bytes, const uint8_t* const* sketches, size_t n, int32_t* sums);

struct CodeKernels {
  const char* name;  // "scalar", "avx2", "avx512", "neon"
  // The largest |number| that a query of byte codes may hold: with 127 the 16-bit sums of AVX2 would saturate.
  int byte_query_max;
  CodeDots bytes;   // one unsigned byte a number
  CodeDots plane;   // one plane of nibbles: byte i has number i in its low half and number `bytes` + i in its high half
  CodeDots planes;  // both planes one after the other, `bytes` of each: 16 * high + low
  SketchSums sketch;
  // In place, not normalised. size: a power of two.
  void (*hadamard)(float* values, size_t size);
  // Puts `key` where it belongs among n ascending numbers; the largest falls out, `key` itself if it is. Returns its place, n
  // if it is out. n: a multiple of 8; sorted: 64-byte aligned, after 8 that are INT64_MIN.
  size_t (*insert)(int64_t* sorted, size_t n, int64_t key);
};

// The environment variable AGENTMEMDB_CPU (scalar, avx2, avx512, neon) forces a set, if the CPU has it.
const CodeKernels& ActiveCodeKernels();
// nullptr when the CPU cannot run them.
const CodeKernels* CodeKernelsNamed(std::string_view name);

}  // namespace agentmemdb
