// The wall clock as a test wants it.
#pragma once

#include <cstdint>

namespace agentmemdb {

// From now on the clock of this process is so far ahead of the real one (behind, if negative), or right again.
void SetClockAhead(int64_t milliseconds);

class ClockJump {
 public:
  explicit ClockJump(int64_t milliseconds) { SetClockAhead(milliseconds); }
  ~ClockJump() { SetClockAhead(0); }
  ClockJump(const ClockJump&) = delete;
  ClockJump& operator=(const ClockJump&) = delete;
};

}  // namespace agentmemdb
