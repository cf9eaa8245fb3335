#include "support/sound_database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/find.h"
#include "engine/snapshot.h"
#include "engine/verify.h"

namespace agentmemdb {
namespace {

Status RestoreInto(Database* database, const std::string& name) {
  Group group;
  const WriteCall* const call = group.Restore(name);
  group.Commit(database);
  return call->status;
}

void ExpectAllAgrees(Database* database) {
  const VerifyReport report = Require(Verify(database, {}));
  for (const Difference& difference : report.differences)
    ADD_FAILURE() << VerifyPartName(difference.part) << " " << difference.id << ": " << difference.message;
}

// Words that came with an index image, or are read again.
void ExpectWordsFound(const TestDatabase& db, const Contents& contents) {
  for (const CollectionInfo& collection : Require(ListCollections(db.get(), {}))) {
    std::vector<std::string> found = db.WordIds(collection.id, kCommonWord, 1000);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, IdsIn(contents, collection.name)) << "by words, in " << collection.name;
  }
}

void ExpectSnapshots(Database* database, const Snapshots& snapshots) {
  std::set<std::string> names;
  for (const SnapshotInfo& info : Require(ListSnapshots(*database))) names.insert(info.name);
  for (const auto& [name, snapshot] : snapshots)
    EXPECT_TRUE(snapshot.may_be_absent || names.contains(name)) << "the snapshot '" << name << "' is gone";
  for (const std::string& name : names) {
    SCOPED_TRACE("snapshot " + name);
    const auto found = snapshots.find(name);
    if (found == snapshots.end()) {
      ADD_FAILURE() << "nobody has made it, or it was deleted";
      continue;
    }
    Require(RestoreInto(database, name));
    EXPECT_TRUE(Contains(found->second.possible, Require(ReadContents(database)))) << "it is not what was stored";
    ExpectAllAgrees(database);
  }
}

// Whatever was left of snapshots that were never finished is gone with the next one.
void ExpectSnapshotsToTidy(Database* database) {
  Require(CreateSnapshot(database, "late", {}).status());
  for (const auto& file : std::filesystem::directory_iterator(database->path() + "-snapshots")) {
    const std::string name = file.path().filename().string();
    EXPECT_TRUE(name == "lock" || name.ends_with(".db")) << name << " was left behind";
  }
}

}  // namespace

std::string FieldsOf(const std::optional<std::string>& text, const std::vector<float>& vector) {
  std::string fields = text.value_or("(none)");
  for (const float number : vector) fields.append(" ").append(std::to_string(number));
  return fields;
}

bool Contains(const std::vector<Contents>& possible, const Contents& contents) {
  return std::find(possible.begin(), possible.end(), contents) != possible.end();
}

std::vector<std::string> IdsIn(const Contents& contents, const std::string& collection) {
  std::vector<std::string> ids;
  const std::string prefix = collection + "/";
  for (auto at = contents.upper_bound(prefix); at != contents.end() && at->first.starts_with(prefix); ++at)
    ids.push_back(at->first.substr(prefix.size()));
  return ids;
}

Result<Contents> ReadContents(Database* database) {
  Contents contents;
  Result<std::vector<CollectionInfo>> collections = ListCollections(database, {});
  if (!collections.ok()) return collections.status();
  FindQuery everything;
  everything.limit = 1000;
  everything.include = {true, true, true};
  for (const CollectionInfo& collection : *collections) {
    contents[collection.name + "/"];
    Result<FindOutput> found = Find(database, collection.id, everything, {});
    if (!found.ok()) return found.status();
    for (const RecordOutput& record : found->records)
      contents[collection.name + "/" + record.id] = FieldsOf(record.text, record.vector);
  }
  return contents;
}

void ExpectSound(const std::string& path, Durability durability, const std::vector<Contents>& possible,
                 const Snapshots& snapshots) {
  TestDatabase db(path, durability);
  const Contents contents = Require(ReadContents(db.get()));
  EXPECT_TRUE(Contains(possible, contents))
      << contents.size() << " things are stored, and not those that were acknowledged, " << possible.front().size();
  ExpectWordsFound(db, contents);
  ExpectAllAgrees(db.get());
  ExpectSnapshots(db.get(), snapshots);
  ExpectSnapshotsToTidy(db.get());
  const CollectionId late = db.Create("late", Vectors(1));
  db.Add(late, {{"a", {1}, {}, {}}});
  EXPECT_EQ(db.SearchIds(late, {1}, 5), std::vector<std::string>{"a"});
  const Contents before = Require(ReadContents(db.get()));
  EXPECT_TRUE(Require(db.get()->Compact({})).erased);
  db.Reopen();
  EXPECT_EQ(Require(ReadContents(db.get())), before);
}

}  // namespace agentmemdb
