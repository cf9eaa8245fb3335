// Nanoseconds per distance of every kernel set this CPU can run, beside hnswlib's own float32 kernels compiled for it; started
// by kernels.js. One query against vectors that stay in the cache, in blocks, the kernels taking turns; lower quartiles of
// thread CPU time. One line of JSON per figure.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "baseline.h"
#include "vector/code.h"
#include "vector/distance.h"

namespace {

using namespace agentmemdb;

constexpr size_t kVectors = 8;         // they fit the first-level cache, up to 768 dimensions
constexpr int64_t kSlotMicros = 2000;  // of one kernel in one round
constexpr int kRounds = 15;

const char* const kSets[] = {"scalar", "avx2", "avx512", "neon"};

// A step compares the query with all kVectors once.
struct Contender {
  std::string kernels, what;
  std::function<void()> step;
  size_t steps = 1;  // of a slot
  std::vector<double> nanos = {};
};

// What is computed must not be left out as unused.
template <class T>
void Keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

// On a cache line's border, as the index keeps them.
class Vectors {
 public:
  explicit Vectors(size_t length) : dimensions(length), memory_((kVectors + 1) * length + kLineFloats) {
    Random random(1);
    for (float& x : memory_) x = static_cast<float>(random.Unit()) - 0.5f;
    void* start = memory_.data();
    size_t room = memory_.size() * sizeof(float);
    query = static_cast<float*>(std::align(64, (kVectors + 1) * length * sizeof(float), start, room));
  }
  const float* operator[](size_t i) const { return query + (i + 1) * dimensions; }

  const size_t dimensions;
  const float* query;

 private:
  static constexpr size_t kLineFloats = 16;
  std::vector<float> memory_;
};

// A template, so that each kernel is called the way its own index calls it: through a plain pointer.
template <class Distance>
Contender FloatContender(const std::string& kernels, const std::string& what, const Vectors& vectors,
                         Distance distance) {
  return {kernels, what, [&vectors, distance] {
            float sum = 0;
            for (size_t i = 0; i < kVectors; ++i) sum += distance(vectors.query, vectors[i], vectors.dimensions);
            Keep(sum);
          }};
}

struct Codes {
  explicit Codes(size_t dimensions)
      : bytes((dimensions + 63) / 64 * 64),
        plane_bytes((dimensions / 2 + 63) / 64 * 64),
        query(2 * bytes),
        memory(kVectors * 2 * bytes) {
    Random random(2);
    for (size_t i = 0; i < 2 * bytes; ++i) query.query.values[i] = static_cast<int8_t>(random.Below(127)) - 63;
    for (uint8_t& code : memory) code = static_cast<uint8_t>(random.Next());
    for (size_t i = 0; i < kVectors; ++i) each.push_back(&memory[i * 2 * bytes]);
  }
  size_t bytes, plane_bytes;
  CodeQueryBuffer query;
  std::vector<uint8_t> memory;
  std::vector<const uint8_t*> each;
};

Contender CodeContender(const std::string& kernels, const std::string& what, const Codes& codes, size_t bytes,
                        CodeDots dots) {
  return {kernels, what, [&codes, bytes, dots] {
            int32_t found[kVectors];
            dots(codes.query.query.values, bytes, codes.each.data(), kVectors, found);
            Keep(found);
          }};
}

double NanosAStep(const Contender& contender) {
  const int64_t start = ThreadCpuMicros();
  for (size_t i = 0; i < contender.steps; ++i) contender.step();
  return 1000.0 * static_cast<double>(ThreadCpuMicros() - start) / static_cast<double>(contender.steps);
}

// Steps enough for a slot, found by doubling.
void Calibrate(Contender* contender) {
  while (NanosAStep(*contender) * static_cast<double>(contender->steps) < 1000.0 * kSlotMicros) contender->steps *= 2;
}

void Measure(size_t dimensions) {
  const Vectors vectors(dimensions);
  const Codes codes(dimensions);
  std::vector<Contender> all;
  all.push_back(FloatContender(
      "hnswlib native", "float32 ip", vectors,
      [d = BaselineInnerProduct(dimensions)](const float* a, const float* b, size_t n) { return d(a, b, &n); }));
  all.push_back(FloatContender(
      "hnswlib native", "float32 l2", vectors,
      [d = BaselineSquaredL2(dimensions)](const float* a, const float* b, size_t n) { return d(a, b, &n); }));
  for (const char* name : kSets) {
    if (const DistanceKernels* kernels = KernelsNamed(name)) {
      all.push_back(FloatContender(name, "float32 ip", vectors, kernels->negative_dot));
      all.push_back(FloatContender(name, "float32 l2", vectors, kernels->squared_l2));
    }
    if (const CodeKernels* kernels = CodeKernelsNamed(name)) {
      all.push_back(CodeContender(name, "byte codes", codes, codes.bytes, kernels->bytes));
      all.push_back(CodeContender(name, "high plane", codes, codes.plane_bytes, kernels->plane));
      all.push_back(CodeContender(name, "both planes", codes, codes.plane_bytes, kernels->planes));
    }
  }
  for (Contender& contender : all) Calibrate(&contender);
  for (int round = 0; round < kRounds; ++round) {
    for (Contender& contender : all) contender.nanos.push_back(NanosAStep(contender) / kVectors);
  }
  for (Contender& contender : all) {
    std::sort(contender.nanos.begin(), contender.nanos.end());
    std::printf("{\"kernels\":\"%s\",\"what\":\"%s\",\"dim\":%zu,\"nanos\":%.2f}\n", contender.kernels.c_str(),
                contender.what.c_str(), dimensions, contender.nanos[contender.nanos.size() / 4]);
  }
}

}  // namespace

int main() {
  for (const size_t dimensions : {128u, 384u, 768u, 1536u}) Measure(dimensions);
  return 0;
}
