// Vectors as short codes: what the graph walks over. A code says where a vector points, to about one percent; the few best
// candidates are compared again with their float32 vectors.
//
// The unit vector is rotated by a fixed random orthogonal transform (random signs, then Hadamard transforms of two
// overlapping windows, twice: after Ailon and Chazelle, "The fast Johnson-Lindenstrauss transform", 2009), which makes every
// coordinate about normal with variance 1 / dimensions. So one clip serves all of them, 3.5 to 5 standard deviations (none where no
// coordinate can be larger), and each is rounded to 8 bits. From 384 dimensions on a code is two planes of nibbles, the high ones first: a walk reads the high plane
// only, 4 bits a coordinate; comparing again reads the low plane too. Below that 4 bits lose too much, and a code is plain bytes.
//
// With planes comes a sketch: a bit a coordinate, which side of zero it is on. It tells the cosine to about 1 / sqrt(its bits), whatever
// the vectors, thanks to the rotation (Gao and Long, "RaBitQ", 2024): enough to see that most nodes met on a walk are too far away.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/types.h"
#include "vector/code_kernels.h"

namespace agentmemdb {

// What codes are compared with: a vector's rotated coordinates as signed bytes.
struct CodeQuery {
  int8_t* values = nullptr;  // CodeFormat::query_bytes() of them, 64-byte aligned
  // The estimated cosine is scale * (dot - offset): with the coarse part of a code, and with all of it.
  float coarse_scale = 0, coarse_offset = 0;
  float fine_scale = 0, fine_offset = 0;
  // The same of the sum that a sketch gives.
  float sketch_scale = 0, sketch_offset = 0;
};

// The memory of one CodeQuery.
class CodeQueryBuffer {
 public:
  explicit CodeQueryBuffer(size_t bytes);
  CodeQuery query;

 private:
  struct Free {
    void operator()(int8_t* values) const;
  };
  std::unique_ptr<int8_t, Free> values_;
};

// How the vectors of one collection are coded. Threads: any, const after construction.
class CodeFormat {
 public:
  explicit CodeFormat(uint32_t dimensions, const CodeKernels& kernels = ActiveCodeKernels());

  uint32_t dimensions() const { return dimensions_; }
  bool planes() const { return planes_; }
  // Of one code; of its part that a walk reads, which comes first. Multiples of 64.
  size_t code_bytes() const { return planes_ ? 2 * part_bytes_ : part_bytes_; }
  size_t coarse_bytes() const { return part_bytes_; }
  size_t query_bytes() const { return code_bytes(); }
  // Of one sketch, a multiple of 8; 0: vectors have none.
  size_t sketch_bytes() const { return sketch_bytes_; }
  // The standard deviation of a sketch's estimate of cosine 0; of cosine c, about sqrt(1 - c^2) times that, and near 1
  // a third of it, since the query's own numbers vary.
  float sketch_error() const { return sketch_error_; }
  // The standard deviation of the estimate that the coarse part of a code gives of a cosine.
  float coarse_error() const { return coarse_error_; }

  // Codes `vector` (not zero; any length: only its direction is kept). Returns its norm.
  float Encode(const float* vector, uint8_t* code) const;
  void MakeSketch(const uint8_t* code, uint8_t* sketch) const;
  // Prepares a comparison of `vector` (as for Encode) with codes. Returns its norm.
  float MakeQuery(const float* vector, CodeQuery* query) const;
  // The same of a vector known by its code only.
  void MakeQuery(const uint8_t* code, CodeQuery* query) const;

  // Whether Encode makes this code of the vector, but for a step that rounding may make in a number, and MakeSketch this sketch of the
  // code.
  bool Agrees(const float* vector, const uint8_t* code, const uint8_t* sketch) const;

  // dots[i] = the integer dot product of the query with codes[i], or with the coarse part of it.
  void CoarseDots(const CodeQuery& query, const uint8_t* const* codes, size_t n, int32_t* dots) const {
    coarse_(query.values, part_bytes_, codes, n, dots);
  }
  void FineDots(const CodeQuery& query, const uint8_t* const* codes, size_t n, int32_t* dots) const {
    fine_(query.values, part_bytes_, codes, n, dots);
  }
  void SketchSums(const CodeQuery& query, const uint8_t* const* sketches, size_t n, int32_t* sums) const {
    kernels_->sketch(query.values, sketch_bytes_, sketches, n, sums);
  }

 private:
  // The unit vector, rotated, times sqrt(dimensions). Returns the norm.
  float Rotate(const float* vector, float* rotated) const;
  // The 8-bit number of each coordinate.
  void Quantise(const float* rotated, size_t n, uint8_t* numbers) const;
  // The same of a code, and of what fills it up.
  std::vector<uint8_t> NumbersOf(const uint8_t* code) const;
  // Of a query whose values are there, each `unit` of a rotated coordinate.
  void Finish(CodeQuery* query, float unit) const;

  uint32_t dimensions_;
  bool planes_;
  float clip_, step_;
  float coarse_error_;
  size_t part_bytes_;
  size_t sketch_bytes_ = 0, sketch_bits_ = 0;  // bits: those that stand for coordinates
  float sketch_error_ = 0;
  size_t window_;  // the largest power of two that is not above dimensions
  int query_max_;
  const CodeKernels* kernels_;
  CodeDots coarse_, fine_;
  std::vector<float> signs_;  // four rows of `dimensions`
};

}  // namespace agentmemdb
