// A database file and its log from anywhere: a byte (1: read-only), the length of the file, the file, the log. What opens can be read,
// verified, and written to; what does not is an error of the table that says so.
#include <cstring>
#include <filesystem>

#include "engine/find.h"
#include "engine/verify.h"
#include "fuzz/fuzz.h"
#include "support/files.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

// Damage, and what follows from it: never a mistake of ours.
bool IsTold(Code code) {
  return code == Code::kOk || code == Code::kCorrupt || code == Code::kUnsupported || code == Code::kNotFound ||
         code == Code::kIo || code == Code::kLimit || code == Code::kReadOnly || code == Code::kAlreadyExists;
}

void Read(Database* database, const CollectionInfo& info) {
  SearchQuery query;
  query.vector = std::vector<float>(info.options.dimensions, 1.0f);
  query.k = 3;
  if (info.options.dimensions != 0) EXPECT_THAT(IsTold(Search(database, info.id, query, {}).status().code()));
  for (const char* id : {"r1", "r20", "none"}) EXPECT_THAT(IsTold(Get(database, info.id, id, {}, {}).status().code()));
}

void Write(Database* database, const CollectionInfo& info) {
  Group group;
  const std::vector<float> vector(info.options.dimensions, 0.5f);
  const WriteCall* const calls[] = {group.Upsert(info.id, {{"r1", vector, "changed", {}}}),
                                    group.Add(info.id, {{"new", vector, {}, "{}"}}), group.Delete(info.id, "r2")};
  group.Commit(database);
  for (const WriteCall* call : calls) EXPECT_THAT(IsTold(call->status.code()));
}

void Use(Database* database) {
  EXPECT_THAT(IsTold(Verify(database, {}).status().code()));
  Result<std::vector<CollectionInfo>> infos = ListCollections(database, {});
  EXPECT_THAT(IsTold(infos.status().code()));
  if (!infos.ok()) return;
  for (size_t i = 0; i < infos->size() && i < 3; ++i) {
    Read(database, (*infos)[i]);
    if (!database->read_only()) Write(database, (*infos)[i]);
  }
  for (int slice = 0; slice < 3; ++slice) {
    Result<bool> more = database->RunBackground(500, {});
    if (!more.ok() || !*more) break;
  }
  (void)database->stats();
}

}  // namespace

void RunOne(std::string_view input) {
  static const TempDir dir;
  static const std::string path = dir.File("a.db");
  uint32_t file_bytes = 0;
  if (input.size() < 1 + sizeof file_bytes) return;
  const bool read_only = input[0] % 2 != 0;
  std::memcpy(&file_bytes, input.data() + 1, sizeof file_bytes);
  input.remove_prefix(1 + sizeof file_bytes);
  const std::string_view file = input.substr(0, file_bytes),
                         log = input.substr(std::min<size_t>(input.size(), file_bytes));
  for (const char* ending : {"-wal", "-shm", "-journal"}) std::filesystem::remove(path + ending);
  std::filesystem::remove_all(path + "-index");
  WriteFile(path, std::string(file));
  if (!log.empty()) WriteFile(path + "-wal", std::string(log));
  Result<std::shared_ptr<Database>> database = Database::Open({path, Durability::kNormal, 0, read_only}, {});
  const Code code = database.status().code();
  EXPECT_THAT(IsTold(code) || code == Code::kBusy);
  if (!database.ok()) return;
  Use(database->get());
  Database::Close(std::move(*database));
}

}  // namespace agentmemdb
