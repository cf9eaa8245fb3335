#include "support/database_life.h"

#include <algorithm>
#include <filesystem>

#include "engine/snapshot.h"
#include "support/files.h"
#include "support/test_disk.h"

namespace agentmemdb {
namespace {

constexpr uint32_t kDimensions = 4;
constexpr int kBusyTimeoutMs = 0;
constexpr int kSecret = 40961;  // the number of a record that is in a file by no accident

std::vector<float> VectorOf(int number) {
  const auto at = static_cast<float>(number);
  return {at, static_cast<float>(number % 5), static_cast<float>(number * number % 11), 1};
}

TestRecord RecordOf(const std::string& collection, int number, const std::string& text) {
  return {Numbered("r", number),
          collection == "notes" ? VectorOf(number) : std::vector<float>(),
          kCommonWord + (" " + text) + std::to_string(number),
          {}};
}

void PutInto(Contents* contents, const std::string& collection, const TestRecord& record) {
  (*contents)[collection + "/" + record.id] = FieldsOf(record.text, record.vector);
}

}  // namespace

DatabaseLife::~DatabaseLife() { db_.reset(); }

void DatabaseLife::Run(const AfterStep& after_step) {
  after_step_ = after_step;
  Open();
  Create("notes", [] {
    CollectionRequest request = Graph(kDimensions, Metric::kL2, 0);
    request.hnsw_m = 4;
    return request;
  }());
  Create("plain", {});
  for (int number = 1; number <= 3; ++number) Put("notes", number, number, "a");
  Put("plain", 1, 1, std::string(9000, 'b'));
  Put("notes", 4, 20, "c");
  PutOneThatIsThere();
  WriteAGroup();
  Link();
  ReadAll();
  Search();
  BackUp();
  TakeSnapshot("one");
  Close();
  Open();
  Search();
  Put("notes", 21, 22, "d");
  Delete("notes", 4);
  Put("plain", 2, 2, "e");
  TakeSnapshot("two");
  ReadAll();
  Leave();
  Open();
  ReadAll();
  DropCollection("plain");
  Put("notes", 6, 12, "f");
  Restore("one");
  ReadAll();
  Put("notes", kSecret, kSecret, "secret of r");
  Search();
  Close();
  Open();
  Delete("notes", kSecret);
  Compact();
  Search();
  RemoveSnapshot("one");
  Restore("two");
  Put("plain", 3, 3, "h");
  Leave();
  Open();
  ReadAll();
  Put("notes", 6, 12, "i");
  Search();
  Close();
}

std::vector<Contents> DatabaseLife::possible() const {
  std::vector<Contents> all = possible_;
  for (const Change& change : doubtful_) {
    for (size_t i = 0, count = all.size(); i < count; ++i) {
      Contents changed = all[i];
      change(&changed);
      if (std::find(all.begin(), all.end(), changed) == all.end()) all.push_back(std::move(changed));
    }
  }
  return all;
}

bool DatabaseLife::CameOff(const Status& status) {
  const Code code = status.code();
  if (status.ok()) return true;
  if (DiskFailures() == 0 || (code != Code::kIo && code != Code::kBusy && code != Code::kReadOnly))
    Complain(std::string(CodeName(code)) + " " + status.message());
  return false;
}

bool DatabaseLife::WriteHasFailed() const {
  if (DiskFailures() == failures_before_) return false;
  const std::string failure = FirstDiskFailure();
  const bool writes = failure.starts_with("pwrite") || failure.starts_with("f");  // fsync, fdatasync, ftruncate, ...
  const bool is_of_the_data =
      failure.ends_with(path_) || failure.ends_with(path_ + "-wal") || failure.ends_with(path_ + "-journal");
  return writes && !failure.starts_with("fcntl") && !failure.starts_with("flock") && is_of_the_data;
}

bool DatabaseLife::SecretIsSomewhere() const {
  const std::string id = Numbered("r", kSecret);  // No token of an image has an r.
  const std::vector<float> vector = VectorOf(kSecret);
  const std::string numbers(reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float));
  std::vector<std::string> files{path_, path_ + "-wal"};
  std::error_code there_is_none;
  for (const auto& file : std::filesystem::directory_iterator(path_ + "-index", there_is_none))
    files.push_back(file.path().string());
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    const std::string bytes = std::filesystem::exists(file) ? ReadFile(file) : "";
    return bytes.find(id) != std::string::npos || bytes.find(numbers) != std::string::npos;
  });
}

std::optional<CollectionId> DatabaseLife::Named(const std::string& collection) const {
  const auto found = collections_.find(collection);
  if (db_ == nullptr || found == collections_.end()) return std::nullopt;
  return found->second;
}

void DatabaseLife::Commit(Group* group, std::vector<std::pair<WriteCall*, Change>> calls) {
  const bool failed_before = WriteHasFailed();
  group->Commit(db_.get());
  bool changed = false;
  for (const auto& [call, change] : calls) {
    const bool cannot_read = !reads_go_on_ && call->status.code() == Code::kIo;  // Of a snapshot, before anything else.
    if (failed_before && call->status.code() != Code::kReadOnly && !cannot_read)
      Complain("a write was tried after a failed one, and ended with " + std::string(CodeName(call->status.code())));
    if (CameOff(call->status)) {
      for (Contents& contents : possible_) change(&contents);
      changed = true;
    } else if (call->status.code() == Code::kIo) {
      doubtful_.push_back(change);
    }
  }
  if (changed && after_step_) after_step_(possible_.front(), false);
}

void DatabaseLife::Open() {
  step_ = "open";
  possible_ = possible();
  doubtful_.clear();
  failures_before_ = DiskFailures();
  Result<std::shared_ptr<Database>> db = Database::Open({path_, durability_, kBusyTimeoutMs, false, single_}, {});
  if (!CameOff(db.status())) return;
  db_ = std::move(*db);
  ReadAll();
  ListCollections();
}

void DatabaseLife::ListCollections() {
  collections_.clear();
  Result<std::vector<CollectionInfo>> all = agentmemdb::ListCollections(db_.get(), {});
  if (!CameOff(all.status())) return;
  for (const CollectionInfo& info : *all) collections_[info.name] = info.id;
}

void DatabaseLife::Close() {
  step_ = "close";
  if (db_ == nullptr) return;
  const bool failed = DiskFailures() > 0;
  Database::Close(std::move(db_));
  db_.reset();
  if (after_step_ && !failed && DiskFailures() == 0) after_step_(possible_.front(), true);
}

void DatabaseLife::Leave() { db_.reset(); }

void DatabaseLife::Create(const std::string& collection, const CollectionRequest& request) {
  step_ = "create " + collection;
  if (db_ == nullptr || collections_.contains(collection)) return;
  Group group;
  WriteCall* const call = group.Create(collection, request);
  Commit(&group, {{call, [=](Contents* contents) { (*contents)[collection + "/"]; }}});
  if (call->status.ok()) collections_[collection] = OpOf<CreateCollectionOp>(call).collection;
}

void DatabaseLife::Put(const std::string& collection, int first, int last, const std::string& text) {
  step_ = "put " + std::to_string(first) + " to " + std::to_string(last) + " into " + collection;
  const std::optional<CollectionId> id = Named(collection);
  if (!id) return;
  std::vector<TestRecord> records;
  for (int number = first; number <= last; ++number) records.push_back(RecordOf(collection, number, text));
  Group group;
  WriteCall* const call = group.Upsert(*id, records);
  Commit(&group, {{call, [=](Contents* contents) {
                     for (const TestRecord& record : records) PutInto(contents, collection, record);
                   }}});
}

void DatabaseLife::PutOneThatIsThere() {
  step_ = "put one that is there, after others";
  const std::optional<CollectionId> id = Named("notes");
  if (!id || !possible_.front().contains("notes/r20") || WriteHasFailed()) return;
  Group group;
  const WriteCall* const call = group.Add(*id, {RecordOf("notes", 90, "x"), RecordOf("notes", 20, "x")});
  group.Commit(db_.get());
  if (call->status.code() != Code::kAlreadyExists && CameOff(call->status)) Complain("it was let in");
}

// Three calls, and the one in the middle cannot come off.
void DatabaseLife::WriteAGroup() {
  step_ = "write a group";
  const std::optional<CollectionId> id = Named("notes");
  if (!id || !possible_.front().contains("notes/r3")) return;
  const bool failed_before = WriteHasFailed();
  Group group;
  const TestRecord record = RecordOf("notes", 1, "g");
  WriteCall* const put = group.Upsert(*id, {record});
  const WriteCall* const taken = group.Add(*id, {RecordOf("notes", 3, "g")});
  WriteCall* const remove = group.Delete(*id, "r2");
  Commit(&group, {{put, [=](Contents* contents) { PutInto(contents, "notes", record); }},
                  {remove, [](Contents* contents) { contents->erase("notes/r2"); }}});
  if (taken->status.ok()) Complain("an id was taken twice");
  if (taken->status.code() != Code::kAlreadyExists && !failed_before) CameOff(taken->status);
}

void DatabaseLife::Delete(const std::string& collection, int number) {
  step_ = "delete " + std::to_string(number) + " from " + collection;
  const std::optional<CollectionId> id = Named(collection);
  if (!id) return;
  Group group;
  WriteCall* const call = group.Delete(*id, Numbered("r", number));
  Commit(&group, {{call, [=](Contents* contents) { contents->erase(collection + "/" + Numbered("r", number)); }}});
}

void DatabaseLife::DropCollection(const std::string& collection) {
  step_ = "drop " + collection;
  if (!Named(collection)) return;
  Group group;
  WriteCall* const call = group.Drop(collection);
  Commit(&group, {{call, [=](Contents* contents) {
                     std::erase_if(*contents,
                                   [&](const auto& item) { return item.first.starts_with(collection + "/"); });
                   }}});
  if (call->status.ok()) collections_.erase(collection);
}

void DatabaseLife::Link() {
  step_ = "link";
  for (bool more = db_ != nullptr; more;) {
    Result<bool> linked = db_->RunBackground(1000, {});
    more = CameOff(linked.status()) && *linked;
  }
}

void DatabaseLife::ReadAll() {
  if (db_ == nullptr) return;
  Result<Contents> contents = ReadContents(db_.get());
  if (!CameOff(contents.status())) {
    if (reads_go_on_) Complain("reads do not go on: " + contents.status().message());
    return;
  }
  if (!Contains(possible_, *contents)) return Complain("what is read is not what was written");
  possible_ = {*contents};
}

void DatabaseLife::Search() {
  step_ = "search";
  SearchQuery by_vector, by_words;
  by_vector.vector = VectorOf(20);
  by_words.text = kCommonWord;
  SearchFor("notes", by_vector);
  for (const char* collection : {"notes", "plain"}) SearchFor(collection, by_words);
}

// Everything must be found.
void DatabaseLife::SearchFor(const std::string& collection, SearchQuery query) {
  const std::optional<CollectionId> id = Named(collection);
  if (!id) return;
  query.k = 1000;
  Result<SearchOutput> output = agentmemdb::Search(db_.get(), *id, query, {});
  if (!CameOff(output.status())) {
    if (reads_go_on_) Complain("searches do not go on: " + output.status().message());
    return;
  }
  std::vector<std::string> found = Ids(*output);
  std::sort(found.begin(), found.end());
  const bool right = std::any_of(possible_.begin(), possible_.end(),
                                 [&](const Contents& contents) { return IdsIn(contents, collection) == found; });
  if (!right) Complain(std::string("what is found ") + (query.text ? "by words " : "") + "is not what was written");
}

void DatabaseLife::BackUp() {
  step_ = "back up";
  if (db_ == nullptr) return;
  if (CameOff(db_->BackUp(backup_path(), {}))) {
    backed_up_ = possible_.front();
    if (after_step_) after_step_(possible_.front(), false);
  }
}

void DatabaseLife::TakeSnapshot(const std::string& name) {
  step_ = "take the snapshot '" + name + "'";
  if (db_ == nullptr) return;
  const bool taken = CameOff(CreateSnapshot(db_.get(), name, {}).status());
  snapshots_[name] = {possible_, !taken};
  if (taken && after_step_) after_step_(possible_.front(), false);
}

void DatabaseLife::RemoveSnapshot(const std::string& name) {
  step_ = "delete the snapshot '" + name + "'";
  const auto found = snapshots_.find(name);
  if (db_ == nullptr || found == snapshots_.end()) return;
  Result<bool> deleted = DeleteSnapshot(db_.get(), name, {});
  if (!CameOff(deleted.status())) {
    found->second.may_be_absent = true;
    return;
  }
  if (!*deleted && !found->second.may_be_absent) Complain("there is none");
  snapshots_.erase(found);
  if (after_step_) after_step_(possible_.front(), false);
}

void DatabaseLife::Restore(const std::string& name) {
  step_ = "restore '" + name + "'";
  const auto found = snapshots_.find(name);
  if (db_ == nullptr || found == snapshots_.end()) return;
  const NamedSnapshot& snapshot = found->second;
  if (snapshot.may_be_absent || snapshot.possible.size() != 1) return;
  Group group;
  WriteCall* const call = group.Restore(name);
  Commit(&group, {{call, [stored = snapshot.possible.front()](Contents* contents) { *contents = stored; }}});
  if (call->status.ok()) ListCollections();
}

void DatabaseLife::Compact() {
  step_ = "compact";
  if (db_ == nullptr) return;
  const bool failed_before = WriteHasFailed(), deleted = !possible_.front().contains(Numbered("notes/r", kSecret));
  Result<CompactReport> report = db_->Compact({});
  if (failed_before && report.status().code() != Code::kReadOnly)
    Complain("it was tried after a failed write, and ended with " + std::string(CodeName(report.status().code())));
  if (!CameOff(report.status())) return;
  if (report->erased && deleted && SecretIsSomewhere()) Complain("what was deleted is still in a file");
  if (!report->erased && DiskFailures() == 0) Complain("not all was erased: " + report->why);
  if (after_step_ && DiskFailures() == 0) after_step_(possible_.front(), true);
}

}  // namespace agentmemdb
