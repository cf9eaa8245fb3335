#include "storage/record_row.h"

#include "base/crc32c.h"

namespace agentmemdb {
namespace {

void AddOptional(Checksum* checksum, const std::optional<std::string_view>& bytes) {
  if (bytes)
    checksum->Add(*bytes);
  else
    checksum->AddAbsent();
}

}  // namespace

uint32_t RecordRow::Checksum() const {
  agentmemdb::Checksum checksum;
  checksum.Add(ToInt(collection)).Add(ToInt(row)).Add(id).Add(version).Add(created_at).Add(updated_at);
  if (expires_at)
    checksum.Add(*expires_at);
  else
    checksum.AddAbsent();
  AddOptional(&checksum, metadata);
  AddOptional(&checksum, text);
  AddOptional(&checksum, vector);
  return checksum.value();
}

}  // namespace agentmemdb
