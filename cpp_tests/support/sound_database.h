// What a database must be that is opened after something went wrong: a disk that failed, a crash, a power failure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/test_database.h"

namespace agentmemdb {

// What is stored: of each collection "its name/", of each record "its collection's name/its id" and all its fields.
using Contents = std::map<std::string, std::string>;
Result<Contents> ReadContents(Database* database);
// The ids there are in a collection, in order.
std::vector<std::string> IdsIn(const Contents& contents, const std::string& collection);
// In every text, so that a search for it finds all of them.
inline constexpr char kCommonWord[] = "common";
// How the fields of a record are written there.
std::string FieldsOf(const std::optional<std::string>& text, const std::vector<float>& vector);
bool Contains(const std::vector<Contents>& possible, const Contents& contents);

// A snapshot that has a name.
struct NamedSnapshot {
  std::vector<Contents> possible;  // one of these is in it
  bool may_be_absent = false;
};
using Snapshots = std::map<std::string, NamedSnapshot>;

// Opens the database that a life has left: one of those contents is stored and found by words, the snapshots are what they should be
// and can be gone back to, everything agrees, and it can be used.
void ExpectSound(const std::string& path, Durability durability, const std::vector<Contents>& possible,
                 const Snapshots& snapshots);

}  // namespace agentmemdb
