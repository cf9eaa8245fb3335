// One stored record, and its checksum.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"

namespace agentmemdb {

// Views into SQLite's memory or the writer's: good until the transaction's next call.
struct RecordRow {
  RowId row{};
  CollectionId collection{};
  std::string_view id;
  Version version = 0;
  TimeMs created_at = 0;
  TimeMs updated_at = 0;
  std::optional<TimeMs> expires_at;
  std::optional<std::string_view> metadata;  // JSON
  std::optional<std::string_view> text;      // UTF-8
  std::optional<std::string_view> vector;    // float32, little-endian, as given by the user; may be unaligned

  bool ExpiredAt(TimeMs now) const { return expires_at && *expires_at <= now; }
  // CRC-32C over every field: SQLite has no checksums, and a flipped bit would otherwise be served as data.
  uint32_t Checksum() const;
};

}  // namespace agentmemdb
