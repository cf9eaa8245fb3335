#include "base/file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/clock.h"
#include "support/files.h"
#include "support/temp_dir.h"

namespace agentmemdb {
namespace {

namespace fs = std::filesystem;

// Works in a folder, and goes back.
class InFolder {
 public:
  explicit InFolder(const fs::path& folder) : before_(fs::current_path()) { fs::current_path(folder); }
  ~InFolder() { fs::current_path(before_); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

 private:
  fs::path before_;
};

std::string Canonical(const std::string& path) {
  const Result<std::string> canonical = CanonicalPath(path);
  return canonical.ok() ? canonical.value() : CodeName(canonical.status().code());
}

TEST(CanonicalPath, IsTheSameForEveryNameOfAFile) {
  const TempDir dir;
  fs::create_directory(dir.path() / "real");
  fs::create_directory_symlink(dir.path() / "real", dir.path() / "link");
  WriteFile(dir.File("real/a.db"), "");
  fs::create_symlink(dir.path() / "real" / "a.db", dir.path() / "b.db");
  const std::string expected = dir.File("real/a.db");
  EXPECT_EQ(Canonical(expected), expected);
  EXPECT_EQ(Canonical(dir.File("link/a.db")), expected);
  EXPECT_EQ(Canonical(dir.File("b.db")), expected);
  EXPECT_EQ(Canonical(dir.File("real/../link/./a.db")), expected);
  const InFolder here(dir.path() / "link");
  EXPECT_EQ(Canonical("a.db"), expected);
  EXPECT_EQ(Canonical("../b.db"), expected);
}

TEST(CanonicalPath, ResolvesTheFolderOfAFileThatIsNotThereYet) {
  const TempDir dir;
  fs::create_directory(dir.path() / "real");
  fs::create_directory_symlink(dir.path() / "real", dir.path() / "link");
  EXPECT_EQ(Canonical(dir.File("link/new.db")), dir.File("real/new.db"));
  const InFolder here(dir.path() / "link");
  EXPECT_EQ(Canonical("new.db"), dir.File("real/new.db"));
  EXPECT_EQ(Canonical("/agentmemdb-not-there.db"), "/agentmemdb-not-there.db");
}

TEST(CanonicalPath, OfALinkWhoseTargetIsNotThereYetIsTheTarget) {
  const TempDir dir;
  fs::create_directory(dir.path() / "real");
  fs::create_symlink("real/new.db", dir.path() / "relative.db");
  fs::create_symlink(dir.path() / "relative.db", dir.path() / "absolute.db");
  EXPECT_EQ(Canonical(dir.File("relative.db")), dir.File("real/new.db"));
  EXPECT_EQ(Canonical(dir.File("absolute.db")), dir.File("real/new.db"));
  WriteFile(dir.File("real/new.db"), "");
  EXPECT_EQ(Canonical(dir.File("absolute.db")), dir.File("real/new.db")) << "and stays the same once it is there";
}

TEST(CanonicalPath, SaysWhichFolderIsMissing) {
  const TempDir dir;
  const Result<std::string> canonical = CanonicalPath(dir.File("missing/a.db"));
  ASSERT_FALSE(canonical.ok());
  EXPECT_EQ(canonical.status().code(), Code::kIo);
  EXPECT_EQ(canonical.status().path(), dir.File("missing"));
  EXPECT_NE(canonical.status().message().find(dir.File("missing")), std::string::npos);
}

TEST(CanonicalPath, RefusesAFileAsFolderAndALoopOfLinks) {
  const TempDir dir;
  WriteFile(dir.File("file"), "");
  fs::create_symlink(dir.path() / "loop", dir.path() / "loop");
  EXPECT_EQ(Canonical(dir.File("file/a.db")), "ERR_IO");
  EXPECT_EQ(Canonical(dir.File("loop")), "ERR_IO");
  EXPECT_EQ(Canonical(dir.File("loop/a.db")), "ERR_IO");
}

TEST(LookAtFile, IsTheSameIdentityForTheSameFileOnly) {
  const TempDir dir;
  WriteFile(dir.File("a"), "one");
  WriteFile(dir.File("b"), "one");
  fs::create_hard_link(dir.path() / "a", dir.path() / "c");
  const FileState a = LookAtFile(dir.File("a")).value(), b = LookAtFile(dir.File("b")).value();
  EXPECT_EQ(LookAtFile(dir.File("c")).value(), a);
  EXPECT_NE(a.identity, b.identity);
  EXPECT_EQ(a.bytes, 3);
  EXPECT_EQ(LookAtFile(dir.File("none")).status().code(), Code::kNotFound);
}

TEST(LookAtFile, IsAnotherStateWhenBytesHaveChanged) {
  const TempDir dir;
  WriteFile(dir.File("a"), "one");
  const FileState before = LookAtFile(dir.File("a")).value();
  EXPECT_EQ(LookAtFile(dir.File("a")).value(), before);
  SleepMs(20);  // Longer than a tick of the file system's clock.
  WriteFile(dir.File("a"), "two");
  const FileState after = LookAtFile(dir.File("a")).value();
  EXPECT_EQ(after.identity, before.identity);
  EXPECT_NE(after, before);
}

TEST(NetworkFileSystem, IsNoneForWhatIsHere) {
  const TempDir dir;
  WriteFile(dir.File("a"), "");
  for (const std::string& path : {dir.File("a"), dir.File("not there yet"), std::string("/"), std::string("a"),
                                  std::string("/proc/self/stat"), std::string("/no/such/folder/a")})
    EXPECT_EQ(NetworkFileSystem(path), "") << path;
}

TEST(MappedFile, HoldsTheSameWhetherMappedOrRead) {
  const TempDir dir;
  const std::string bytes(100000, 'x');
  WriteFile(dir.File("a"), bytes);
  WriteFile(dir.File("empty"), "");
  for (const auto open : {MappedFile::Map, MappedFile::Read}) {
    Result<MappedFile> file = open(dir.File("a"));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->data()), file->bytes()), bytes);
    file->data()[0] = std::byte{'y'};
    EXPECT_EQ(ReadFile(dir.File("a")), bytes) << "written to, it is memory of our own";
    EXPECT_EQ(open(dir.File("none")).status().code(), Code::kNotFound);
    EXPECT_EQ(open(dir.File("empty")).status().code(), Code::kIo);
    EXPECT_EQ(open(dir.path().string()).status().code(), Code::kIo);
  }
}

TEST(File, TellsFoldersAndSizes) {
  const TempDir dir;
  WriteFile(dir.File("a"), "12345");
  EXPECT_TRUE(IsFolder(dir.path().string()));
  EXPECT_FALSE(IsFolder(dir.File("a")));
  EXPECT_FALSE(IsFolder(dir.File("none")));
  EXPECT_EQ(FileBytes(dir.File("a")), 5);
  EXPECT_EQ(FileBytes(dir.File("none")), 0);
}

}  // namespace
}  // namespace agentmemdb
