// An index image from anywhere, after a byte that says whether its checksums are made right: then what is in it is looked at,
// not only that somebody changed it. Either it is refused, or the collection can be used like any other.
#include <cstring>

#include "base/crc32c.h"
#include "fuzz/fuzz.h"
#include "fuzz/seed_image.h"
#include "support/files.h"
#include "support/temp_dir.h"

namespace agentmemdb {
namespace {

// docs/file-format.md.
constexpr size_t kHeaderBytes = 4096, kFirstSection = 80, kSectionBytes = 40, kSectionsMax = 64;

template <class T>
T At(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void Set(std::string* bytes, size_t offset, T value) {
  std::memcpy(bytes->data() + offset, &value, sizeof value);
}

// Sections follow one another to the end, and every checksum is that of what it stands for.
void MakeRight(std::string* image) {
  if (image->size() < kHeaderBytes) return;
  const size_t count = std::min<size_t>(At<uint32_t>(*image, 12), kSectionsMax);
  uint64_t offset = kHeaderBytes;
  for (size_t i = 0; i < count; ++i) {
    const size_t entry = kFirstSection + i * kSectionBytes;
    const uint64_t left = image->size() - offset;
    const uint64_t bytes = i + 1 == count ? left : std::min(left, At<uint64_t>(*image, entry + 24));
    Set(image, entry + 16, offset);
    Set(image, entry + 24, bytes);
    Set(image, entry + 32, Crc32c(0, image->data() + offset, bytes));
    offset += bytes;
  }
  Set<uint64_t>(image, 72, image->size());
  Set(image, kHeaderBytes - 4, Crc32c(0, image->data(), kHeaderBytes - 4));
}

struct Place {
  Place() : folder(dir.File("a.db")) { WriteSeedImage(folder); }
  TempDir dir;
  ImageFolder folder;
};

void Search(const Collection& collection, Random* random) {
  const std::vector<float> query = UnitVector(RandomVector(kSeedDimensions, random));
  VectorSearch search;
  search.query = query;
  search.k = 5;
  search.ef = 20;
  search.rows = collection.rows();
  EXPECT_THAT(collection.vectors()->Search(search, {}).ok());
}

void LinkAll(Collection* collection) {
  for (int step = 0; step < 100000; ++step) {
    Result<bool> more = collection->vectors()->LinkSome(true);
    EXPECT_THAT(more.ok());
    if (!*more) return;
  }
  Expect(false, "linking comes to an end");
}

void Use(Collection* collection) {
  Random random(2);
  (void)collection->vectors()->VerifyFile();
  (void)collection->vectors()->Check();
  Search(*collection, &random);
  int removed = 0;
  for (RowId row{0}; removed < 8; ++removed) {
    const std::optional<Collection::Place> next = collection->NextVisible(row, 0);
    if (!next) break;
    row = next->row;
    (void)collection->IdOf(next->slot);
    EXPECT_THAT(collection->SlotOf(row) == next->slot);
    if (removed % 2 == 0) collection->Delete(row);
  }
  LinkAll(collection);
  for (int i = 0; i < 6; ++i) PutSeed(collection, (int64_t{1} << 40) + i, "new" + std::to_string(i), true, &random);
  Search(*collection, &random);
  LinkAll(collection);
  Search(*collection, &random);
  EXPECT_THAT(collection->CountVisible(0) <= collection->known());
  if (std::unique_lock<std::mutex> still = collection->vectors()->HoldStill()) {
    SectionStore written;
    written.Take(collection->Write().sections);
  }
}

}  // namespace

void RunOne(std::string_view input) {
  static const Place place;
  if (input.empty()) return;
  std::string image(input.substr(1));
  if (input[0] % 2 != 0) MakeRight(&image);
  const ImageIdentity identity = SeedIdentity();
  WriteFile(place.folder.ImagePath(identity.row.token), image);
  const std::unique_ptr<ImageReader> reader = ImageReader::Open(place.folder, identity);
  if (reader == nullptr) return;
  const std::shared_ptr<Collection> collection = EmptySeedCollection();
  if (collection->Read(reader.get(), Require(MappedFile::Map(place.folder.VectorsPath(identity.row.token)))))
    Use(collection.get());
}

}  // namespace agentmemdb
