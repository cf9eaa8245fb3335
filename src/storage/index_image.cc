#include "storage/index_image.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/random.h"

namespace agentmemdb {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr char kMagic[8] = {'A', 'M', 'D', 'B', 'I', 'M', 'G', '\n'};
constexpr uint32_t kImageFormat = 1;
constexpr char kLockName[] = "/save.lock";
// Read and checked at a time, while it is in the processor's cache.
constexpr size_t kReadAtOnce = size_t{256} << 10;

}  // namespace

// The first page of the file, as it lies in memory; docs/file-format.md.
struct ImageWriter::Header {
  char magic[sizeof kMagic];
  uint32_t format, section_count;
  int64_t epoch, collection, version;
  char token[kTokenBytes];
  uint64_t file_bytes;
  SectionEntry sections[kSectionsMax];
  std::array<std::byte, 4096 - 80 - kSectionsMax * sizeof(SectionEntry) - 4> zero;
  uint32_t crc;  // of everything before
};

bool IsImageToken(std::string_view text) {
  return text.size() == kTokenBytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string NewImageToken() {
  static constexpr char kHex[] = "0123456789abcdef";
  const uint64_t words[] = {RandomU64(), RandomU64()};
  std::string token;
  for (size_t nibble = 0; nibble < kTokenBytes; ++nibble)
    token.push_back(kHex[words[nibble / 16] >> (4 * (nibble % 16)) & 15]);
  return token;
}

Result<FileLock> ImageFolder::Lock() const {
  if (!exists()) {
    const Status made = MakeFolder(path_, database_);
    if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
  }
  return FileLock::Take(path_ + kLockName, database_);
}

int64_t ImageFolder::bytes() const {
  int64_t bytes = 0;
  for (const std::string& name : NamesIn(path_)) bytes += FileBytes(path_ + "/" + name);
  return bytes;
}

Status ImageFolder::Sync() const {
  RETURN_IF_ERROR(SyncFile(path_));
  return SyncName(path_);
}

void ImageFolder::Remove(const std::string& token) const {
  RemoveFile(ImagePath(token));
  RemoveFile(VectorsPath(token));
}

std::vector<std::string> ImageFolder::Foreign(const std::vector<ImageRow>& images) const {
  std::vector<std::string> files;
  for (const std::string& name : NamesIn(path_)) {
    const std::string token = name.substr(0, kTokenBytes);
    const bool ours = IsImageToken(token) && (name == token + ".image" || name == token + ".f32");
    const auto same = [&](const ImageRow& image) { return image.token == token; };
    if (ours && std::none_of(images.begin(), images.end(), same)) files.push_back(path_ + "/" + name);
  }
  return files;
}

Status ImageFolder::RemoveForeign(const std::vector<ImageRow>& images) const {
  Status status;
  for (const std::string& file : Foreign(images)) {
    RemoveFile(file);
    if (FileExists(file)) status = Status(Code::kIo, "cannot remove " + file).WithPath(file);
  }
  return status;
}

Result<std::unique_ptr<ImageWriter>> ImageWriter::Create(const ImageFolder& folder, const ImageIdentity& identity) {
  static_assert(sizeof(Header) == 4096 && sizeof(SectionEntry) == 40);
  Result<NewFile> file = NewFile::Create(folder.ImagePath(identity.row.token), folder.database());
  if (!file.ok()) return file.status();
  std::unique_ptr<ImageWriter> writer(new ImageWriter(identity, std::move(*file)));
  RETURN_IF_ERROR(writer->file_.Append(Bytes(sizeof(Header))));
  return writer;
}

void ImageWriter::BeginSection(const std::string& name) {
  CHECK(sections_.size() < kSectionsMax && name.size() < kNameBytes);
  SectionEntry& section = sections_.emplace_back();
  std::copy(name.begin(), name.end(), section.name.begin());
  section.offset = file_.bytes();
}

Status ImageWriter::Append(std::span<const std::byte> bytes) {
  SectionEntry& section = sections_.back();
  section.crc = Crc32c(section.crc, bytes.data(), bytes.size());
  section.bytes += bytes.size();
  return file_.Append(bytes);
}

Status ImageWriter::Finish() {
  Header header{};
  std::copy(std::begin(kMagic), std::end(kMagic), header.magic);
  header.format = kImageFormat;
  header.section_count = static_cast<uint32_t>(sections_.size());
  header.epoch = identity_.epoch;
  header.collection = ToInt(identity_.row.collection);
  header.version = identity_.row.version;
  identity_.row.token.copy(header.token, kTokenBytes);
  header.file_bytes = file_.bytes();
  std::copy(sections_.begin(), sections_.end(), header.sections);
  header.crc = Crc32c(0, &header, offsetof(Header, crc));
  RETURN_IF_ERROR(file_.WriteAt(0, std::as_bytes(std::span(&header, 1))));
  return file_.Sync();
}

std::unique_ptr<ImageReader> ImageReader::Open(const ImageFolder& folder, const ImageIdentity& identity) {
  Result<InputFile> file = InputFile::Open(folder.ImagePath(identity.row.token));
  if (!file.ok()) return nullptr;
  ImageWriter::Header header;
  if (!file->ReadAt(0, std::as_writable_bytes(std::span(&header, 1)))) return nullptr;
  if (!std::equal(std::begin(kMagic), std::end(kMagic), header.magic) || header.format != kImageFormat) return nullptr;
  if (header.crc != Crc32c(0, &header, offsetof(ImageWriter::Header, crc))) return nullptr;
  if (header.epoch != identity.epoch || header.collection != ToInt(identity.row.collection) ||
      header.version != identity.row.version || std::string_view(header.token, kTokenBytes) != identity.row.token)
    return nullptr;
  if (header.file_bytes != file->bytes() || header.section_count > ImageWriter::kSectionsMax) return nullptr;
  // One after the other, from the header to the end.
  uint64_t offset = sizeof header;
  for (uint32_t i = 0; i < header.section_count; ++i) {
    const ImageWriter::SectionEntry& section = header.sections[i];
    if (section.offset != offset || section.bytes > file->bytes() - offset || section.name.back() != 0) return nullptr;
    offset += section.bytes;
  }
  if (offset != file->bytes()) return nullptr;
  std::unique_ptr<ImageReader> reader(new ImageReader(std::move(*file)));
  reader->sections_.assign(header.sections, header.sections + header.section_count);
  return reader;
}

const ImageWriter::SectionEntry* ImageReader::Find(std::string_view name) const {
  for (const ImageWriter::SectionEntry& section : sections_) {
    if (name == section.name.data()) return &section;
  }
  return nullptr;
}

std::optional<size_t> ImageReader::BytesOf(std::string_view name) const {
  const ImageWriter::SectionEntry* section = Find(name);
  return section == nullptr ? std::nullopt : std::optional<size_t>(section->bytes);
}

bool ImageReader::Read(std::string_view name, std::span<std::byte> bytes) {
  const ImageWriter::SectionEntry* section = Find(name);
  if (section == nullptr || section->bytes != bytes.size()) return false;
  uint32_t crc = 0;
  for (uint64_t offset = section->offset; !bytes.empty();) {
    const std::span<std::byte> some = bytes.first(std::min(bytes.size(), kReadAtOnce));
    if (!file_.ReadAt(offset, some)) return false;
    crc = Crc32c(crc, some.data(), some.size());
    offset += some.size();
    bytes = bytes.subspan(some.size());
  }
  return crc == section->crc;
}

}  // namespace agentmemdb
