// Exports beside writes, of damaged files, and of records of any size.
#include "engine/exporter.h"

#include <gtest/gtest.h>

#include "engine/importer.h"
#include "engine/jsonl.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr size_t kPart = size_t{1} << 20;

// The text, part by part; `between` runs after each.
std::string Export(
    Database* database, ExportOptions options = {}, const std::function<void()>& between = [] {}) {
  Exporter exporter(std::move(options));
  std::string text;
  for (;;) {
    const std::string part = Require(exporter.Next(database, {}));
    EXPECT_LE(part.size(), kPart);
    text += part;
    if (part.empty()) return text;
    between();
  }
}

// "collection:id,id,"
std::string Contents(const std::string& text) {
  const std::unique_ptr<Importer> importer = MakeJsonlImporter(0);
  importer->Feed(text);
  importer->End();
  std::string contents;
  for (bool more = true; more;) {
    const ImportPart part = Require(importer->Read({}));
    if (part.collection) contents += part.collection->name + ":";
    for (const RecordInput& record : part.batch.records) contents += record.id + ",";
    more = part.more;
  }
  return contents;
}

std::vector<TestRecord> Records(const std::string& prefix, int count, size_t text_bytes) {
  std::vector<TestRecord> records;
  for (int i = 0; i < count; ++i) records.push_back({Numbered(prefix, i), {}, std::string(text_bytes, 'x'), {}});
  return records;
}

TEST(Exporter, WritesCollectionsInTheOrderOfTheirNames) {
  TestDatabase db;
  db.Add(db.Create("b", {}), {{"b1", {}, {}, {}}, {"b0", {}, {}, {}}});
  db.Create("a", Vectors(2));
  db.Add(db.Create("c", {}), {{"c1", {}, {}, {}}});
  EXPECT_EQ(Contents(Export(db.get())), "a:b:b1,b0,c:c1,");
  EXPECT_EQ(Contents(Export(db.get(), {{{"c", "a"}}})), "a:c:c1,");
  EXPECT_EQ(Contents(Export(db.get(), {std::vector<std::string>()})), "");
  Exporter missing({{{"c", "d"}}});
  EXPECT_EQ(missing.Next(db.get(), {}).status().code(), Code::kNotFound);
  EXPECT_EQ(missing.Next(db.get(), {}).status().argument(), "options.collections");
}

TEST(Exporter, ARecordThatIsThereThroughoutComesExactlyOnce) {
  TestDatabase db;
  const CollectionId c = db.Create("c", {});
  db.Add(c, Records("r", 100, 40000));
  int writes = 0;
  const std::string text = Export(db.get(), {}, [&] {
    const std::string of = std::to_string(writes++);
    db.Add(c, {{"new" + of, {}, {}, {}}});                                 // not at the beginning
    db.Upsert(c, Records("r", 100, 40000 + static_cast<size_t>(writes)));  // keeps their places
    db.Delete(c, "r99");
    db.Add(c, {{"r99", {}, "again", {}}});  // another record of that id
  });
  EXPECT_GT(writes, 5);
  std::string expected = "c:";
  for (int i = 0; i < 99; ++i) expected += Numbered("r", i) + ",";
  EXPECT_EQ(Contents(text), expected);
}

TEST(Exporter, ACollectionThatIsDeletedMeanwhileEnds) {
  TestDatabase db;
  db.Add(db.Create("a", {}), Records("r", 50, 100000));
  db.Add(db.Create("b", {}), {{"b1", {}, {}, {}}});
  const std::string text = Export(db.get(), {}, [&] { db.DropCollection("a"); });
  const std::string contents = Contents(text);
  EXPECT_EQ(contents.rfind("a:r0,r1,", 0), 0u);
  EXPECT_EQ(contents.find("r49"), std::string::npos);
  EXPECT_NE(contents.find(",b:b1,"), std::string::npos);
}

TEST(Exporter, LinesMayBeLargerThanParts) {
  TestDatabase db;
  const std::string text(kSanitized ? kPart : limits::kTextBytesMax, '\x01');  // each becomes six bytes
  db.Add(db.Create("c", {}), {{"a", {}, text, {}}, {"b", {}, "small", {}}});
  EXPECT_EQ(Contents(Export(db.get())), "c:a,b,");
}

TEST(Exporter, DamagedRecordsEndItOrAreLeftOut) {
  TempDir dir;
  const std::string path = dir.File("a.db");
  {
    TestDatabase db(path);
    db.Add(db.Create("c", {}), Records("r", 3, 10));
    db.Close();
  }
  SqliteFile(path).Run("UPDATE records SET text = 'other' WHERE id = 'r1'");
  {
    TestDatabase db(path);  // Found when it was loaded.
    const Status status = Exporter({}).Next(db.get(), {}).status();
    EXPECT_EQ(status.code(), Code::kCorrupt);
    EXPECT_NE(status.message().find("verify()"), std::string::npos) << status.message();
    EXPECT_EQ(Contents(Export(db.get(), {std::nullopt, true})), "c:r0,r2,");
    SqliteFile(path).Run("UPDATE records SET text = 'other' WHERE id = 'r2'");  // Found when it is read.
    EXPECT_EQ(Contents(Export(db.get(), {std::nullopt, true})), "c:r0,");
    db.Delete(db.Find("c"), "r1");
    const Status read = Exporter({}).Next(db.get(), {}).status();
    EXPECT_EQ(read.code(), Code::kCorrupt);
    EXPECT_EQ(read.id(), "r2");
  }
}

TEST(Exporter, StopsWhenItIsAborted) {
  TestDatabase db;
  db.Add(db.Create("c", {}), Records("r", 10, 10));
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(Exporter({}).Next(db.get(), cancel).status().code(), Code::kAborted);
}

}  // namespace
}  // namespace agentmemdb
