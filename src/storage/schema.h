// The file format: what tables there are, and the checks a file must pass before it is used. docs/file-format.md.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "storage/connection.h"

namespace agentmemdb {

// "AMDB", in the header of the SQLite file.
constexpr int64_t kApplicationId = 0x414d4442;
// Raised when the format changes. A file is opened if its min_reader is at most this; an older one is brought up to it when it
// is opened to write.
//   2  the table images
constexpr int64_t kFormat = 2;
constexpr int64_t kMinReader = 1;
constexpr int64_t kFormatWithImages = 2;

// The one row that says what state the database is in.
struct DatabaseHeader {
  int64_t format = kFormat;
  int64_t min_reader = kMinReader;
  int64_t epoch = 0;           // random; another value = other data, whatever the versions say
  Version change_version = 0;  // raised with every transaction, by one for each call in it that changes something
  Version log_floor = 0;       // changes after this version are known one by one

  uint32_t Checksum() const;
};

int64_t NewEpoch();

// Makes a new file ours, or checks that an existing one is, and brings its format up to ours. In WAL mode unless `in_memory`.
// Errors: kUnsupported (another program's, a newer format), kCorrupt (schema differs), kBusy, kIo.
Status PrepareSchema(Connection* connection, bool in_memory);
// Checks that a file is ours, and changes nothing. Errors: kNotFound (it is empty), kUnsupported, kCorrupt, kBusy, kIo.
Status CheckDatabase(Connection* connection);

Result<DatabaseHeader> ReadHeader(Connection* connection);
Status WriteHeader(Connection* connection, const DatabaseHeader& header);

}  // namespace agentmemdb
