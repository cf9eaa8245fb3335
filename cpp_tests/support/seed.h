// Seeds of random tests. Every one prints its seed when it fails and takes it from AGENTMEMDB_SEED.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/random.h"

namespace agentmemdb {

inline uint64_t TestSeed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("AGENTMEMDB_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : RandomU64() >> 32;
  }();
  return seed;
}

inline std::string SeedNote() { return "to repeat: AGENTMEMDB_SEED=" + std::to_string(TestSeed()); }

}  // namespace agentmemdb
