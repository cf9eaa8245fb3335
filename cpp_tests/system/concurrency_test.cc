// Everything at once, for the thread sanitizer and for what only shows when calls overlap.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/clock.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr int kWriters = 2, kReaders = 2, kGroups = kSanitized ? 150 : 400, kPairs = 10;
constexpr uint32_t kDimensions = 8;

class Concurrency : public testing::TestWithParam<bool> {
 protected:
  Concurrency() : db_(GetParam() ? dir_.File("a.db") : ":memory:") {
    c_ = db_.Create("c", Graph(kDimensions, Metric::kL2, 30));
  }

  // Rewrites pairs of records: both halves in one call, with the same number in their text.
  void WritePairs(int writer) {
    Random random(TestSeed() + static_cast<uint64_t>(writer));
    for (int number = 1; number <= kGroups; ++number) {
      Group group;
      for (int calls = 0; calls < 3; ++calls) {
        const std::string name = Numbered(Numbered("w", writer) + "-", static_cast<int64_t>(random.Below(kPairs)));
        const std::string text = std::to_string(number);
        group.Upsert(c_, {{name + "-left", RandomVector(kDimensions, &random), text, {}},
                          {name + "-right", RandomVector(kDimensions, &random), text, {}}});
        last_[static_cast<size_t>(writer)][name] = text;
      }
      // Comes and goes: waiting and linked vectors are removed.
      const std::string guest = Numbered("guest", writer);
      const WriteCall* added = group.Add(c_, {{guest, RandomVector(kDimensions, &random), "guest", {}}});
      WriteCall* removed = group.Delete(c_, Numbered("guest", 1 - writer));
      group.Commit(db_.get());
      if (!removed->status.ok() || (!added->status.ok() && added->status.code() != Code::kAlreadyExists)) ++wrong_;
    }
  }

  // One search shows one committed state: of a pair, both halves of the same number, or none.
  void SearchPairs(int reader) {
    Random random(TestSeed() + 100 + static_cast<uint64_t>(reader));
    while (!done_) {
      const std::vector<float> query = RandomVector(kDimensions, &random);
      const SearchOutput output = db_.Search(c_, query, 1000, random.Below(2) == 0);
      std::map<std::string, std::vector<std::string>> halves;
      for (const Hit& hit : output.hits) {
        const std::string& id = hit.record.id;
        if (id.rfind("guest", 0) != 0) halves[id.substr(0, id.rfind('-'))].push_back(*hit.record.text);
      }
      for (const auto& [name, texts] : halves) {
        if (texts.size() != 2 || texts[0] != texts[1]) ++wrong_;
      }
      if (output.hits.size() < 2 * halves.size() || db_.SearchIds(c_, query, 5).size() > 5) ++wrong_;
      const std::string name = Numbered("w0-", static_cast<int64_t>(random.Below(kPairs)));
      const std::optional<RecordOutput> left = db_.Get(c_, name + "-left"), right = db_.Get(c_, name + "-right");
      // Read later, so never older.
      if (left && (!right || std::stoi(*left->text) > std::stoi(*right->text))) ++wrong_;
    }
  }

  // The same by words, alone or with a vector: what is found has the word, and of a pair both halves have it.
  void SearchWords(int reader) {
    Random random(TestSeed() + 200 + static_cast<uint64_t>(reader));
    while (!done_) {
      SearchQuery query;
      query.text = std::to_string(1 + random.Below(kGroups));
      query.k = 1000;
      query.explain = true;
      query.keywords.typos = false;  // Numbers are near to one another.
      if (Require(agentmemdb::Search(db_.get(), c_, query, {})).hits.size() % 2 != 0) ++wrong_;
      query.vector = RandomVector(kDimensions, &random);
      std::map<std::string, int> halves;
      for (const Hit& hit : Require(agentmemdb::Search(db_.get(), c_, query, {})).hits) {
        if ((hit.record.text == query.text) != (hit.keyword.value_or(0) > 0)) ++wrong_;
        if (hit.record.text == query.text) ++halves[hit.record.id.substr(0, hit.record.id.rfind('-'))];
      }
      for (const auto& [name, count] : halves) wrong_ += count == 2 ? 0 : 1;
    }
  }

  void WatchStats() {
    Version last = 0;
    while (!done_) {
      const DatabaseStats stats = db_.get()->stats();
      const CollectionStats collection = db_.Stats(c_);
      if (stats.change_version < last || collection.damaged != 0 || collection.vectors != collection.records) ++wrong_;
      last = stats.change_version;
      if (Require(ListCollections(db_.get(), {})).size() > 2) ++wrong_;
    }
  }

  void Link() {
    while (!done_) {
      Require(db_.get()->RunBackground(500, {}));
      Require(db_.get()->LinkUpTo(c_, Require(AddedMark(db_.get(), c_, {})), 500, {}));
    }
  }

  void CreateAndDrop() {
    for (int i = 0; i < kGroups / 2; ++i) {
      const CollectionId d = db_.Create("d", Graph(2, Metric::kCosine, 0));
      db_.Add(d, {{"a", {1, 0}, {}, {}}, {"b", {0, 1}, {}, {}}});
      if (db_.SearchIds(d, {1, 0.1f}, 5) != std::vector<std::string>{"a", "b"}) ++wrong_;
      if (!db_.DropCollection("d") || Count(db_.get(), d, {}).status().code() != Code::kNotFound) ++wrong_;
    }
  }

  TempDir dir_;
  TestDatabase db_;
  CollectionId c_{};
  std::atomic<bool> done_{false};
  std::atomic<int> wrong_{0};
  std::map<std::string, std::string> last_[kWriters];
};

TEST_P(Concurrency, EveryReadIsOneCommittedStateAndNothingIsLost) {
  SCOPED_TRACE(SeedNote());
  std::vector<std::thread> writers, others;
  for (int i = 0; i < kWriters; ++i) writers.emplace_back([this, i] { WritePairs(i); });
  writers.emplace_back([this] { CreateAndDrop(); });
  for (int i = 0; i < kReaders; ++i) others.emplace_back([this, i] { SearchPairs(i); });
  others.emplace_back([this] { SearchWords(0); });
  others.emplace_back([this] { WatchStats(); });
  others.emplace_back([this] { Link(); });
  for (std::thread& thread : writers) thread.join();
  done_ = true;
  for (std::thread& thread : others) thread.join();
  EXPECT_EQ(wrong_, 0);

  for (int round = 0; round < (GetParam() ? 2 : 1); ++round) {
    if (round == 1) db_.Reopen();
    for (const auto& pairs : last_) {
      for (const auto& [name, text] : pairs) {
        EXPECT_EQ(db_.Get(c_, name + "-left")->text, text);
        EXPECT_EQ(db_.Get(c_, name + "-right")->text, text);
      }
    }
    const auto guests = static_cast<int64_t>(db_.Has(c_, "guest0")) + static_cast<int64_t>(db_.Has(c_, "guest1"));
    EXPECT_EQ(db_.Count(c_), static_cast<int64_t>(2 * (last_[0].size() + last_[1].size())) + guests);
    EXPECT_EQ(db_.Stats(c_).vectors, db_.Count(c_));
    db_.Link();
    EXPECT_EQ(db_.Stats(c_).index->tail, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Concurrency, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "InAFile" : "InMemory"); });

TEST(Opening, ManyThreadsOpenAndCloseManyFilesAtOnce) {
  const TempDir dir;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < (kSanitized ? 15 : 60); ++round) {
        // Two files that all share, and one of its own each time.
        TestDatabase shared(dir.File(Numbered("shared", round % 2)));
        TestDatabase own(dir.File(Numbered(Numbered("own", thread) + "-", round)));
        Group group;
        WriteCall* open = group.Create("c", {}, true);
        group.Commit(shared.get());
        const CollectionId c = OpOf<CreateCollectionOp>(open).collection;
        if (!open->status.ok()) ++wrong;
        shared.Upsert(c, {{Numbered("thread", thread), {}, std::to_string(round), {}}});
        if (shared.Get(c, Numbered("thread", thread))->text != std::to_string(round)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Database::EnginesOpen(), 0);
  const TestDatabase shared(dir.File("shared0"));
  EXPECT_EQ(shared.Count(shared.Find("c")), 4);
}

TEST(Opening, ThreadsThatOpenOneFileAtOnceShareOneEngine) {
  const TempDir dir;
  for (int round = 0; round < 10; ++round) {
    std::shared_ptr<Database> opened[4];
    std::vector<std::thread> threads;
    for (auto& mine : opened)
      threads.emplace_back([&] { mine = Require(Database::Open({dir.File("a.db"), {}, 5000}, {})); });
    for (std::thread& thread : threads) thread.join();
    for (const auto& each : opened) EXPECT_EQ(each, opened[0]);
    EXPECT_EQ(Database::EnginesOpen(), 1);
  }
}

}  // namespace
}  // namespace agentmemdb
