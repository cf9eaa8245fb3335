// The files of index images: which there are, and what one looks like. What is in the sections is their writers' business.
//
// An image is two files beside the database, named by a random token: <token>.image, here, and <token>.f32, vectors as they
// are mapped. Neither changes once the token is in the database; before that, and ever after, a file whose token is not there
// is foreign: it is not read, and whoever saves next removes it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/sections.h"
#include "storage/store.h"

namespace agentmemdb {

// 32 lower-case hexadecimal digits.
bool IsImageToken(std::string_view text);
std::string NewImageToken();

// The images of one database. Threads: any.
class ImageFolder {
 public:
  explicit ImageFolder(const std::string& database) : database_(database), path_(database + "-index") {}

  bool exists() const { return IsFolder(path_); }
  int64_t bytes() const;
  std::string ImagePath(const std::string& token) const { return path_ + "/" + token + ".image"; }
  std::string VectorsPath(const std::string& token) const { return path_ + "/" + token + ".f32"; }
  const std::string& database() const { return database_; }

  // Makes the folder if need be. One process at a time saves or removes. Errors: kBusy, kIo.
  Result<FileLock> Lock() const;
  // Makes the names of new files survive power loss, and that of the folder. Errors: kIo.
  Status Sync() const;
  void Remove(const std::string& token) const;
  // Whether there are files of a token that is not among `images`.
  bool HasForeign(const std::vector<ImageRow>& images) const { return !Foreign(images).empty(); }
  // Removes them. With the lock. Errors: kIo.
  Status RemoveForeign(const std::vector<ImageRow>& images) const;

 private:
  std::vector<std::string> Foreign(const std::vector<ImageRow>& images) const;

  std::string database_, path_;
};

// What an image says it is.
struct ImageIdentity {
  ImageRow row;
  int64_t epoch = 0;
};

// Threads: one at a time.
class ImageWriter {
 public:
  // Errors of all: kIo; kAlreadyExists.
  static Result<std::unique_ptr<ImageWriter>> Create(const ImageFolder& folder, const ImageIdentity& identity);
  // Sections follow one another.
  void BeginSection(const std::string& name);
  Status Append(std::span<const std::byte> bytes);
  // Writes the header, without which there is no image, and syncs.
  Status Finish();
  Status Sync() { return file_.Sync(); }
  uint64_t bytes() const { return file_.bytes(); }

 private:
  friend class ImageReader;
  static constexpr size_t kNameBytes = 16, kSectionsMax = 64;
  struct SectionEntry {
    std::array<char, kNameBytes> name;  // rest zero
    uint64_t offset, bytes;
    uint32_t crc, unused;
  };
  struct Header;

  ImageWriter(ImageIdentity identity, NewFile file) : identity_(std::move(identity)), file_(std::move(file)) {}

  ImageIdentity identity_;
  NewFile file_;
  std::vector<SectionEntry> sections_;
};

// Threads: one at a time.
class ImageReader final : public SectionReader {
 public:
  // nullptr: there is no image of that identity that could be trusted so far.
  static std::unique_ptr<ImageReader> Open(const ImageFolder& folder, const ImageIdentity& identity);
  std::optional<size_t> BytesOf(std::string_view name) const override;
  bool Read(std::string_view name, std::span<std::byte> bytes) override;
  uint64_t bytes() const { return file_.bytes(); }

 private:
  explicit ImageReader(InputFile file) : file_(std::move(file)) {}
  const ImageWriter::SectionEntry* Find(std::string_view name) const;

  InputFile file_;
  std::vector<ImageWriter::SectionEntry> sections_;
};

}  // namespace agentmemdb
