// A graph written down and read back.
#include <gtest/gtest.h>

#include "support/files.h"
#include "support/index_under_test.h"
#include "support/section_store.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "vector/hnsw_index.h"

namespace agentmemdb {
namespace {

constexpr HnswConfig kConfig{8, 60, 0};

// An index as it is written, and others that read it.
class HnswImage : public testing::Test {
 protected:
  static std::unique_ptr<HnswIndex> Make(Metric metric, uint32_t dimensions) {
    return std::make_unique<HnswIndex>(metric, dimensions, kConfig);
  }

  struct Pair {
    HnswIndex* index;
    IndexUnderTest under_test;  // owns it
  };
  static Pair MakeUnderTest(Metric metric, uint32_t dimensions) {
    std::unique_ptr<HnswIndex> owned = Make(metric, dimensions);
    HnswIndex* index = owned.get();
    return {index, IndexUnderTest(std::move(owned), metric)};
  }

  void Write(const HnswIndex& index) {
    store_ = SectionStore();
    IndexParts parts = index.Write();
    WriteFile(path_, AllParts(std::move(parts.vectors)));
    store_.Take(std::move(parts.sections));
  }
  bool ReadInto(HnswIndex* index) {
    Result<MappedFile> vectors = MappedFile::Map(path_);
    return vectors.ok() && index->Read(&store_, std::move(*vectors));
  }
  static void LinkAll(HnswIndex* index) {
    for (Result<bool> more = true; more.ok() && *more;) more = index->LinkSome(true);
  }
  // Finishes what linking has begun.
  static void Settle(HnswIndex* index) {
    for (;;) {
      Result<bool> more = index->SettleSome();
      ASSERT_TRUE(more.ok());
      if (!*more) return;
    }
  }

  TempDir dir_;
  std::string path_ = dir_.File("vectors.f32");
  SectionStore store_;
};

VectorSearchResult Search(const HnswIndex& index, VectorView query, uint32_t k, const std::vector<RowId>& rows,
                          bool exact) {
  VectorSearch search;
  search.query = query;
  search.k = k;
  search.exact = exact;
  search.rows = rows;
  Result<VectorSearchResult> found = index.Search(search, {});
  EXPECT_TRUE(found.ok());
  return std::move(*found);
}

TEST_F(HnswImage, ReadsManyNodesWhileMemoryIsFoundForThem) {
  constexpr uint32_t kMany = 2000, kWide = 4096;
  Random random(5);
  auto [index, under_test] = MakeUnderTest(Metric::kCosine, kWide);
  const VectorSet vectors = RandomVectors(kMany, kWide, &random);
  under_test.AddAll(vectors);
  Write(*index);

  const std::unique_ptr<HnswIndex> again = Make(Metric::kCosine, kWide);
  ASSERT_TRUE(ReadInto(again.get()));
  ASSERT_GT(again->stats().memory_bytes, size_t{8} << 20) << "so much that a thread finds the memory";
  const std::vector<RowId> rows(kMany, RowId{1});
  for (const uint32_t slot : {0u, 700u, 801u, 1200u, kMany - 1})
    EXPECT_EQ(ToInt(Search(*again, vectors[slot], 1, rows, false).neighbors.at(0).slot), slot);
}

TEST_F(HnswImage, AnswersAsTheIndexThatWasWrittenWithADeadNodeAndATail) {
  SCOPED_TRACE(SeedNote());
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    for (const uint32_t dimensions : {6u, 384u}) {
      Random random(TestSeed());
      auto [index, under_test] = MakeUnderTest(metric, dimensions);
      std::vector<RowId> rows;
      for (int i = 0; i < 300; ++i) {
        under_test.Add(RandomVector(dimensions, &random));
        rows.push_back(RowId{i + 1});
        if (i == 200) under_test.LinkAll();
      }
      for (const uint32_t slot : {3u, 77u, 250u, 251u}) under_test.Remove(Slot{slot});
      Settle(index);
      Write(*index);

      const std::unique_ptr<HnswIndex> again = Make(metric, dimensions);
      ASSERT_TRUE(ReadInto(again.get()));
      const VectorIndexStats before = index->stats(), after = again->stats();
      EXPECT_EQ(after.vectors, 296u);
      EXPECT_EQ(after.linked, before.linked);
      EXPECT_EQ(after.tail, before.tail);
      EXPECT_EQ(after.deleted, before.deleted);
      EXPECT_EQ(after.slots, before.slots);
      EXPECT_GT(after.tail, 0u);
      EXPECT_GT(after.deleted, 0u);
      EXPECT_TRUE(again->Check().ok());
      for (int i = 0; i < 50; ++i) {
        std::vector<float> query = RandomVector(dimensions, &random);
        if (metric == Metric::kCosine) query = UnitVector(query);
        for (const bool exact : {false, true}) {
          const VectorSearchResult a = Search(*index, query, 7, rows, exact), b = Search(*again, query, 7, rows, exact);
          ASSERT_EQ(a.neighbors.size(), b.neighbors.size());
          EXPECT_EQ(a.visited, b.visited);
          for (size_t n = 0; n < a.neighbors.size(); ++n) {
            EXPECT_EQ(a.neighbors[n].slot, b.neighbors[n].slot);
            EXPECT_EQ(a.neighbors[n].raw, b.neighbors[n].raw);
          }
        }
      }
      EXPECT_FALSE(again->damaged());
    }
  }
}

TEST_F(HnswImage, GoesOnAsAnIndexDoes) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  auto [index, under_test] = MakeUnderTest(Metric::kL2, 8);
  under_test.AddAll(RandomVectors(200, 8, &random));
  under_test.LinkAll();
  Write(*index);
  ASSERT_TRUE(index->HoldStill().owns_lock());
  const std::unique_ptr<HnswIndex> again = Make(Metric::kL2, 8);
  ASSERT_TRUE(ReadInto(again.get()));
  const std::string file = ReadFile(path_);

  // Rows of the file are written to when slots are used again: in memory, not in the file.
  std::vector<Slot> free;
  for (uint32_t slot = 0; slot < 100; ++slot) EXPECT_FALSE(again->Remove(Slot{slot}));
  LinkAll(again.get());
  again->TakeFreed(&free);
  ASSERT_EQ(free.size(), 100u);
  const VectorSet fresh = RandomVectors(150, 8, &random);
  std::vector<RowId> rows(250);
  again->Reserve(250, 150);
  for (uint32_t i = 0; i < 50; ++i) free.push_back(Slot{200 + i});
  for (uint32_t i = 0; i < 150; ++i) {
    again->Stage(free[i], fresh[i]);
    again->Add(free[i]);
  }
  LinkAll(again.get());
  EXPECT_EQ(again->stats().linked, 250u);
  EXPECT_TRUE(again->Check().ok());
  for (uint32_t i = 0; i < 150; ++i) {
    const VectorSearchResult found = Search(*again, fresh[i], 1, rows, false);
    ASSERT_EQ(found.neighbors.at(0).slot, free[i]);
    ASSERT_EQ(found.neighbors.at(0).raw, 0);
  }
  EXPECT_EQ(ReadFile(path_), file);
}

TEST_F(HnswImage, UsesTheFileItWasWrittenToInsteadOfItsMemory) {
  Random random(5);
  auto [index, under_test] = MakeUnderTest(Metric::kL2, 64);
  under_test.AddAll(RandomVectors(1000, 64, &random));
  under_test.LinkAll();
  IndexParts parts = index->Write();
  WriteFile(path_, AllParts(std::move(parts.vectors)));
  const size_t before = index->stats().memory_bytes;
  Result<MappedFile> vectors = MappedFile::Map(path_);
  ASSERT_TRUE(vectors.ok());
  EXPECT_NE(index->UseFile(std::move(*vectors), *parts.crcs), nullptr);
  EXPECT_LE(index->stats().memory_bytes + 1000 * 64 * sizeof(float), before);
  for (int i = 0; i < 50; ++i) {
    const std::vector<float> query = RandomVector(64, &random);
    ASSERT_EQ(under_test.Difference(under_test.Search(query, 9, true), query, 9), "");
    under_test.Add(RandomVector(64, &random));
  }
}

TEST_F(HnswImage, HoldsStillOnlyBetweenBatches) {
  Random random(6);
  auto [index, under_test] = MakeUnderTest(Metric::kL2, 4);
  under_test.AddAll(RandomVectors(20, 4, &random));
  while (under_test.Link() && index->HoldStill()) {
  }
  EXPECT_FALSE(index->HoldStill().owns_lock()) << "a batch is being linked";
  Settle(index);
  const uint64_t changes = index->changes();
  const std::unique_lock still = index->HoldStill();
  ASSERT_TRUE(still.owns_lock());
  EXPECT_TRUE(under_test.Link()) << "there is more to do, later";
  EXPECT_EQ(index->changes(), changes);
}

TEST_F(HnswImage, RefusesWhatAnotherKindOfIndexWrote) {
  Random random(7);
  auto [index, under_test] = MakeUnderTest(Metric::kL2, 64);
  under_test.AddAll(RandomVectors(50, 64, &random));
  under_test.LinkAll();
  Write(*index);
  EXPECT_TRUE(ReadInto(Make(Metric::kL2, 64).get()));
  EXPECT_FALSE(ReadInto(Make(Metric::kIp, 64).get()));
  EXPECT_FALSE(ReadInto(Make(Metric::kL2, 63).get()));
  EXPECT_FALSE(ReadInto(std::make_unique<HnswIndex>(Metric::kL2, 64, HnswConfig{9, 60, 0}).get()));
  for (const auto& [name, bytes] : store_.sections) {
    SectionStore without = store_;
    without.sections.erase(name);
    Result<MappedFile> vectors = MappedFile::Map(path_);
    ASSERT_TRUE(vectors.ok());
    EXPECT_FALSE(Make(Metric::kL2, 64)->Read(&without, std::move(*vectors))) << name;
  }
  WriteFile(path_, ReadFile(path_) + "x");
  EXPECT_FALSE(ReadInto(Make(Metric::kL2, 64).get()));
}

// The checksums are right and the contents are not. What must hold: it is refused, or it can be used like any other.
TEST_F(HnswImage, IsSafeToUseWhateverItSays) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  auto [index, under_test] = MakeUnderTest(Metric::kL2, 8);
  for (int i = 0; i < 150; ++i) {
    under_test.Add(RandomVector(8, &random));
    if (i == 120) under_test.LinkAll();
  }
  for (int i = 0; i < 8; ++i) under_test.Remove(under_test.AnySlot(&random));
  Settle(index);
  Write(*index);
  const SectionStore good = store_;
  const std::vector<RowId> rows(400, RowId{1});
  int taken = 0, refused = 0;
  for (int round = 0; round < (kSanitized ? 1500 : 6000); ++round) {
    store_ = good;
    for (uint64_t changes = 1 + random.Below(3); changes > 0; --changes) {
      auto section =
          std::next(store_.sections.begin(), static_cast<std::ptrdiff_t>(random.Below(store_.sections.size())));
      if (section->second.empty()) continue;
      // Numbers that mean something somewhere, at a place where a number may be.
      const uint32_t values[] = {0,
                                 1,
                                 2,
                                 3,
                                 149,
                                 150,
                                 151,
                                 0xffffffff,
                                 0x7fffffff,
                                 0x80000000,
                                 0x7fc00000,
                                 static_cast<uint32_t>(random.Next()),
                                 static_cast<uint32_t>(random.Below(160))};
      const uint32_t value = values[random.Below(std::size(values))];
      const size_t width = random.Below(2) == 0 ? 1 : 4;
      size_t at = random.Below(section->second.size());
      if (width == 4) at = at / 4 * 4;
      std::memcpy(section->second.data() + at, &value, std::min(width, section->second.size() - at));
      if (random.Below(30) == 0) section->second.resize(random.Below(section->second.size() + 9));
    }
    const std::unique_ptr<HnswIndex> again = Make(Metric::kL2, 8);
    if (!ReadInto(again.get())) {
      ++refused;
      continue;
    }
    ++taken;
    std::vector<Slot> free;
    for (int step = 0; step < 12; ++step) {
      Search(*again, RandomVector(8, &random), 5, rows, step % 3 == 0);
      const Slot slot{static_cast<uint32_t>(random.Below(150))};
      if (again->Has(slot) && again->Remove(slot)) free.push_back(slot);
      ASSERT_TRUE(again->LinkSome(step % 2 == 0).ok());
    }
    again->TakeFreed(&free);
    again->Reserve(160, 10);
    for (uint32_t i = 150; i < 160; ++i) free.push_back(Slot{i});
    for (const Slot slot : free) {
      again->Stage(slot, RandomVector(8, &random));
      again->Add(slot);
    }
    for (int step = 0; step < 100000; ++step) {
      Result<bool> more = again->LinkSome(true);
      ASSERT_TRUE(more.ok());
      if (!*more) break;
      ASSERT_LT(step, 99999) << "linking goes on for ever";
    }
    Search(*again, RandomVector(8, &random), 5, rows, false);
  }
  std::printf("  %d changed images refused, %d used\n", refused, taken);
  EXPECT_GT(refused, 0);
  EXPECT_GT(taken, 0);
}

TEST_F(HnswImage, FindsEveryChangedByteOfTheVectorsWhenItIsTouched) {
  Random random(9);
  auto [index, under_test] = MakeUnderTest(Metric::kL2, 16);
  under_test.AddAll(RandomVectors(40, 16, &random));
  under_test.LinkAll();
  Write(*index);
  const std::string good = ReadFile(path_);
  const std::vector<RowId> rows(40);
  for (size_t at = 0; at < good.size(); at += kSanitized ? 7 : 1) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    WriteFile(path_, bad);
    const std::unique_ptr<HnswIndex> again = Make(Metric::kL2, 16);
    ASSERT_TRUE(ReadInto(again.get())) << "it is not read yet";
    EXPECT_FALSE(again->damaged());
    Search(*again, RandomVector(16, &random), 3, rows, false);
    ASSERT_TRUE(again->damaged()) << "byte " << at;
  }
}

}  // namespace
}  // namespace agentmemdb
