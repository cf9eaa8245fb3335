// CHECK stops on our own bugs, never on bad input. In release it throws InternalError, which the job turns into
// ERR_INTERNAL and the engine answers by going read-only; in debug and sanitizer builds it stops the process.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace agentmemdb {

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::string message = std::string("CHECK failed: ") + condition + " at " + file + ":" + std::to_string(line);
#if !defined(NDEBUG) || defined(AGENTMEMDB_SANITIZED)
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
#else
  throw InternalError(message);
#endif
}

}  // namespace agentmemdb

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) ::agentmemdb::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
