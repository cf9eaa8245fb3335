#include "base/cancel.h"

#include <gtest/gtest.h>

namespace agentmemdb {
namespace {

TEST(CancelToken, LetsACallRunUntilItIsCancelled) {
  const CancelToken token;
  EXPECT_TRUE(token.Check().ok());
  token.Cancel();
  EXPECT_TRUE(token.cancelled());
  EXPECT_EQ(token.Check().code(), Code::kAborted);
}

TEST(CancelToken, IsCancelledThroughEachOfItsCopies) {
  const CancelToken token;
  const CancelToken copy = token;
  copy.Cancel();
  EXPECT_FALSE(token.state().ok());
  EXPECT_TRUE(CancelToken().state().ok()) << "a token of its own";
}

TEST(CancelToken, TimesOutOnceItsDeadlineHasPassed) {
  CancelToken token;
  token.set_deadline_micros(MonotonicMicros() + int64_t{3600} * 1000000);
  EXPECT_TRUE(token.Check().ok());
  token.set_deadline_micros(MonotonicMicros());
  EXPECT_EQ(token.Check().code(), Code::kTimeout);
  token.Cancel();
  EXPECT_EQ(token.Check().code(), Code::kAborted) << "an abort outranks the deadline";
}

}  // namespace
}  // namespace agentmemdb
