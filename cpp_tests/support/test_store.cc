#include "support/test_store.h"

#include "support/test_database.h"

namespace agentmemdb {

TestStore::TestStore(const std::string& path, Durability durability, bool single) {
  store_ = Require(Store::Open({path, durability, 5000, false, single}, {}));
}

std::unique_ptr<ReadTransaction> TestStore::Read() const { return Require(store_->BeginRead()); }
std::unique_ptr<WriteTransaction> TestStore::Write() const { return Require(store_->BeginWrite()); }

void CommitNext(WriteTransaction* transaction) {
  DatabaseHeader header = Require(transaction->Header());
  ++header.change_version;
  Require(transaction->Commit(header));
}

Version TestStore::version() const { return Require(Read()->Header()).change_version; }

CollectionId TestStore::AddCollection(const std::string& name, const std::string& options) {
  const auto transaction = Write();
  const CollectionId id = Require(transaction->InsertCollection(name, options));
  CommitNext(transaction.get());
  return id;
}

RowId TestStore::Add(CollectionId collection, const std::string& id, const std::string& text) {
  const auto transaction = Write();
  RecordRow record = FullRecord(collection, transaction->NextRow());
  record.id = id;
  record.text = text;
  record.version = Require(transaction->Header()).change_version + 1;
  Require(transaction->Insert(record));
  CommitNext(transaction.get());
  return record.row;
}

void TestStore::Update(CollectionId collection, RowId row, const std::string& id, const std::string& text) {
  const auto transaction = Write();
  RecordRow record = FullRecord(collection, row);
  record.id = id;
  record.text = text;
  record.version = Require(transaction->Header()).change_version + 1;
  Require(transaction->Update(record));
  CommitNext(transaction.get());
}

void TestStore::Delete(CollectionId collection, RowId row) {
  const auto transaction = Write();
  Require(transaction->Delete(collection, row, Require(transaction->Header()).change_version + 1));
  CommitNext(transaction.get());
}

RecordRow FullRecord(CollectionId collection, RowId row) {
  RecordRow record;
  record.row = row;
  record.collection = collection;
  record.id = "the-id";
  record.version = 3;
  record.created_at = 1767225600000;
  record.updated_at = 1767225600001;
  record.expires_at = 4102444800002;  // not soon
  record.metadata = "{\"a\":1}";
  record.text = "some text";
  record.vector = std::string_view("\x00\x00\x80\x3f\x00\x00\x00\x40", 8);
  return record;
}

std::vector<int64_t> RowsAfter(ReadTransaction* transaction, Version version, int64_t* damaged) {
  std::vector<int64_t> rows;
  int64_t ignored = 0;
  Require(transaction->ScanRecords(
      version, {}, [&](const RecordRow& record) { rows.push_back(ToInt(record.row)); },
      damaged != nullptr ? damaged : &ignored));
  return rows;
}

}  // namespace agentmemdb
