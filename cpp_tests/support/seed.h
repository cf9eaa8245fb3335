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

// Under a sanitizer everything is some ten times slower: long tests do a sample of their work.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace agentmemdb
