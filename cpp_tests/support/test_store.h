// A store with short verbs for tests: each writes in a transaction of its own and throws when it cannot.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.h"

namespace agentmemdb {

class TestStore {
 public:
  explicit TestStore(const std::string& path = ":memory:", Durability durability = Durability::kNormal,
                     bool single = false);

  Store* operator->() const { return store_.get(); }
  std::unique_ptr<ReadTransaction> Read() const;
  std::unique_ptr<WriteTransaction> Write() const;

  CollectionId AddCollection(const std::string& name, const std::string& options = "{}");
  // Stored with the number and version they get.
  RowId Add(CollectionId collection, const std::string& id, const std::string& text = "text");
  void Update(CollectionId collection, RowId row, const std::string& id, const std::string& text);
  void Delete(CollectionId collection, RowId row);
  Version version() const;

 private:
  std::unique_ptr<Store> store_;
};

// Raises the change version and commits.
void CommitNext(WriteTransaction* transaction);
// A record with every field set. Views into string literals.
RecordRow FullRecord(CollectionId collection, RowId row);
// Rows of a full scan after `version`.
std::vector<int64_t> RowsAfter(ReadTransaction* transaction, Version version, int64_t* damaged = nullptr);

}  // namespace agentmemdb
