// Damage in the log of commits that are nowhere else. A log ends at its first damaged byte: what was committed before that is
// there, wholly, and what came after is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "engine/verify.h"
#include "support/database_life.h"
#include "support/files.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"

namespace agentmemdb {
namespace {

constexpr int kCommits = 4;
constexpr size_t kPageBytes = 512, kHeaderBytes = 32, kFrameHeaderBytes = 24,
                 kFrameBytes = kFrameHeaderBytes + kPageBytes;

class DamagedLog : public testing::Test {
 protected:
  void SetUp() override {
    // Small pages: many of them in few bytes.
    SqliteFile(path_).Run("PRAGMA page_size=512; CREATE TABLE x(y); DROP TABLE x; VACUUM");
    TestDatabase db(path_);
    const CollectionId c = db.Create("c", Vectors(2));
    db.Reopen();  // Copies the log, and begins a new one.
    for (int i = 0; i <= kCommits; ++i) {
      if (i > 0) db.Add(c, {{Numbered("r", i), {static_cast<float>(i), 0}, std::string(100, 'x'), {}}});
      states_.push_back(Require(ReadContents(db.get())));
      ends_.push_back(static_cast<size_t>(db.get()->stats().wal_bytes));
    }
    db.Drop();
    file_ = ReadFile(path_);
    log_ = ReadFile(path_ + "-wal");
    ASSERT_EQ(log_.size(), ends_.back());
    ASSERT_EQ((log_.size() - kHeaderBytes) % kFrameBytes, 0u);
  }

  // Of how many commits all of what they wrote lies before that byte, or that many bytes.
  size_t CommitsBefore(size_t at) const {
    return at < kHeaderBytes
               ? 0
               : static_cast<size_t>(std::upper_bound(ends_.begin() + 1, ends_.end(), at) - ends_.begin()) - 1;
  }

  // Opens it with that log, and expects so many commits.
  void ExpectCommits(const std::string& log, size_t commits) {
    std::filesystem::remove(path_ + "-shm");
    WriteFile(path_ + "-wal", log);
    TestDatabase db(path_);
    EXPECT_EQ(Require(ReadContents(db.get())), states_[commits]) << commits << " commits lie before the damage";
    EXPECT_EQ(Require(Verify(db.get(), {})).found, 0);
    db.Drop();
    ASSERT_EQ(FileBytes(path_), static_cast<int64_t>(file_.size())) << "nothing was copied into the file";
    ++tried_;
  }

  TempDir dir_{TempDir::Where::kMemory};
  std::string path_ = dir_.File("a.db");
  std::vector<Contents> states_;  // after so many commits
  std::vector<size_t> ends_;      // of the log then
  std::string file_, log_;
  int tried_ = 0;
};

TEST_F(DamagedLog, AFlippedBitEndsIt) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  ExpectCommits(log_, kCommits);
  // Every bit of the log's header, a bit of each byte of its frames' headers, and of some bytes of their pages.
  const auto flip = [&](size_t at, int bit) {
    SCOPED_TRACE("byte " + std::to_string(at) + ", bit " + std::to_string(bit));
    std::string log = log_;
    log[at] = static_cast<char>(log[at] ^ (1 << bit));
    // The frame that byte is in is the first to be gone.
    const size_t frame = at < kHeaderBytes ? 0 : (at - kHeaderBytes) / kFrameBytes * kFrameBytes + kHeaderBytes;
    ExpectCommits(log, CommitsBefore(frame));
  };
  const size_t step = kSanitized ? 41 : 1;
  for (size_t bit = 0; bit < 8 * kHeaderBytes; bit += step) flip(bit / 8, bit % 8);
  for (size_t frame = kHeaderBytes; frame < log_.size(); frame += kFrameBytes) {
    for (size_t at = frame; at < frame + kFrameHeaderBytes; at += step) flip(at, static_cast<int>(random.Below(8)));
    for (size_t at = frame + kFrameHeaderBytes; at < frame + kFrameBytes; at += 1 + random.Below(13 * step))
      flip(at, static_cast<int>(random.Below(8)));
    if (HasFailure()) return;
  }
  std::printf("  %d bits of a log of %zu bytes flipped\n", tried_, log_.size());
}

TEST_F(DamagedLog, CutAnywhereItEndsThere) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  for (size_t bytes = log_.size(); bytes > 0 && !HasFailure();
       bytes -= std::min(bytes, 1 + random.Below(kSanitized ? 200 : 15)))
    ExpectCommits(log_.substr(0, bytes), CommitsBefore(bytes));
  // And where frames begin and end.
  for (size_t frame = kHeaderBytes; frame < log_.size() && !HasFailure(); frame += kFrameBytes) {
    for (const size_t bytes : {frame - 1, frame, frame + 1}) ExpectCommits(log_.substr(0, bytes), CommitsBefore(bytes));
  }
  ExpectCommits("", 0);
  std::printf("  a log of %zu bytes cut to %d lengths\n", log_.size(), tried_);
}

TEST_F(DamagedLog, WhatFollowsItsEndIsNoMatter) {
  const std::string first = log_.substr(kHeaderBytes, kFrameBytes);
  ExpectCommits(log_ + std::string(3 * kFrameBytes, '\0'), kCommits);
  ExpectCommits(log_ + std::string(1000, 'x'), kCommits);
  ExpectCommits(log_ + first, kCommits);
  ExpectCommits(log_ + log_, kCommits);
  std::string swapped = log_;
  swapped.replace(ends_[1], kFrameBytes, first);
  ExpectCommits(swapped, 1);
}

}  // namespace
}  // namespace agentmemdb
