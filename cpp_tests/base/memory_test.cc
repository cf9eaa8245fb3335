#include "base/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <new>

namespace agentmemdb {
namespace {

TEST(GrowingMemory, KeepsWhatItHoldsAndReadsZeroBeyond) {
  GrowingMemory memory;
  EXPECT_EQ(memory.size(), 0u);
  size_t written = 0;
  for (size_t bytes = 1000; bytes < (size_t{80} << 20); bytes = bytes * 3 / 2) {
    memory.Grow(bytes);
    ASSERT_GE(memory.size(), bytes);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % 4096, 0u);
    for (size_t i = 0; i < bytes; i += 997) {
      ASSERT_EQ(memory.data()[i], i < written ? std::byte(i % 251 + 1) : std::byte{0}) << i;
      memory.data()[i] = std::byte(i % 251 + 1);
    }
    written = bytes;
  }
}

TEST(GrowingMemory, TellsBeforeItMoves) {
  GrowingMemory memory;
  memory.Grow(1);
  const std::byte* const before = memory.data();
  size_t bytes = 1;
  while (!memory.WouldMove(bytes + bytes / 8 + (size_t{64} << 10))) {
    memory.Grow(bytes);
    ASSERT_EQ(memory.data(), before);
    bytes *= 2;
  }
  EXPECT_GT(bytes, 1u << 20);
}

TEST(GrowingMemory, ThatCannotBeHadIsBadAlloc) {
  GrowingMemory memory;
  memory.Grow(100);
  memory.data()[99] = std::byte{7};
  EXPECT_THROW(memory.Grow(size_t{1} << 60), std::bad_alloc);
  EXPECT_EQ(memory.data()[99], std::byte{7});
}

}  // namespace
}  // namespace agentmemdb
