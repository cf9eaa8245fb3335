// Index images on a bad day: damaged in every byte, cut anywhere, on a disk that fails, in a process that is killed. What must
// hold: every answer is what a database without images gives, and nothing is an error to anybody.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <thread>

#include "support/child_process.h"
#include "support/files.h"
#include "support/image_files.h"
#include "support/permissions.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_disk.h"

namespace agentmemdb {
namespace {

constexpr int kRecords = 40;

CollectionRequest Small() {
  CollectionRequest request = Graph(4, Metric::kL2, 0);
  request.hnsw_m = 4;
  return request;
}

// A fork has the random numbers of its parent, and would give its images the names that the forks before it gave.
void BeAnother(int fork) {
  for (int i = 0; i < 100 * fork; ++i) RandomU64();
}

// A small database with an image, words in it included, and what it answers.
class BadImage : public testing::Test {
 protected:
  void SetUp() override {
    Random random(3);
    {
      TestDatabase db(path_);
      collection_ = db.Create("c", Small());
      for (int i = 0; i < kRecords; ++i) {
        const std::string id = i % 5 == 0 ? Numbered("an id that is longer than others ", i) : Numbered("r", i);
        db.Add(collection_, {{id, RandomVector(4, &random), Numbered("some words of number", i), {}}});
        if (i == kRecords / 2) db.Link();
      }
      db.Delete(collection_, "r3");
      for (int i = 0; i < 3; ++i) queries_.push_back(RandomVector(4, &random));
      for (const auto& query : queries_) expected_.push_back(db.SearchIds(collection_, query, kRecords));
      for (const char* const words : kWords) expected_by_words_.push_back(db.WordIds(collection_, words, kRecords));
      ASSERT_EQ(expected_by_words_[0].size(), kRecords - 1u);
    }
    image_ = ImageFile(path_, ".image");
    vectors_ = ImageFile(path_, ".f32");
  }

  // Opens the database, and ends without closing: nothing is saved. Returns whether the image was used to the end.
  bool Ask() {
    TestDatabase db(path_);
    for (size_t i = 0; i < queries_.size(); ++i)
      EXPECT_EQ(db.SearchIds(collection_, queries_[i], kRecords), expected_[i]);
    for (size_t i = 0; i < kWords.size(); ++i)
      EXPECT_EQ(db.WordIds(collection_, kWords[i], kRecords), expected_by_words_[i]);
    EXPECT_EQ(db.Stats(collection_).damaged, 0);
    const bool used = db.Stats(collection_).image.has_value();
    db.Drop();
    return used;
  }

  static constexpr std::array<const char*, 2> kWords = {"words", "number7 some"};

  TempDir dir_{TempDir::Where::kMemory};
  std::string path_ = dir_.File("a.db");
  CollectionId collection_{};
  std::vector<std::vector<float>> queries_;
  std::vector<std::vector<std::string>> expected_, expected_by_words_;
  std::string image_, vectors_;
};

TEST_F(BadImage, EveryByteChangedIsNoticed) {
  ASSERT_TRUE(Ask());
  constexpr size_t kHeaderBytes = 4096;
  int tried = 0;
  size_t bytes = 0;
  for (const std::string& file : {image_, vectors_}) {
    const std::string good = ReadFile(file);
    for (size_t at = 0; at < good.size(); at += kSanitized ? 13 : 1) {
      // Every bit of what the header says, one of every other byte, and of every eighth of those that are zero.
      const bool says = file == image_ && at < kHeaderBytes && good[at] != 0;
      if (good[at] == 0 && at % 8 != 0) continue;
      for (size_t bit = says ? 0 : at % 8; bit < (says ? 8 : at % 8 + 1); ++bit) {
        SCOPED_TRACE(file + " byte " + std::to_string(at));
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        WriteFile(file, bad);
        ASSERT_FALSE(Ask());
        ASSERT_FALSE(HasFailure());
        ++tried;
      }
    }
    WriteFile(file, good);
    bytes += good.size();
  }
  EXPECT_TRUE(Ask());
  std::printf("  %d bits flipped in an image of %zu bytes\n", tried, bytes);
}

TEST_F(BadImage, CutAnywhereOrLongerItIsNone) {
  for (const std::string& file : {image_, vectors_}) {
    const std::string good = ReadFile(file);
    for (size_t bytes = good.size(); bytes > 0;) {
      bytes -= std::min<size_t>(bytes, kSanitized ? 29 : 2);
      SCOPED_TRACE(file + " cut to " + std::to_string(bytes));
      std::filesystem::resize_file(file, bytes);
      ASSERT_FALSE(Ask());
      ASSERT_FALSE(HasFailure());
    }
    WriteFile(file, good + std::string(1, 'x'));
    EXPECT_FALSE(Ask());
    WriteFile(file, good + std::string(100000, '\0'));
    EXPECT_FALSE(Ask());
    std::filesystem::remove(file);
    EXPECT_FALSE(Ask());
    std::filesystem::create_directory(file);
    EXPECT_FALSE(Ask());
    std::filesystem::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_FALSE(Ask()) << "a pipe that nobody writes to";
    std::filesystem::remove(file);
    WriteFile(file, good);
  }
  EXPECT_TRUE(Ask());
}

TEST_F(BadImage, WhatElseLiesInItsFolderIsNoHindrance) {
  const std::string folder = path_ + "-index/", token(32, 'a'), another(32, 'b');
  for (const std::string& name : {token + ".image", token + ".f32"}) WriteFile(folder + name, "");
  for (const std::string& name :
       {std::string("notes.txt"), token + ".tmp", token + "a.image", std::string(32, 'G') + ".f32"})
    WriteFile(folder + name, "foreign");
  std::filesystem::create_directory(folder + another + ".image");
  std::filesystem::create_symlink(dir_.File("nowhere"), folder + another + ".f32");
  const size_t before = ImageFiles(path_, ".image").size();
  EXPECT_TRUE(Ask());
  EXPECT_EQ(ImageFiles(path_, ".image").size(), before - 1) << "an image that the database does not know";
  EXPECT_FALSE(std::filesystem::exists(folder + token + ".f32"));
  for (const std::string& name :
       {std::string("notes.txt"), token + ".tmp", token + "a.image", std::string(32, 'G') + ".f32"})
    EXPECT_EQ(ReadFile(folder + name), "foreign");
  EXPECT_TRUE(Ask());
}

TEST_F(BadImage, ARecordThatCouldNotBeReadOnceIsNotMissingFromTheNext) {
  for (const std::string& file : {image_, vectors_}) std::filesystem::remove(file);
  SqliteFile(path_).Run("UPDATE records SET text = 'damage' WHERE id = 'r4'");
  {
    TestDatabase db(path_);
    EXPECT_EQ(db.Stats(collection_).damaged, 1);
    db.Link();
  }
  SqliteFile(path_).Run("UPDATE records SET text = 'some words of number4' WHERE id = 'r4'");
  EXPECT_FALSE(Ask());
  TestDatabase(path_).Link();
  EXPECT_TRUE(Ask());
}

TEST_F(BadImage, AFolderThatIsNoneIsNoHindrance) {
  std::filesystem::remove_all(path_ + "-index");
  WriteFile(path_ + "-index", "a file");
  EXPECT_FALSE(Ask());
  {
    TestDatabase db(path_);
    db.Link();
  }
  EXPECT_EQ(ReadFile(path_ + "-index"), "a file");
  EXPECT_FALSE(Ask());
}

TEST_F(BadImage, ASaveMayFailAtEveryStep) {
  int steps = 0;
  for (int fail_at = 1; fail_at == 1 || fail_at <= steps; ++fail_at) {
    SCOPED_TRACE("step " + std::to_string(fail_at));
    // A process of its own: the system calls of this one stay as they are.
    const std::string count = dir_.File("steps");
    ChildProcess child([&](int) {
      BeAnother(fail_at);
      TestDatabase db(path_);
      db.Upsert(collection_, {{"r1", queries_[0], {}, {}}});
      db.Upsert(collection_, {{"r1", db.Get(collection_, "r2")->vector, {}, {}}});
      db.Delete(collection_, "r1");
      FailDisk({"-index", kDiskWrite | kDiskSync});
      db.Reopen();
      WriteFile(count, std::to_string(DiskCalls()));
      db.Upsert(collection_, {{"r1", queries_[0], {}, {}}});
      FailDisk({"-index", kDiskWrite | kDiskSync, fail_at, true, ENOSPC});
      db.Reopen();
      // Nobody was told, and everything works.
      const bool there = db.SearchIds(collection_, queries_[0], 1) == std::vector<std::string>{"r1"};
      db.Delete(collection_, "r1");
      return there && !db.Has(collection_, "r1") && db.Count(collection_) == kRecords - 2;
    });
    ASSERT_TRUE(child.Run(0));
    steps = std::stoi(ReadFile(count));
    ASSERT_GE(steps, 4);
    // What the failed save had written is gone, or was replaced by the next.
    ASSERT_EQ(ImageFiles(path_, ".image").size(), 1u);
    ASSERT_EQ(ImageFiles(path_, ".f32").size(), 1u);
    const TestDatabase db(path_);
    EXPECT_EQ(db.Count(collection_), kRecords - 2);
    if (fail_at > 60) break;
  }
  std::printf("  a save takes %d writes and syncs\n", steps);
}

TEST_F(BadImage, ACommitOfTheTokenThatFailsLeavesTheImageBefore) {
  const std::string before = image_;
  ChildProcess child([&](int) {
    TestDatabase db(path_);
    db.Delete(collection_, "r1");
    FailDisk({"-wal", kDiskWrite | kDiskSync, 1});
    db.Close();
    HealDisk();
    db.Reopen();
    return !db.Has(collection_, "r1") && db.Stats(collection_).image.has_value();
  });
  ASSERT_TRUE(child.Run(0));
}

TEST_F(BadImage, AProcessKilledWhileItSavesLeavesAnImageOrNone) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const std::string path = dir_.File("large.db");
  CollectionId c{};
  {
    TestDatabase db(path);
    c = db.Create("c", Graph(64, Metric::kL2, 0));
    std::vector<TestRecord> records;
    for (int i = 0; i < 2000; ++i) records.push_back({Numbered("r", i), RandomVector(64, &random), {}, {}});
    db.Add(c, records);
  }
  int halves = 0;
  const int rounds = kSanitized ? 6 : 20;
  for (int round = 0; round < rounds; ++round) {
    ChildProcess child([&](int step) {
      BeAnother(step);
      TestDatabase db(path);
      Random theirs(static_cast<uint64_t>(step));
      std::vector<TestRecord> records;
      for (int i = 0; i < 100; ++i)
        records.push_back({Numbered("r", static_cast<int64_t>(theirs.Below(2000))), RandomVector(64, &theirs), {}, {}});
      db.Upsert(c, records);
      db.Close();
      return true;
    });
    const std::vector<std::string> before = ImageFiles(path, ".f32");
    ASSERT_TRUE(child.Start(round + 1));
    while (ImageFiles(path, ".f32") == before) std::this_thread::yield();
    for (uint64_t spin = random.Below(3000); spin > 0; --spin) std::this_thread::yield();
    child.Kill();
    halves += ImageFiles(path, ".f32").size() > 1;
    TestDatabase db(path);
    EXPECT_EQ(db.Count(c), 2000);
    EXPECT_EQ(db.Stats(c).damaged, 0);
    for (int i = 0; i < 5; ++i) {
      const std::string id = Numbered("r", static_cast<int64_t>(random.Below(2000)));
      const std::vector<float> vector = db.Get(c, id)->vector;
      EXPECT_EQ(db.Search(c, vector, 1, true).hits.at(0).distance.value(), 0);
      EXPECT_EQ(db.Search(c, vector, 1).hits.at(0).distance.value(), 0);
    }
  }
  std::printf("  %d of %d kills left an image that was not finished\n", halves, rounds);
}

}  // namespace
}  // namespace agentmemdb
