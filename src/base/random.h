// Randomness. Ids want the operating system's, everything else a seed.
#pragma once

#include <cstdint>
#include <string>

#include "base/types.h"

namespace agentmemdb {

// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, good enough for levels and tests.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // Uniform in [0, bound).
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

// Unpredictable, for epochs and ids. Threads: any.
uint64_t RandomU64();

// A version 7 UUID (RFC 9562 section 5.7) in canonical form. Ids made by one process ascend as text. Threads: any.
std::string NewUuidV7(TimeMs now);

}  // namespace agentmemdb
