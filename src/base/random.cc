#include "base/random.h"

#include <algorithm>
#include <mutex>
#include <random>

namespace agentmemdb {
namespace {

// Draws 64 random bits a time; the operating system is asked for a new seed rarely, since it costs a system call.
class SeededSource {
 public:
  uint64_t Next() {
    if (left_ == 0) {
      std::random_device device;
      random_ = Random((static_cast<uint64_t>(device()) << 32) ^ device());
      left_ = 4096;
    }
    --left_;
    return random_.Next();
  }

 private:
  Random random_{0};
  int left_ = 0;
};

struct UuidState {
  std::mutex mutex;
  TimeMs last_ms = 0;
  uint32_t sequence = 0;
};

}  // namespace

uint64_t RandomU64() {
  thread_local SeededSource source;
  return source.Next();
}

std::string NewUuidV7(TimeMs now) {
  // 48 bits of time, 12 bits of sequence within the millisecond, 62 random bits. When the sequence is used up, or the
  // clock stepped back, the time runs ahead of the clock rather than let ids descend.
  static auto* const state = new UuidState;
  uint64_t high;
  {
    std::lock_guard guard(state->mutex);
    if (now > state->last_ms) {
      state->last_ms = now;
      state->sequence = 0;
    } else if (++state->sequence > 0xfff) {
      ++state->last_ms;
      state->sequence = 0;
    }
    high = (static_cast<uint64_t>(state->last_ms) << 16) | 0x7000u | state->sequence;
  }
  const uint64_t low = (RandomU64() >> 2) | (uint64_t{1} << 63);

  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text.push_back('-');
    const uint64_t word = nibble < 16 ? high : low;
    text.push_back(kHex[(word >> (60 - 4 * (nibble % 16))) & 0xf]);
  }
  return text;
}

}  // namespace agentmemdb
