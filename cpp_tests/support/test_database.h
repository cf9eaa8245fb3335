// A database with short verbs for tests. Failures of what a test takes for granted throw, with the message of the status.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/search.h"
#include "support/vectors.h"

namespace agentmemdb {

struct TestRecord {
  std::string id;
  std::vector<float> vector;
  std::optional<std::string> text, metadata;
};

CollectionRequest Vectors(uint32_t dimensions, Metric metric = Metric::kL2);
// As Vectors(), with a graph from `min_size` vectors on.
CollectionRequest Graph(uint32_t dimensions, Metric metric, uint32_t min_size);

// The one operation of a call, with what came out of it. nullptr, or an exception, if it is another.
template <class T>
const T* OpIf(const WriteCall* call) {
  return std::get_if<T>(&call->ops.at(0));
}
template <class T>
const T& OpOf(const WriteCall* call) {
  return std::get<T>(call->ops.at(0));
}

// Calls made in one group. Each is good until the next Run().
class Group {
 public:
  WriteCall* Add(CollectionId collection, std::vector<TestRecord> records, bool replace = false);
  WriteCall* Upsert(CollectionId collection, std::vector<TestRecord> records) {
    return Add(collection, std::move(records), true);
  }
  WriteCall* Delete(CollectionId collection, const std::string& id);
  WriteCall* Create(const std::string& name, const CollectionRequest& request, bool open_existing = false);
  WriteCall* Drop(const std::string& name);
  WriteCall* Restore(const std::string& snapshot);
  void Commit(Database* database);

 private:
  WriteCall* Push(Op op);
  std::vector<std::unique_ptr<WriteCall>> calls_;
};

class TestDatabase {
 public:
  explicit TestDatabase(std::string path = ":memory:", Durability durability = Durability::kNormal,
                        std::optional<bool> single = std::nullopt);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // Closes tidily, or as a process that ends without closing does.
  void Close();
  void Drop() { database_.reset(); }
  void Reopen();
  Database* get() const { return database_.get(); }
  const std::shared_ptr<Database>& shared() const { return database_; }

  CollectionId Create(const std::string& name, const CollectionRequest& request);
  CollectionId Find(const std::string& name) const;
  // Writes in a group of their own. Throws unless `status` takes the failure.
  Version Add(CollectionId collection, std::vector<TestRecord> records, Status* status = nullptr);
  Version Upsert(CollectionId collection, std::vector<TestRecord> records, Status* status = nullptr);
  bool Delete(CollectionId collection, const std::string& id);
  bool DropCollection(const std::string& name);

  // Throw on every error.
  std::optional<RecordOutput> Get(CollectionId collection, const std::string& id) const;
  bool Has(CollectionId collection, const std::string& id) const;
  int64_t Count(CollectionId collection) const;
  SearchOutput Search(CollectionId collection, const std::vector<float>& query, uint32_t k, bool exact = false) const;
  std::vector<std::string> SearchIds(CollectionId collection, const std::vector<float>& query, uint32_t k,
                                     bool exact = false) const;
  // By words alone.
  std::vector<std::string> WordIds(CollectionId collection, const std::string& words, uint32_t k) const;
  CollectionStats Stats(CollectionId collection) const;
  // Links everything.
  void Link();

 private:
  std::string path_;
  Durability durability_;
  std::optional<bool> single_;
  std::shared_ptr<Database> database_;
};

// Throws, with the status' message, unless it is ok.
void Require(const Status& status);
template <class T>
T Require(Result<T> result) {
  Require(result.status());
  return std::move(*result);
}

// "r7": the names of things made in a loop.
std::string Numbered(std::string_view prefix, int64_t number);

// "id" of each hit.
std::vector<std::string> Ids(const SearchOutput& output);

}  // namespace agentmemdb
