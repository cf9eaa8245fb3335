#include "vector/code.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>

#include "base/random.h"
#include "vector/metric.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kPlanesFrom = 384;
constexpr size_t kAlignment = 64;
constexpr float kPlanesClip = 3.5f;  // standard deviations
constexpr float kBytesClip = 5;      // Eight bits can afford it, and few coordinates are less normal.
constexpr float kSteps = 255;
constexpr int kMiddle = 128;  // the code of zero
constexpr float kCoarseMiddle =
    120.5f;  // the high nibble alone stands for the middle of its 16 codes, 7.5 above the first
// A float32 of this size has no room for fractions: adding it rounds, and the number is in the low bits. lrintf would be a
// call for each number, and no loop with it is vectorised.
constexpr float kRounder = 1.5f * (1 << 23);
constexpr auto kRounderBits = std::bit_cast<uint32_t>(kRounder);
constexpr int kWindows = 4;
// A sketch of 48 bytes fits into the third cache line of a node with 32 links, beside what is there. More lines only when
// that is less than this part of the coordinates.
constexpr size_t kSketchFirst = 48;
constexpr double kSketchShare = 0.75;
constexpr float kMeanSize = 0.79788456f;            // of a normal number of variance 1: sqrt(2 / pi)
constexpr float kSignVariance = 0.5707963f;         // of its sign over that, less 1: pi / 2 - 1
constexpr uint64_t kSignSeed = 0x616d64622d726f74;  // Part of the format: codes in index images depend on it.

size_t RoundUp(size_t value, size_t to) { return (value + to - 1) / to * to; }

size_t SketchBytes(size_t coordinates) {
  const size_t all = coordinates / 8;
  const auto enough = static_cast<size_t>(kSketchShare * static_cast<double>(all));
  return std::min(all,
                  enough <= kSketchFirst ? kSketchFirst : kSketchFirst + RoundUp(enough - kSketchFirst, kAlignment));
}

// Bit 0 of each of eight bytes, as one byte.
uint8_t PackBits(uint64_t bytes) {
  return static_cast<uint8_t>((bytes & 0x0101010101010101) * 0x0102040810204080 >> 56);
}

}  // namespace

CodeQueryBuffer::CodeQueryBuffer(size_t bytes)
    : values_(static_cast<int8_t*>(::operator new (bytes, std::align_val_t{kAlignment}))) {
  query.values = values_.get();
}

void CodeQueryBuffer::Free::operator()(int8_t* values) const {
  ::operator delete (values, std::align_val_t{kAlignment});
}

CodeFormat::CodeFormat(uint32_t dimensions, const CodeKernels& kernels)
    : dimensions_(dimensions),
      planes_(dimensions >= kPlanesFrom),
      clip_(planes_ ? kPlanesClip : std::min(kBytesClip, std::sqrt(static_cast<float>(dimensions)))),
      step_(2 * clip_ / kSteps),
      // The square of what rounding to steps is wrong by is a twelfth of a step's, on average.
      coarse_error_((planes_ ? 16 : 1) * step_ / std::sqrt(12 * static_cast<float>(dimensions))),
      part_bytes_(RoundUp(planes_ ? (dimensions + 1) / 2 : dimensions, kAlignment)),
      window_(std::bit_floor(static_cast<size_t>(dimensions))),
      query_max_(planes_ ? 127 : kernels.byte_query_max),
      kernels_(&kernels),
      coarse_(planes_ ? kernels.plane : kernels.bytes),
      fine_(planes_ ? kernels.planes : kernels.bytes),
      signs_(static_cast<size_t>(kWindows) * dimensions) {
  Random random(kSignSeed);
  // A Hadamard transform of n numbers makes them sqrt(n) times longer: the signs take that back.
  const float scale = 1 / std::sqrt(static_cast<float>(window_));
  for (size_t i = 0; i < signs_.size(); ++i) {
    const size_t row = i / dimensions, column = i % dimensions;
    const bool inside = row % 2 == 0 ? column < window_ : column >= dimensions - window_;
    signs_[i] = (random.Below(2) == 0 ? 1.0f : -1.0f) * (inside ? scale : 1.0f);
  }
  if (!planes_) return;
  sketch_bytes_ = SketchBytes(query_bytes());
  sketch_bits_ = std::min<size_t>(8 * sketch_bytes_, dimensions);
  const float share = static_cast<float>(sketch_bits_) / static_cast<float>(dimensions);
  sketch_error_ = std::sqrt((kSignVariance + 1 - share) / static_cast<float>(sketch_bits_));
}

float CodeFormat::Rotate(const float* vector, float* rotated) const {
  const double norm = std::sqrt(SquaredNorm({vector, dimensions_}));
  const auto scale = static_cast<float>(norm > 0 ? std::sqrt(static_cast<double>(dimensions_)) / norm : 0);
  for (size_t i = 0; i < dimensions_; ++i) rotated[i] = vector[i] * scale;
  for (size_t row = 0; row < kWindows; ++row) {
    const float* signs = signs_.data() + row * dimensions_;
    for (size_t i = 0; i < dimensions_; ++i) rotated[i] *= signs[i];
    kernels_->hadamard(rotated + (row % 2 == 0 ? 0 : dimensions_ - window_), window_);
  }
  return static_cast<float>(norm);
}

float CodeFormat::Encode(const float* vector, uint8_t* code) const {
  thread_local std::vector<float> rotated;
  rotated.resize(dimensions_);
  const float norm = Rotate(vector, rotated.data());
  if (!planes_) {
    Quantise(rotated.data(), dimensions_, code);
    std::memset(code + dimensions_, 0, part_bytes_ - dimensions_);
    return norm;
  }
  thread_local std::vector<uint8_t> numbers;
  numbers.assign(2 * part_bytes_, 0);
  Quantise(rotated.data(), dimensions_, numbers.data());
  // A copy, as below: bytes that are written might be any member, and no loop would be vectorised.
  const size_t n = part_bytes_;
  const uint8_t* first = numbers.data();
  const uint8_t* second = first + n;
  uint8_t* high = code;
  uint8_t* low = code + n;
  for (size_t i = 0; i < n; ++i) {
    high[i] = static_cast<uint8_t>((first[i] >> 4) | (second[i] & 0xF0));
    low[i] = static_cast<uint8_t>((first[i] & 0x0F) | ((second[i] & 0x0F) << 4));
  }
  return norm;
}

// The highest bit of a coordinate's number is that of its nibble in the high plane.
void CodeFormat::MakeSketch(const uint8_t* code, uint8_t* sketch) const {
  const size_t first = std::min(sketch_bytes_, part_bytes_ / 8);
  uint64_t eight;
  for (size_t i = 0; i < first; ++i) {
    std::memcpy(&eight, code + 8 * i, sizeof(eight));
    sketch[i] = PackBits(eight >> 3);
  }
  for (size_t i = first; i < sketch_bytes_; ++i) {
    std::memcpy(&eight, code + 8 * (i - first), sizeof(eight));
    sketch[i] = PackBits(eight >> 7);
  }
}

void CodeFormat::Quantise(const float* rotated, size_t n, uint8_t* numbers) const {
  const float scale = 1 / step_;
  for (size_t i = 0; i < n; ++i) {
    const float steps = std::min(std::max(rotated[i] * scale + kMiddle, 0.0f), kSteps);
    numbers[i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(steps + kRounder) - kRounderBits);
  }
}

std::vector<uint8_t> CodeFormat::NumbersOf(const uint8_t* code) const {
  if (!planes_) return {code, code + part_bytes_};
  std::vector<uint8_t> numbers(2 * part_bytes_);
  for (size_t i = 0; i < part_bytes_; ++i) {
    const uint8_t high = code[i], low = code[part_bytes_ + i];
    numbers[i] = static_cast<uint8_t>((high & 0x0F) << 4 | (low & 0x0F));
    numbers[part_bytes_ + i] = static_cast<uint8_t>((high & 0xF0) | low >> 4);
  }
  return numbers;
}

bool CodeFormat::Agrees(const float* vector, const uint8_t* code, const uint8_t* sketch) const {
  std::vector<uint8_t> made(code_bytes()), made_sketch(sketch_bytes_);
  MakeSketch(code, made_sketch.data());
  if (!std::equal(made_sketch.begin(), made_sketch.end(), sketch)) return false;
  Encode(vector, made.data());
  const std::vector<uint8_t> expected = NumbersOf(made.data()), found = NumbersOf(code);
  return std::equal(expected.begin(), expected.end(), found.begin(),
                    [](uint8_t a, uint8_t b) { return std::abs(a - b) <= 1; });
}

float CodeFormat::MakeQuery(const float* vector, CodeQuery* query) const {
  thread_local std::vector<float> rotated;
  rotated.resize(dimensions_);
  const float norm = Rotate(vector, rotated.data());
  float largest = 1e-20f;
  for (const float x : rotated) largest = std::max(largest, std::abs(x));
  const float unit = largest / static_cast<float>(query_max_);
  const size_t n = dimensions_;
  const float* from = rotated.data();
  int8_t* values = query->values;
  for (size_t i = 0; i < n; ++i) {
    const auto value = static_cast<int32_t>(std::bit_cast<uint32_t>(from[i] / unit + kRounder) - kRounderBits);
    values[i] = static_cast<int8_t>(value);
  }
  std::memset(query->values + dimensions_, 0, query_bytes() - dimensions_);
  Finish(query, unit);
  return norm;
}

void CodeFormat::MakeQuery(const uint8_t* code, CodeQuery* query) const {
  const size_t n = part_bytes_;
  int8_t* values = query->values;
  if (planes_) {
    const uint8_t* high = code;
    const uint8_t* low = code + n;
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<int8_t>(((high[i] & 0x0F) << 4 | (low[i] & 0x0F)) ^ kMiddle);
    for (size_t i = 0; i < n; ++i) values[n + i] = static_cast<int8_t>(((high[i] & 0xF0) | low[i] >> 4) ^ kMiddle);
  } else {
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<int8_t>(code[i] ^ kMiddle);
  }
  // A code has 8 bits; where the kernels take fewer, the last one is given up.
  const int given_up = query_max_ < 127 ? 1 : 0;
  const size_t bytes = given_up > 0 ? query_bytes() : 0;
  for (size_t i = 0; i < bytes; ++i) values[i] = static_cast<int8_t>(values[i] >> given_up);
  std::memset(values + dimensions_, 0, query_bytes() - dimensions_);
  Finish(query, step_ * static_cast<float>(1 << given_up));
}

void CodeFormat::Finish(CodeQuery* query, float unit) const {
  const auto sum_of = [query](size_t begin, size_t end) {
    int32_t sum = 0;
    for (size_t i = begin; i < end; ++i) sum += query->values[i];
    return sum;
  };
  const int32_t sketched = sum_of(0, sketch_bits_), sum = sketched + sum_of(sketch_bits_, dimensions_);
  query->fine_scale = step_ * unit / static_cast<float>(dimensions_);
  query->fine_offset = static_cast<float>(kMiddle * sum);
  query->coarse_scale = planes_ ? 16 * query->fine_scale : query->fine_scale;
  query->coarse_offset = planes_ ? kCoarseMiddle / 16 * static_cast<float>(sum) : query->fine_offset;
  // Those set less those not set, each standing for a coordinate of the mean size.
  query->sketch_scale = planes_ ? 2 * unit / (kMeanSize * static_cast<float>(sketch_bits_)) : 0;
  query->sketch_offset = static_cast<float>(sketched) / 2;
}

}  // namespace agentmemdb
