#include "support/test_database.h"

#include <algorithm>
#include <stdexcept>

namespace agentmemdb {

void Require(const Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(CodeName(status.code())) + ": " + status.message());
}

CollectionRequest Vectors(uint32_t dimensions, Metric metric) {
  CollectionRequest request;
  request.dimensions = dimensions;
  request.metric = metric;
  return request;
}

CollectionRequest Graph(uint32_t dimensions, Metric metric, uint32_t min_size) {
  CollectionRequest request = Vectors(dimensions, metric);
  request.hnsw_min_size = min_size;
  return request;
}

WriteCall* Group::Push(Op op) {
  calls_.push_back(std::make_unique<WriteCall>());
  calls_.back()->ops.push_back(std::move(op));
  return calls_.back().get();
}

WriteCall* Group::Add(CollectionId collection, std::vector<TestRecord> records, bool replace) {
  PutOp put;
  put.collection = collection;
  put.on_conflict = replace ? OnConflict::kReplace : OnConflict::kError;
  for (TestRecord& record : records) {
    RecordInput input;
    input.id = std::move(record.id);
    input.new_id = input.id.empty();
    input.text = std::move(record.text);
    input.metadata = std::move(record.metadata);
    if (!record.vector.empty()) {
      auto numbers = std::make_unique<float[]>(record.vector.size());
      std::copy(record.vector.begin(), record.vector.end(), numbers.get());
      input.vector = VectorView(numbers.get(), record.vector.size());
      put.batch.vectors.push_back(std::move(numbers));
    }
    put.batch.records.push_back(std::move(input));
  }
  put.batch.single = put.batch.records.size() == 1;
  return Push(std::move(put));
}

WriteCall* Group::Delete(CollectionId collection, const std::string& id) {
  DeleteOp remove;
  remove.collection = collection;
  remove.id = id;
  return Push(std::move(remove));
}

WriteCall* Group::Create(const std::string& name, const CollectionRequest& request, bool open_existing) {
  CreateCollectionOp create;
  create.name = name;
  create.request = request;
  create.open_existing = open_existing;
  return Push(std::move(create));
}

WriteCall* Group::Drop(const std::string& name) {
  DeleteCollectionOp drop;
  drop.name = name;
  return Push(std::move(drop));
}

WriteCall* Group::Restore(const std::string& snapshot) { return Push(RestoreOp{snapshot, nullptr}); }

void Group::Commit(Database* database) {
  std::vector<WriteCall*> calls;
  for (const auto& call : calls_) calls.push_back(call.get());
  database->Commit(calls);
}

TestDatabase::TestDatabase(std::string path, Durability durability, std::optional<bool> single)
    : path_(std::move(path)), durability_(durability), single_(single) {
  Reopen();
}

TestDatabase::~TestDatabase() { Close(); }

void TestDatabase::Close() {
  if (database_ != nullptr) Database::Close(std::move(database_));
  database_.reset();
}

void TestDatabase::Reopen() {
  Close();
  database_ = Require(Database::Open({path_, durability_, 5000, false, single_}, {}));
}

CollectionId TestDatabase::Create(const std::string& name, const CollectionRequest& request) {
  Group group;
  WriteCall* call = group.Create(name, request);
  group.Commit(get());
  Require(call->status);
  return OpOf<CreateCollectionOp>(call).collection;
}

CollectionId TestDatabase::Find(const std::string& name) const {
  const std::optional<CollectionInfo> info = Require(FindCollection(get(), name, {}, false, {}));
  if (!info) throw std::runtime_error("there is no collection " + name);
  return info->id;
}

Version TestDatabase::Add(CollectionId collection, std::vector<TestRecord> records, Status* status) {
  Group group;
  const WriteCall* call = group.Add(collection, std::move(records));
  group.Commit(get());
  if (status == nullptr) Require(call->status);
  if (status != nullptr) *status = call->status;
  return call->version;
}

Version TestDatabase::Upsert(CollectionId collection, std::vector<TestRecord> records, Status* status) {
  Group group;
  const WriteCall* call = group.Upsert(collection, std::move(records));
  group.Commit(get());
  if (status == nullptr) Require(call->status);
  if (status != nullptr) *status = call->status;
  return call->version;
}

bool TestDatabase::Delete(CollectionId collection, const std::string& id) {
  Group group;
  const WriteCall* call = group.Delete(collection, id);
  group.Commit(get());
  Require(call->status);
  return OpOf<DeleteOp>(call).deleted;
}

bool TestDatabase::DropCollection(const std::string& name) {
  Group group;
  const WriteCall* call = group.Drop(name);
  group.Commit(get());
  Require(call->status);
  return OpOf<DeleteCollectionOp>(call).deleted;
}

std::optional<RecordOutput> TestDatabase::Get(CollectionId collection, const std::string& id) const {
  return Require(agentmemdb::Get(get(), collection, id, {true, true, true}, {}));
}

bool TestDatabase::Has(CollectionId collection, const std::string& id) const {
  return Require(agentmemdb::Has(get(), collection, id, {}));
}

int64_t TestDatabase::Count(CollectionId collection) const { return Require(agentmemdb::Count(get(), collection, {})); }

SearchOutput TestDatabase::Search(CollectionId collection, const std::vector<float>& query, uint32_t k,
                                  bool exact) const {
  SearchQuery search;
  search.vector = query;
  search.k = k;
  search.exact = exact;
  return Require(agentmemdb::Search(get(), collection, search, {}));
}

std::vector<std::string> TestDatabase::SearchIds(CollectionId collection, const std::vector<float>& query, uint32_t k,
                                                 bool exact) const {
  return Ids(Search(collection, query, k, exact));
}

std::vector<std::string> TestDatabase::WordIds(CollectionId collection, const std::string& words, uint32_t k) const {
  SearchQuery search;
  search.text = words;
  search.k = k;
  return Ids(Require(agentmemdb::Search(get(), collection, search, {})));
}

CollectionStats TestDatabase::Stats(CollectionId collection) const { return Require(StatsOf(get(), collection, {})); }

void TestDatabase::Link() {
  while (Require(database_->RunBackground(1000000, {}))) {
  }
}

std::string Numbered(std::string_view prefix, int64_t number) {
  std::string name(prefix);
  name.append(std::to_string(number));
  return name;
}

std::vector<std::string> Ids(const SearchOutput& output) {
  std::vector<std::string> ids;
  for (const Hit& hit : output.hits) ids.push_back(hit.record.id);
  return ids;
}

}  // namespace agentmemdb
