// Which index image belongs to a collection. Derived, like the image: a row that cannot be read is none.
#include <sqlite3.h>

#include "base/crc32c.h"
#include "storage/index_image.h"
#include "storage/store.h"

namespace agentmemdb {
namespace {

uint32_t ChecksumOf(const ImageRow& image) {
  return Checksum().Add(ToInt(image.collection)).Add(std::string_view(image.token)).Add(image.version).value();
}

}  // namespace

Result<std::vector<ImageRow>> ReadTransaction::Images() {
  static constexpr char kSql[] = "SELECT collection, token, version, crc FROM images ORDER BY collection";
  std::vector<ImageRow> images;
  Result<DatabaseHeader> header = Header();
  if (!header.ok()) return header.status();
  if (header->format < kFormatWithImages) return images;
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  int result;
  while ((result = statement.Step()) == SQLITE_ROW) {
    ImageRow image{CollectionId{statement.Integer(0).value_or(0)}, std::string(statement.Text(1).value_or("")),
                   statement.Integer(2).value_or(0)};
    // The token becomes part of a path.
    if (statement.Integer(3) == static_cast<int64_t>(ChecksumOf(image)) && IsImageToken(image.token))
      images.push_back(std::move(image));
  }
  Status status = result == SQLITE_DONE ? Status() : connection_->Error(result, "read the images of");
  if (!status.ok() && status.code() != Code::kCorrupt) return status;
  return images;
}

Status WriteTransaction::SetImage(const ImageRow& image) {
  static constexpr char kSql[] =
      "INSERT OR REPLACE INTO images(collection, token, version, crc) SELECT id, ?2, ?3, ?4 FROM collections "
      "WHERE id = ?1";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  (*prepared)->Bind(1, ToInt(image.collection)).BindText(2, std::string_view(image.token)).Bind(3, image.version);
  (*prepared)->Bind(4, ChecksumOf(image));
  return Finish(*prepared, "write");
}

Status WriteTransaction::DeleteImages() { return connection_->Execute("DELETE FROM images"); }

}  // namespace agentmemdb
