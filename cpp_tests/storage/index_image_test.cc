#include "storage/index_image.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/files.h"
#include "support/seed.h"
#include "support/sqlite_file.h"
#include "support/temp_dir.h"
#include "support/test_database.h"
#include "support/test_store.h"

namespace agentmemdb {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) { return std::as_bytes(std::span(text)); }

class IndexImage : public testing::Test {
 protected:
  void SetUp() override {
    WriteFile(dir_.File("a.db"), "");
    ASSERT_TRUE(folder_.Lock().ok());
  }
  // Two sections of text, the second in two parts, and an empty one.
  void Write() {
    Result<std::unique_ptr<ImageWriter>> writer = ImageWriter::Create(folder_, identity_);
    ASSERT_TRUE(writer.ok());
    (*writer)->BeginSection("first");
    ASSERT_TRUE((*writer)->Append(BytesOf("one")).ok());
    (*writer)->BeginSection("empty");
    ASSERT_TRUE((*writer)->Append({}).ok());
    (*writer)->BeginSection("second");
    ASSERT_TRUE((*writer)->Append(BytesOf("two ")).ok());
    ASSERT_TRUE((*writer)->Append(BytesOf("three")).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
  }
  // What can be read of the three sections; "-" for what cannot.
  std::string Read(const ImageIdentity& identity) {
    const std::unique_ptr<ImageReader> reader = ImageReader::Open(folder_, identity);
    if (reader == nullptr) return "none";
    std::string all;
    for (const char* name : {"first", "empty", "second"}) {
      std::string text(reader->BytesOf(name).value_or(0), '?');
      const bool read = reader->BytesOf(name) && reader->Read(name, std::as_writable_bytes(std::span(text)));
      all.append("[").append(read ? text : "-").append("]");
    }
    return all;
  }

  TempDir dir_;
  ImageFolder folder_{dir_.File("a.db")};
  ImageIdentity identity_{{CollectionId{7}, NewImageToken(), 12}, 99};
};

TEST_F(IndexImage, GivesBackWhatWasWritten) {
  Write();
  EXPECT_EQ(Read(identity_), "[one][][two three]");
  const std::unique_ptr<ImageReader> reader = ImageReader::Open(folder_, identity_);
  EXPECT_EQ(reader->BytesOf("other"), std::nullopt);
  std::byte byte;
  EXPECT_FALSE(reader->Read("first", std::span(&byte, 1))) << "not all of it";
}

TEST_F(IndexImage, IsNoneUnderAnotherIdentity) {
  Write();
  ImageIdentity other = identity_;
  other.epoch = 98;
  EXPECT_EQ(Read(other), "none");
  other = identity_;
  other.row.version = 11;
  EXPECT_EQ(Read(other), "none");
  other = identity_;
  other.row.collection = CollectionId{8};
  EXPECT_EQ(Read(other), "none");
  other = identity_;
  other.row.token = NewImageToken();
  EXPECT_EQ(Read(other), "none");
  std::filesystem::copy(folder_.ImagePath(identity_.row.token), folder_.ImagePath(other.row.token));
  EXPECT_EQ(Read(other), "none") << "a copy under another token";
}

TEST_F(IndexImage, IsNeverReadWrongWhateverByteIsChanged) {
  Write();
  const std::string path = folder_.ImagePath(identity_.row.token), good = ReadFile(path);
  for (size_t at = 0; at < good.size(); at += kSanitized ? 7 : 1) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    WriteFile(path, bad);
    const std::string read = Read(identity_);
    EXPECT_NE(read, "[one][][two three]") << "byte " << at;
    EXPECT_TRUE(read == "none" || read == "[-][][two three]" || read == "[one][][-]") << at << ": " << read;
  }
  for (size_t bytes = 0; bytes < good.size(); bytes += kSanitized ? 7 : 1) {
    WriteFile(path, good.substr(0, bytes));
    EXPECT_EQ(Read(identity_), "none") << bytes << " bytes of it";
  }
  WriteFile(path, good + "x");
  EXPECT_EQ(Read(identity_), "none");
  std::filesystem::remove(path);
  EXPECT_EQ(Read(identity_), "none");
  std::filesystem::create_directory(path);
  EXPECT_EQ(Read(identity_), "none");
}

TEST_F(IndexImage, IsNoneUntilItIsFinished) {
  Result<std::unique_ptr<ImageWriter>> writer = ImageWriter::Create(folder_, identity_);
  ASSERT_TRUE(writer.ok());
  (*writer)->BeginSection("first");
  ASSERT_TRUE((*writer)->Append(BytesOf("one")).ok());
  EXPECT_EQ(Read(identity_), "none");
  EXPECT_EQ(ImageWriter::Create(folder_, identity_).status().code(), Code::kAlreadyExists) << "never overwritten";
}

TEST_F(IndexImage, IsForThoseWhoMayReadTheDatabase) {
  namespace fs = std::filesystem;
  fs::permissions(dir_.File("a.db"), fs::perms::owner_read | fs::perms::owner_write);
  std::filesystem::remove_all(dir_.File("a.db-index"));
  ASSERT_TRUE(folder_.Lock().ok());
  Write();
  const fs::perms others = fs::perms::group_all | fs::perms::others_all;
  EXPECT_EQ(fs::status(folder_.ImagePath(identity_.row.token)).permissions() & others, fs::perms::none);
  EXPECT_EQ(fs::status(dir_.File("a.db-index")).permissions() & others, fs::perms::none);
}

TEST_F(IndexImage, ForeignFilesAreRemovedAndNoOthers) {
  Write();
  const std::string foreign = NewImageToken();
  for (const std::string& path : {folder_.VectorsPath(identity_.row.token), folder_.ImagePath(foreign),
                                  folder_.VectorsPath(foreign), dir_.File("a.db-index/notes.txt")})
    WriteFile(path, "x");
  EXPECT_TRUE(folder_.HasForeign({identity_.row}));
  Require(folder_.RemoveForeign({identity_.row}));
  EXPECT_FALSE(folder_.HasForeign({identity_.row}));
  std::vector<std::string> names = NamesIn(dir_.File("a.db-index"));
  std::sort(names.begin(), names.end());
  std::vector<std::string> expected = {identity_.row.token + ".f32", identity_.row.token + ".image", "notes.txt",
                                       "save.lock"};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names, expected);
}

TEST_F(IndexImage, OneAtATimeSaves) {
  const Result<FileLock> lock = folder_.Lock();
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(folder_.Lock().status().code(), Code::kBusy);
}

TEST(ImageRows, BelongToACollectionAndGoWithIt) {
  const TempDir dir;
  TestStore store(dir.File("a.db"));
  const CollectionId a = store.AddCollection("a"), b = store.AddCollection("b");
  const Version version = store.version();
  const auto set = [&](CollectionId collection, const std::string& token) {
    Result<std::unique_ptr<WriteTransaction>> writing = store->BeginWrite(true);
    Require(writing.status());
    Require((*writing)->SetImage({collection, token, version}));
    Require((*writing)->CommitDerived());
  };
  const std::string first = NewImageToken(), second = NewImageToken();
  set(a, first);
  set(b, first);
  set(a, second);
  set(CollectionId{99}, first);
  std::vector<ImageRow> images = Require(store.Read()->Images());
  ASSERT_EQ(images.size(), 2u) << "none of a collection that is not there";
  EXPECT_EQ(images[0].token, second);
  EXPECT_EQ(images[0].version, version);
  EXPECT_EQ(store.version(), version) << "no data changed";
  {
    const auto writing = store.Write();
    Require(writing->DeleteCollection(a));
    CommitNext(writing.get());
  }
  EXPECT_EQ(Require(store.Read()->Images()).size(), 1u);
  SqliteFile(dir.File("a.db")).Run("UPDATE images SET version = version + 1");
  EXPECT_TRUE(Require(store.Read()->Images()).empty()) << "a row that fails its check is none";
  set(b, "../../etc");
  EXPECT_TRUE(Require(store.Read()->Images()).empty()) << "a token that is none";
}

}  // namespace
}  // namespace agentmemdb
