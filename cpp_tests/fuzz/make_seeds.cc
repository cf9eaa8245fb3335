// make_seeds <folder>: writes the inputs that each target begins with, into a folder of its name.
#include <filesystem>
#include <initializer_list>

#include "fuzz/seed_image.h"
#include "support/files.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

namespace fs = std::filesystem;

void WriteSeeds(const fs::path& folder, std::initializer_list<std::string> seeds) {
  fs::create_directories(folder);
  int number = 0;
  for (const std::string& seed : seeds) WriteFile(folder / ("seed" + std::to_string(number++)), seed);
}

std::string DatabaseSeed(const std::string& path, bool read_only, bool with_log) {
  const std::string file = ReadFile(path), log = with_log ? ReadFile(path + "-wal") : "";
  const auto bytes = static_cast<uint32_t>(file.size());
  std::string seed(1, read_only ? '\1' : '\0');
  seed.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
  return seed + file + log;
}

void WriteDatabaseSeeds(const fs::path& folder) {
  const TempDir dir;
  const std::string path = dir.File("a.db");
  Random random(1);
  TestDatabase db(path);
  const CollectionId c = db.Create("c", Graph(4, Metric::kCosine, 0)), plain = db.Create("plain", {});
  std::vector<TestRecord> records;
  for (int i = 0; i < 20; ++i) records.push_back({Numbered("r", i), RandomVector(4, &random), "text", R"({"n":1})"});
  db.Add(c, std::move(records));
  db.Add(plain, {{"long", {}, std::string(6000, 'x'), {}}});
  db.Delete(c, "r3");
  db.Reopen();
  db.Add(c, {{"r30", RandomVector(4, &random), {}, {}}});
  const std::string with_log = DatabaseSeed(path, false, true), reading = DatabaseSeed(path, true, true);
  db.Close();
  WriteSeeds(folder, {with_log, reading, DatabaseSeed(path, false, false)});
}

void WriteImageSeeds(const fs::path& folder) {
  const TempDir dir;
  const ImageFolder images(dir.File("a.db"));
  WriteSeedImage(images);
  const std::string image = ReadFile(images.ImagePath(SeedIdentity().row.token));
  WriteSeeds(folder, {"\1" + image, std::string(1, '\0') + image});
}

void WriteAll(const fs::path& folder) {
  WriteSeeds(folder / "tokenizer",
             {"\7how many \"red apples\" aple\nThe red apples' tree\ngetUserName, HTTPServer\ncaf\u00e9 don't",
              "\1\u6570\u636e\u5e93\n\u6211\u7684\u6570\u636e\u5e93\n\u0e01\u0e35",
              "\xF0"
              "a b c a\na b\nb c d\na a a a",
              "\3stra\u00dfe\nStra\u00dfen h\u00e4user"});
  WriteSeeds(folder / "filter",
             {R"({})", R"({"a":1})", "{\"a.b\":{\"$gt\":1,\"$lte\":5}}\n{\"a\":{\"b\":3}}",
              "{\"$or\":[{\"a\":\"x\"},{\"b\":{\"$in\":[1,null,\"y\"]}}]}\n{\"a\":[\"x\"],\"b\":2}",
              "{\"$nor\":[{\"a\":{\"$exists\":true}}],\"$not\":{\"c\":{\"$ne\":[1,2]}}}\n{\"c\":[1,2]}",
              "{\"$and\":[{\"$version\":{\"$gte\":1}},{\"$id\":{\"$nin\":[\"a\"]}}]}\n{}",
              "{\"a\":{\"$all\":[1,\"x\"]},\"b\":{\"$elemMatch\":{\"c\":{\"$gte\":1},\"d.0\":null}}}\n"
              "{\"a\":[1,\"x\"],\"b\":[{\"c\":2}]}",
              "{\"a\":{\"$elemMatch\":{\"$gt\":1,\"$not\":{\"$in\":[2]}}},\"b\":{\"$contains\":\"x\"}}\n{\"a\":[3],"
              "\"b\":\"axb\"}",
              "{\"a\":{\"$regex\":\"^[a-c]+\\\\d{2}$\",\"$options\":\"ims\"},\"b\":{\"$startsWith\":\"x\"}}\n"
              "{\"a\":\"ab12\",\"b\":[\"xy\"]}",
              "{\"a\":{\"$all\":[{\"$elemMatch\":{\"$regex\":\"a b # c\",\"$options\":\"x\"}}]}}\n{\"a\":[\"ab\"]}",
              "{\"a.0.b\":{\"$not\":{\"$lt\":\"z\"}},\"t\":{\"$eq\":{\"x\":[true,false]}}}\n{\"a\":[{\"b\":\"y\"}]}"});
  WriteSeeds(
      folder / "filter_string",
      {"topic = 'it''s' AND (year >= 2020 OR NOT a.b.0 <> -1.5e3)\n{\"topic\":\"it's\",\"year\":2021}",
       "a IN (1, 'x', null, TRUE) or b not in ()\n{\"a\":[1,2]}",
       "a BETWEEN 1 AND 5 AND NOT b NOT BETWEEN 'a' AND 'b'\n{}",
       "a LIKE 'x\\%_%' AND b NOT LIKE '%y'\n{\"a\":\"x%yz\"}", "\"odd \"\"name\"\"\".`b` IS NOT NULL OR EXISTS c\n{}",
       "a CONTAINS 5 AND b STARTS WITH 'x' AND c MATCHES '(?i)^a|b$'\n{\"a\":[5],\"b\":\"xy\",\"c\":\"A\"}",
       "$createdAt >= 5 AND $id != 'a' AND $version == 3\n{}"});
  WriteSeeds(folder / "value", {"{\"a\":[1,2.5e3,-0,null,true]}\na.3", "\"\\ud83d\\ude00 \\u00e9\"\n\"x\"",
                                "[[[[[]]]],{}]\n[[[[[]]]],{\"a\":1}]", "{\"a\":{\"b\":[{\"c\":1},{\"c\":[2]}]}}\na.b.c",
                                "1e308\n-1e-308", "{\"b\":1,\"a\":1,\"b\":2}\n{\"a\":1}"});
  WriteSeeds(folder / "options",
             {"{}", R"({"dimensions":8,"hnsw":{"M":16,"efConstruction":200,"minSize":1000},"metric":"cosine"})",
              R"({"dimensions":1,"hnsw":{"M":2,"efConstruction":1,"minSize":0},"metric":"l2"})"});
  // The first byte: 'n' and 'L' for lines of an export, 'e' and 'M' for episodes, in longer and shorter pieces.
  WriteSeeds(
      folder / "import",
      {"n{\"agentmemdb\":1,\"exportedAt\":5}\n{\"collection\":\"a\",\"options\":{\"dimensions\":2}}\n"
       "{\"id\":\"a1\",\"vector\":[1,-2.5e-3],\"text\":\"one\\ntwo\",\"metadata\":{\"x\":[\"\\u00e9\",null]},"
       "\"createdAt\":1,\"updatedAt\":2,\"expiresAt\":3,\"version\":4}\n{\"end\":{\"collections\":1,\"records\":1}}\n",
       "L{\"agentmemdb\":1}\n{\"collection\":\"b\",\"options\":{}}\n{\"id\":\"b1\"}\n",
       "e{\"dim\":2,\"episodes\":[{\"id\":\"e1\",\"state_embedding\":[1,2],\"timestamp\":7,\"action\":\"a\",\"reward\":"
       "0.5},"
       "{\"state_embedding\":[3,4],\"metadata\":{\"]\":\"}\\\"\"}}]}",
       "M{\"id\":\"e1\",\"state_embedding\":[1,2]}\n{\"id\":\"e2\",\"state_embedding\":[3,4]}\n"});
  WriteDatabaseSeeds(folder / "database");
  WriteImageSeeds(folder / "image");
}

}  // namespace
}  // namespace agentmemdb

int main(int count, char** arguments) {
  if (count != 2) return 2;
  agentmemdb::WriteAll(arguments[1]);
  return 0;
}
