// What verify() asks of the engine: the graphs, and the images.
#include <algorithm>

#include "engine/database.h"

namespace agentmemdb {

Result<VectorIndexCheck> Database::CheckIndex(CollectionId collection, const CancelToken& cancel) {
  for (;;) {
    RETURN_IF_ERROR(cancel.Check());
    std::shared_lock guard(index_lock_);
    Result<Collection*> found = CollectionBy(collection);
    if (!found.ok()) return found.status();
    VectorIndex* vectors = (*found)->vectors();
    if (vectors == nullptr) return VectorIndexCheck();
    if (const std::unique_lock still = vectors->HoldStill()) return vectors->Check();
    Result<bool> more = vectors->SettleSome();
    if (!more.ok()) return more.status();
  }
}

Result<std::vector<ImageCheck>> Database::CheckImages(const CancelToken& cancel) {
  std::vector<ImageCheck> checks;
  if (store_->in_memory()) return checks;
  const ImageFolder folder(path());
  std::vector<std::pair<ImageIdentity, std::unique_ptr<Collection>>> images;
  const auto list = [&](ReadTransaction* rows) -> Status {
    Result<DatabaseHeader> header = rows->Header();
    if (!header.ok()) return header.status();
    Result<std::vector<CollectionRow>> collections = rows->Collections();
    if (!collections.ok()) return collections.status();
    Result<std::vector<ImageRow>> known = rows->Images();
    if (!known.ok()) return known.status();
    for (const ImageRow& row : *known) {
      const auto of = std::find_if(collections->begin(), collections->end(),
                                   [&](const CollectionRow& each) { return each.id == row.collection; });
      // A copy of the file has none, nor one whose folder was deleted, as anybody may.
      const bool gone = !FileExists(folder.ImagePath(row.token)) && !FileExists(folder.VectorsPath(row.token));
      if (of == collections->end() || gone) continue;
      Result<CollectionOptions> options = CollectionOptions::FromJson(of->options);
      if (!options.ok()) continue;
      images.emplace_back(ImageIdentity{row, header->epoch}, std::make_unique<Collection>(of->id, of->name, *options));
    }
    return {};
  };
  RETURN_IF_ERROR(ReadFile(list));
  for (const auto& [identity, like] : images) {
    RETURN_IF_ERROR(cancel.Check());
    const std::shared_ptr<Collection> image = ReadImage(*like, identity);
    const bool sound = image != nullptr && (image->vectors() == nullptr || image->vectors()->VerifyFile());
    checks.push_back({identity.row.collection, identity.row.token, sound});
  }
  // An image that another took the place of meanwhile is gone for that reason.
  images.clear();
  RETURN_IF_ERROR(ReadFile(list));
  std::erase_if(checks, [&](const ImageCheck& check) {
    return !check.sound && std::none_of(images.begin(), images.end(),
                                        [&](const auto& image) { return image.first.row.token == check.token; });
  });
  return checks;
}

}  // namespace agentmemdb
