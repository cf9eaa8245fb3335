// Creating and dropping collections, alone and within groups.
#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

using Strings = std::vector<std::string>;

Strings Names(const TestDatabase& db) {
  Strings names;
  for (const CollectionInfo& info : Require(ListCollections(db.get(), {}))) names.push_back(info.name);
  return names;
}

TEST(Collections, AreListedByName) {
  TestDatabase db;
  EXPECT_TRUE(Names(db).empty());
  db.Create("b", {});
  db.Create("a", Vectors(3, Metric::kIp));
  db.Create("B", {});
  EXPECT_EQ(Names(db), (Strings{"B", "a", "b"}));
  EXPECT_EQ(Require(ListCollections(db.get(), {}))[1].options.metric, Metric::kIp);
  EXPECT_EQ(db.get()->stats().collections, 3);
}

TEST(Collections, OfANewDatabaseDroppingOneChangesNothing) {
  const TempDir dir;
  TestDatabase memory, file(dir.File("a.db")), single(dir.File("b.db"), Durability::kNormal, true);
  for (TestDatabase* db : {&memory, &file, &single}) {
    EXPECT_FALSE(db->DropCollection("c"));
    EXPECT_EQ(db->get()->stats().change_version, 0);
    db->Create("c", {});
  }
}

CollectionRequest OfModel(const std::string& model) {
  CollectionRequest request = Vectors(3);
  request.embedder_model = model;
  return request;
}

std::string ModelOf(const TestDatabase& db, const std::string& name) {
  return Require(FindCollection(db.get(), name, {}, false, {}))->options.embedder_model;
}

TEST(Collections, GetTheModelOfTheirVectorsLaterButOnlyOne) {
  const TempDir dir;
  CollectionId c;
  {
    TestDatabase db(dir.File("a.db"));
    c = db.Create("c", Vectors(3));
    db.Add(c, {{"a", {1, 0, 0}, {}, {}}});
    EXPECT_FALSE(Require(FindCollection(db.get(), "c", OfModel("m"), true, {})).has_value());
    EXPECT_EQ(Require(FindCollection(db.get(), "c", OfModel("m"), false, {}))->options.embedder_model, "");

    const Version before = db.get()->stats().change_version;
    Group group;
    const WriteCall* added = group.Add(c, {{"b", {0, 1, 0}, {}, {}}});
    const WriteCall* first = group.Create("c", OfModel("m"), true);
    const WriteCall* same = group.Create("c", OfModel("m"), true);
    const WriteCall* second = group.Create("c", OfModel("n"), true);
    group.Create("d", Vectors(3));
    const WriteCall* in_new = group.Create("d", OfModel("n"), true);
    group.Commit(db.get());
    for (const WriteCall* call : {added, first, same, in_new}) EXPECT_TRUE(call->status.ok()) << call->status.message();
    EXPECT_EQ(second->status.argument(), "options.embedder");
    EXPECT_EQ(std::get<CreateCollectionOp>(same->ops[0]).options.embedder_model, "m");
    EXPECT_EQ(ModelOf(db, "c"), "m");
    EXPECT_EQ(ModelOf(db, "d"), "n");
    EXPECT_EQ(db.get()->stats().change_version, before + 4);
    EXPECT_EQ(FindCollection(db.get(), "c", OfModel("n"), true, {}).status().argument(), "options.embedder");
  }
  TestDatabase db(dir.File("a.db"));
  EXPECT_EQ(ModelOf(db, "c"), "m");
  EXPECT_EQ(ModelOf(db, "d"), "n");
  EXPECT_EQ(db.Count(c), 2);
  EXPECT_EQ(db.SearchIds(c, {0, 1, 0}, 1), Strings{"b"});
}

TEST(Collections, CannotBeCreatedTwice) {
  TestDatabase db;
  db.Create("c", {});
  Group group;
  const WriteCall* existing = group.Create("c", {});
  const WriteCall* first = group.Create("d", {});
  const WriteCall* second = group.Create("d", {});
  group.Commit(db.get());
  EXPECT_EQ(existing->status.code(), Code::kAlreadyExists);
  EXPECT_TRUE(first->status.ok());
  EXPECT_EQ(second->status.code(), Code::kAlreadyExists);
  EXPECT_EQ(Names(db), (Strings{"c", "d"}));
}

TEST(Collections, AreOpenedWhereTheyExistAndTheOptionsAgree) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(3));
  Group group;
  WriteCall* same = group.Create("c", Vectors(3), true);
  const WriteCall* other = group.Create("c", Vectors(4), true);
  WriteCall* made = group.Create("d", Vectors(4), true);
  WriteCall* reopened = group.Create("d", {}, true);
  group.Commit(db.get());
  ASSERT_TRUE(same->status.ok());
  EXPECT_EQ(OpOf<CreateCollectionOp>(same).collection, c);
  EXPECT_EQ(OpOf<CreateCollectionOp>(same).options.dimensions, 3u);
  EXPECT_EQ(other->status.argument(), "options.dimensions");
  EXPECT_EQ(OpOf<CreateCollectionOp>(made).collection, OpOf<CreateCollectionOp>(reopened).collection);
  EXPECT_EQ(OpOf<CreateCollectionOp>(reopened).options.dimensions, 4u);
}

TEST(Collections, AreFoundByName) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(3));
  EXPECT_EQ(Require(FindCollection(db.get(), "c", {}, false, {}))->id, c);
  EXPECT_EQ(Require(FindCollection(db.get(), "c", Vectors(3), false, {}))->options.dimensions, 3u);
  EXPECT_FALSE(Require(FindCollection(db.get(), "C", {}, false, {})).has_value());
  EXPECT_EQ(FindCollection(db.get(), "c", Vectors(2), false, {}).status().argument(), "options.dimensions");
}

TEST(Collections, AreGoneWithTheirRecordsOnceDropped) {
  TestDatabase db;
  const CollectionId c = db.Create("c", Vectors(1)), d = db.Create("d", Vectors(1));
  db.Add(c, {{"a", {1}, {}, {}}});
  db.Add(d, {{"a", {1}, {}, {}}});
  EXPECT_TRUE(db.DropCollection("c"));
  EXPECT_FALSE(db.DropCollection("c"));
  EXPECT_EQ(Names(db), Strings{"d"});
  EXPECT_EQ(Get(db.get(), c, "a", {}, {}).status().code(), Code::kNotFound);
  EXPECT_EQ(Count(db.get(), c, {}).status().code(), Code::kNotFound);
  SearchQuery query;
  query.vector = {1};
  EXPECT_EQ(Search(db.get(), c, query, {}).status().code(), Code::kNotFound);
  EXPECT_EQ(db.get()->OptionsOf(c, {}).status().code(), Code::kNotFound);
  Status status;
  db.Add(c, {{"b", {1}, {}, {}}}, &status);
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(db.SearchIds(d, {1}, 5), Strings{"a"});
}

TEST(Collections, RecreatedUnderTheirNameAreOthers) {
  const TempDir dir;
  TestDatabase db(dir.File("a.db"));
  const CollectionId before = db.Create("c", Vectors(2));
  db.Add(before, {{"a", {1, 2}, {}, {}}});
  db.DropCollection("c");
  const CollectionId after = db.Create("c", Vectors(3, Metric::kCosine));
  EXPECT_NE(before, after);
  EXPECT_EQ(db.Count(after), 0);
  db.Add(after, {{"a", {1, 2, 3}, {}, {}}});
  EXPECT_EQ(Get(db.get(), before, "a", {}, {}).status().code(), Code::kNotFound) << "an old handle stays dead";
  db.Reopen();
  EXPECT_EQ(db.Find("c"), after);
  EXPECT_EQ(db.SearchIds(after, {1, 2, 3}, 5), Strings{"a"});
  EXPECT_EQ(db.Stats(after).info.options.metric, Metric::kCosine);
}

TEST(Collections, DroppedAndRecreatedInOneGroupAreOthers) {
  TestDatabase db;
  const CollectionId before = db.Create("c", Vectors(2));
  db.Add(before, {{"a", {1, 2}, {}, {}}});
  Group group;
  const WriteCall* put = group.Add(before, {{"b", {1, 2}, {}, {}}});
  WriteCall* drop = group.Drop("c");
  const WriteCall* late = group.Add(before, {{"d", {1, 2}, {}, {}}});
  const WriteCall* gone = group.Delete(before, "a");
  WriteCall* create = group.Create("c", Vectors(3));
  group.Commit(db.get());
  EXPECT_TRUE(put->status.ok());
  EXPECT_TRUE(OpOf<DeleteCollectionOp>(drop).deleted);
  EXPECT_EQ(late->status.code(), Code::kNotFound);
  EXPECT_EQ(gone->status.code(), Code::kNotFound);
  ASSERT_TRUE(create->status.ok());
  const CollectionId after = OpOf<CreateCollectionOp>(create).collection;
  EXPECT_EQ(db.Count(after), 0);
  EXPECT_EQ(db.Stats(after).info.options.dimensions, 3u);
  EXPECT_EQ(db.get()->stats().records, 0);
}

TEST(Collections, CreatedAndDroppedInOneGroupLeaveNothing) {
  TestDatabase db;
  Group group;
  const WriteCall* create = group.Create("c", Vectors(2));
  WriteCall* drop = group.Drop("c");
  const WriteCall* again = group.Drop("c");
  group.Commit(db.get());
  EXPECT_TRUE(create->status.ok());
  EXPECT_TRUE(OpOf<DeleteCollectionOp>(drop).deleted);
  EXPECT_TRUE(again->status.ok());
  EXPECT_TRUE(Names(db).empty());
  db.Create("c", Vectors(3));
  EXPECT_EQ(Names(db), Strings{"c"});
}

TEST(Collections, ManyStandSideBySide) {
  TestDatabase db;
  std::vector<CollectionId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(db.Create(Numbered("c", i), Vectors(1)));
  Group group;
  for (int i = 0; i < 50; ++i) group.Add(ids[static_cast<size_t>(i)], {{"a", {static_cast<float>(i)}, {}, {}}});
  group.Commit(db.get());
  for (int i = 0; i < 50; ++i) {
    const SearchOutput output = db.Search(ids[static_cast<size_t>(i)], {0}, 5);
    ASSERT_EQ(output.hits.size(), 1u);
    EXPECT_FLOAT_EQ(output.hits[0].distance.value(), static_cast<float>(i));
  }
}

}  // namespace
}  // namespace agentmemdb
