#include "base/shared_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace agentmemdb {
namespace {

// The readers end only when the writer got in: a lock that starves it hangs here, and the test's time limit ends it.
TEST(WriterPreferringLock, LetsAWriterInBesideReadersThatAlwaysOverlap) {
  WriterPreferringLock lock;
  std::atomic<int> inside{0};
  std::atomic<bool> written{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!written) {
        std::shared_lock guard(lock);
        ++inside;
        // Leaves only when another reader is in, unless the writer made that impossible.
        for (int spin = 0; spin < 1000 && inside < 2 && !written; ++spin) std::this_thread::yield();
        --inside;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    std::unique_lock guard(lock);
    EXPECT_EQ(inside, 0);
  }
  written = true;
  for (std::thread& reader : readers) reader.join();
}

TEST(WriterPreferringLock, ExcludesWritersFromReadersAndFromEachOther) {
  WriterPreferringLock lock;
  int64_t first = 0, second = 0;  // Plain on purpose: torn values and races show a lock that does not exclude.
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3000; ++round) {
        std::unique_lock guard(lock);
        ++first;
        ++second;
      }
    });
    threads.emplace_back([&] {
      for (int round = 0; round < 3000; ++round) {
        std::shared_lock guard(lock);
        if (first != second) ++torn;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(first, 6000);
  EXPECT_EQ(second, 6000);
}

TEST(WriterPreferringLock, LetsReadersInTogether) {
  WriterPreferringLock lock;
  std::shared_lock mine(lock);
  std::atomic<bool> in{false};
  std::thread other([&] {
    std::shared_lock guard(lock);
    in = true;
  });
  other.join();
  EXPECT_TRUE(in);
}

}  // namespace
}  // namespace agentmemdb
