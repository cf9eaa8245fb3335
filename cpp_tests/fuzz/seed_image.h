// The index image that inputs of the image target are made of: small, with everything that an image can hold.
#pragma once

#include <memory>
#include <string>

#include "engine/collection.h"
#include "storage/index_image.h"
#include "support/section_store.h"
#include "support/test_database.h"
#include "support/vectors.h"

namespace agentmemdb {

constexpr uint32_t kSeedDimensions = 4, kSeedRecords = 40;

inline ImageIdentity SeedIdentity() { return {{CollectionId{1}, std::string(32, 'a'), 1}, 1}; }

inline std::shared_ptr<Collection> EmptySeedCollection() {
  CollectionRequest request = Graph(kSeedDimensions, Metric::kCosine, 0);
  request.hnsw_m = 4;
  request.hnsw_ef_construction = 10;
  return std::make_shared<Collection>(CollectionId{1}, "c", request.WithDefaults());
}

inline void PutSeed(Collection* collection, int64_t row, const std::string& id, bool has_vector, Random* random) {
  const Slot slot = collection->Reserve(1).front();
  collection->Stage(slot, id, has_vector ? RandomVector(kSeedDimensions, random) : std::vector<float>());
  collection->Put(slot, RowId{row}, has_vector, row % 7 == 0 ? std::optional<TimeMs>(row) : std::nullopt);
}

// Linked records, some removed, some that wait to be linked; ids of every kind; some without a vector, some that expire.
inline std::shared_ptr<Collection> SeedCollection() {
  Random random(1);
  std::shared_ptr<Collection> collection = EmptySeedCollection();
  for (int64_t row = 1; row <= kSeedRecords; ++row) {
    const char* const ids[] = {"short", "0198c5a2-0000-7000-8000-0000000000",
                               "an id that is longer than sixteen bytes "};
    const std::string number = std::to_string(10 + row);
    PutSeed(collection.get(), row, ids[row % 3] + number, row % 5 != 0, &random);
    if (row == kSeedRecords - 5) {
      for (Result<bool> more = true; more.ok() && *more;) more = collection->vectors()->LinkSome(true);
    }
  }
  collection->Delete(RowId{3});
  collection->Delete(RowId{12});
  for (Result<bool> more = true; more.ok() && *more;) more = collection->vectors()->SettleSome();
  return collection;
}

// Writes both files of the image into the folder.
inline void WriteSeedImage(const ImageFolder& folder) {
  const std::shared_ptr<Collection> collection = SeedCollection();
  Require(MakeFolder(folder.ImagePath("").substr(0, folder.ImagePath("").rfind('/')), "/"));
  IndexParts parts = collection->Write();
  NewFile vectors = Require(NewFile::Create(folder.VectorsPath(SeedIdentity().row.token), "/"));
  const std::string bytes = AllParts(std::move(parts.vectors));
  Require(vectors.Append(std::as_bytes(std::span(bytes))));
  const std::unique_ptr<ImageWriter> image = Require(ImageWriter::Create(folder, SeedIdentity()));
  for (Section& section : parts.sections) {
    image->BeginSection(section.name);
    Bytes part;
    while (section.next(&part)) {
    }
    Require(image->Append(part));
  }
  Require(image->Finish());
}

}  // namespace agentmemdb
