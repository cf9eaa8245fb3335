// Random calls against a database and against a plain std::map, which must agree about everything.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

struct ModelRecord {
  int64_t order = 0;  // of insertion: breaks ties
  std::vector<float> vector;
  std::optional<std::string> text, metadata;
};

struct ModelCollection {
  CollectionId id{};
  Metric metric{};
  uint32_t dimensions = 0;
  std::map<std::string, ModelRecord> records;
};

class Model : public testing::TestWithParam<bool> {
 protected:
  void Run(const std::string& path, int steps) {
    db_.emplace(path);
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      const uint64_t dice = random_.Below(1000);
      if (collections_.empty() || dice < 4)
        Create();
      else if (dice < 6)
        Drop();
      else if (dice < 12 && path != ":memory:")
        db_->Reopen();
      else if (dice < 40)
        Require(db_->get()->RunBackground(static_cast<int64_t>(random_.Below(300)), {}));
      else if (dice < 450)
        Write();
      else
        Read();
      if (step % 200 == 199) CheckEverything();
    }
    CheckEverything();
    if (path == ":memory:") return;
    db_->Reopen();
    CheckEverything();
  }

 private:
  ModelCollection& AnyCollection() {
    return std::next(collections_.begin(), random_.Below(collections_.size()))->second;
  }
  // Few ids, so that calls meet.
  std::string AnyId() { return Numbered("id", random_.Below(60)); }
  // Small whole numbers: distances are exact, and often equal.
  std::vector<float> AnyVector(uint32_t dimensions) {
    std::vector<float> vector(dimensions);
    for (float& x : vector) x = static_cast<float>(random_.Below(7)) - 3;
    return vector;
  }

  void Create() {
    static constexpr Metric kMetrics[] = {Metric::kL2, Metric::kIp};
    const std::string name = Numbered("c", random_.Below(3));
    ModelCollection collection;
    collection.metric = kMetrics[random_.Below(2)];
    collection.dimensions = static_cast<uint32_t>(random_.Below(6));
    CollectionRequest request;
    if (collection.dimensions > 0)
      request = Graph(collection.dimensions, collection.metric, static_cast<uint32_t>(random_.Below(50)));
    Group group;
    WriteCall* call = group.Create(name, request);
    group.Commit(db_->get());
    ASSERT_EQ(call->status.code(), collections_.contains(name) ? Code::kAlreadyExists : Code::kOk);
    if (!call->status.ok()) return;
    collection.id = OpOf<CreateCollectionOp>(call).collection;
    collections_[name] = std::move(collection);
  }

  void Drop() {
    const std::string name = Numbered("c", random_.Below(3));
    ASSERT_EQ(db_->DropCollection(name), collections_.erase(name) == 1);
  }

  // One to four calls in a group, and what the model says of each.
  void Write() {
    Group group;
    struct Expected {
      WriteCall* call;
      Code code;
      bool deleted;
      uint32_t inserted, updated;
    };
    std::vector<Expected> expected;
    for (uint64_t calls = 1 + random_.Below(4); calls > 0; --calls) {
      ModelCollection& collection = AnyCollection();
      if (random_.Below(4) == 0) {
        const std::string id = AnyId();
        WriteCall* call = group.Delete(collection.id, id);
        expected.push_back({call, Code::kOk, collection.records.erase(id) == 1, 0, 0});
        continue;
      }
      const bool replace = random_.Below(2) == 0;
      std::vector<TestRecord> records;
      for (uint64_t count = 1 + random_.Below(random_.Below(4) == 0 ? 12 : 2); count > 0; --count) {
        TestRecord record{AnyId(), {}, {}, {}};
        if (collection.dimensions > 0 && random_.Below(5) != 0) record.vector = AnyVector(collection.dimensions);
        if (random_.Below(3) != 0) record.text = Numbered("text ", static_cast<int64_t>(random_.Next() >> 1));
        if (random_.Below(3) == 0)
          record.metadata = Numbered("{\"n\":", static_cast<int64_t>(random_.Below(1000))) + "}";
        records.push_back(std::move(record));
      }
      Code code = Code::kOk;
      std::set<std::string> seen;
      for (const TestRecord& record : records) {
        if (!replace && (!seen.insert(record.id).second || collection.records.contains(record.id)))
          code = Code::kAlreadyExists;
      }
      Expected call{group.Add(collection.id, records, replace), code, false, 0, 0};
      for (TestRecord& record : records) {
        if (code != Code::kOk) break;
        const auto [place, is_new] = collection.records.try_emplace(record.id);
        if (is_new) place->second.order = ++order_;
        ++(is_new ? call.inserted : call.updated);
        place->second.vector = std::move(record.vector);
        place->second.text = std::move(record.text);
        place->second.metadata = std::move(record.metadata);
      }
      expected.push_back(std::move(call));
    }
    group.Commit(db_->get());
    for (const Expected& each : expected) {
      ASSERT_EQ(each.call->status.code(), each.code) << each.call->status.message();
      const auto* remove = OpIf<DeleteOp>(each.call);
      ASSERT_EQ(remove != nullptr && remove->deleted, each.deleted);
      const auto* put = OpIf<PutOp>(each.call);
      if (put == nullptr || each.code != Code::kOk) continue;
      ASSERT_EQ(put->inserted, each.inserted);
      ASSERT_EQ(put->updated, each.updated);
    }
  }

  void Read() {
    const ModelCollection& collection = AnyCollection();
    const std::string id = AnyId();
    switch (random_.Below(4)) {
      case 0:
        return CheckRecord(collection, id);
      case 1:
        ASSERT_EQ(db_->Has(collection.id, id), collection.records.contains(id));
        return;
      case 2:
        ASSERT_EQ(db_->Count(collection.id), static_cast<int64_t>(collection.records.size()));
        return;
      default:
        if (collection.dimensions > 0) CheckSearch(collection);
    }
  }

  void CheckRecord(const ModelCollection& collection, const std::string& id) {
    const std::optional<RecordOutput> record = db_->Get(collection.id, id);
    const auto expected = collection.records.find(id);
    ASSERT_EQ(record.has_value(), expected != collection.records.end()) << id;
    if (!record) return;
    ASSERT_EQ(record->id, id);
    ASSERT_EQ(record->text, expected->second.text);
    ASSERT_EQ(record->metadata, expected->second.metadata);
    ASSERT_EQ(record->vector, expected->second.vector);
    ASSERT_LE(record->created_at, record->updated_at);
  }

  void CheckSearch(const ModelCollection& collection) {
    const std::vector<float> query = AnyVector(collection.dimensions);
    const auto k = static_cast<uint32_t>(1 + random_.Below(25));
    std::vector<std::pair<double, int64_t>> order;
    std::map<int64_t, std::string> id_of;
    for (const auto& [id, record] : collection.records) {
      if (record.vector.empty()) continue;
      order.emplace_back(ExactRaw(collection.metric, record.vector, query), -record.order);
      id_of[-record.order] = id;
    }
    std::sort(order.begin(), order.end());
    order.resize(std::min<size_t>(k, order.size()));
    std::vector<std::string> expected;
    for (const auto& [raw, number] : order) expected.push_back(id_of[number]);
    ASSERT_EQ(db_->SearchIds(collection.id, query, k, true), expected);

    const SearchOutput near = db_->Search(collection.id, query, k);
    ASSERT_EQ(near.hits.size(), expected.size());
    for (const Hit& hit : near.hits) {
      const ModelRecord& record = collection.records.at(hit.record.id);
      ASSERT_EQ(hit.record.text, record.text);
      ASSERT_NEAR(*hit.distance, ExactDistance(collection.metric, record.vector, query), 1e-4);
    }
  }

  void CheckEverything() {
    ASSERT_EQ(Require(ListCollections(db_->get(), {})).size(), collections_.size());
    int64_t records = 0;
    for (const auto& [name, collection] : collections_) {
      ASSERT_EQ(db_->Find(name), collection.id);
      for (int i = 0; i < 60; ++i) CheckRecord(collection, Numbered("id", i));
      const CollectionStats stats = db_->Stats(collection.id);
      ASSERT_EQ(stats.records, static_cast<int64_t>(collection.records.size()));
      ASSERT_EQ(stats.damaged, 0);
      ASSERT_EQ(stats.vectors, std::count_if(collection.records.begin(), collection.records.end(),
                                             [](const auto& entry) { return !entry.second.vector.empty(); }));
      records += stats.records;
    }
    ASSERT_EQ(db_->get()->stats().records, records);
  }

  std::optional<TestDatabase> db_;
  std::map<std::string, ModelCollection> collections_;
  int64_t order_ = 0;
  Random random_{TestSeed()};
};

TEST_P(Model, AgreesWithAPlainMap) {
  SCOPED_TRACE(SeedNote());
  const TempDir dir;
  Run(GetParam() ? dir.File("a.db") : ":memory:", kSanitized ? 2000 : 15000);
}

INSTANTIATE_TEST_SUITE_P(Every, Model, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "InAFile" : "InMemory"); });

}  // namespace
}  // namespace agentmemdb
