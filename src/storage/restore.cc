// What another database holds, in place of everything.
#include <sqlite3.h>

#include "storage/store.h"

namespace agentmemdb {
namespace {

constexpr int64_t kRecordsAPage = 256;

Status Damaged(const std::string& path, const std::string& what) {
  return Status(Code::kCorrupt,
                path + " is damaged: " + what + "; restore another one, or open this one and look with verify()")
      .WithPath(path);
}

}  // namespace

Status WriteTransaction::InsertCollectionAs(const CollectionRow& collection) {
  static constexpr char kSql[] = "INSERT INTO collections(id, name, options, records, crc) VALUES(?1, ?2, ?3, ?4, ?5)";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  statement.Bind(1, ToInt(collection.id)).BindText(2, std::string_view(collection.name));
  statement.BindText(3, std::string_view(collection.options)).Bind(4, collection.records);
  statement.Bind(5, CollectionChecksum(collection));
  return Finish(&statement, "write");
}

Status WriteTransaction::ReplaceAll(ReadTransaction* other, const CancelToken& cancel) {
  const std::string& path = other->connection()->path();
  Result<std::vector<CollectionRow>> collections = other->Collections();
  if (!collections.ok()) return collections.status();
  RETURN_IF_ERROR(
      connection_->Execute("DELETE FROM records; DELETE FROM tombstones; DELETE FROM images; DELETE FROM collections"));
  std::map<int64_t, int64_t> missing;
  int64_t total = 0, done = 0;
  for (const CollectionRow& collection : *collections) {
    RETURN_IF_ERROR(InsertCollectionAs(collection));
    missing[ToInt(collection.id)] = collection.records;
    total += collection.records;
  }

  Status status;
  const auto insert = [&](const RecordRow& record) {
    if (!status.ok()) return;
    Result<bool> inserted = Insert(record);
    if (!inserted.ok())
      status = inserted.status();
    else if (!*inserted || --missing[ToInt(record.collection)] < 0)
      status = Damaged(path, "it has the record '" + std::string(record.id) + "' twice, or without its collection");
    ++done;
  };
  const auto refuse = [&](RowId, std::string_view id) {
    if (status.ok()) status = Damaged(path, "the record '" + std::string(id) + "' fails its check");
  };
  ReadTransaction::Page page;
  do {
    RETURN_IF_ERROR(cancel.Check());
    cancel.Report(done, total);
    Result<ReadTransaction::Page> read = other->ReadPage(page.last, kRecordsAPage, insert, refuse);
    if (!read.ok()) return read.status();
    RETURN_IF_ERROR(status);
    page = *read;
  } while (page.more);
  cancel.Report(done, total);
  return done == total ? Status() : Damaged(path, "records have vanished");
}

}  // namespace agentmemdb
