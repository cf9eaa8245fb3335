#include "base/check.h"

#include <gtest/gtest.h>

namespace agentmemdb {
namespace {

TEST(Check, StopsOnOurOwnBugAndSaysWhere) {
#if !defined(NDEBUG) || defined(AGENTMEMDB_SANITIZED)
  EXPECT_DEATH(CHECK(1 + 1 == 3), "1 \\+ 1 == 3 at .*check_test");
#else
  try {
    CHECK(1 + 1 == 3);
    FAIL() << "went on";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("1 + 1 == 3"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("check_test.cc:"), std::string::npos);
  }
#endif
}

TEST(Check, GoesOnWhenAllIsWell) {
  int reached = 0;
  CHECK(reached == 0);
  ++reached;
  EXPECT_EQ(reached, 1);
}

}  // namespace
}  // namespace agentmemdb
