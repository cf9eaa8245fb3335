// The reading verbs beside search and find.
#include <algorithm>

#include "base/clock.h"
#include "engine/search.h"

namespace agentmemdb {
namespace {

CollectionInfo InfoOf(const Collection& collection) {
  return {collection.id(), collection.name(), collection.options()};
}

}  // namespace

Result<std::optional<RecordOutput>> Get(Database* database, CollectionId collection, const std::string& id,
                                        const Include& include, const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateId(id, "id"));
  std::optional<RecordOutput> record;
  const Status status =
      ReadCollection(database, collection, cancel, [&](const ReadView& view, const Collection&) -> Status {
        Result<std::optional<RecordRow>> row = view.rows->Find(collection, id);
        if (!row.ok()) return row.status();
        if (*row && !(*row)->ExpiredAt(NowMs())) record = ToOutput(**row, include);
        return {};
      });
  return Finish(status, std::move(record));
}

Result<bool> Has(Database* database, CollectionId collection, const std::string& id, const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateId(id, "id"));
  bool has = false;
  const Status status =
      ReadCollection(database, collection, cancel, [&](const ReadView& view, const Collection&) -> Status {
        Result<bool> found = view.rows->Has(collection, id, NowMs());
        if (!found.ok()) return found.status();
        has = *found;
        return {};
      });
  return Finish(status, has);
}

Result<int64_t> Count(Database* database, CollectionId id, const CancelToken& cancel) {
  int64_t count = 0;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView&, const Collection& collection) -> Status {
        count = collection.CountVisible(NowMs());
        return {};
      });
  return Finish(status, count);
}

Result<CollectionStats> StatsOf(Database* database, CollectionId id, const CancelToken& cancel) {
  CollectionStats stats;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView&, const Collection& collection) -> Status {
        stats.info = InfoOf(collection);
        const TimeMs now = NowMs();
        stats.records = collection.CountVisible(now);
        stats.damaged = collection.damaged();
        stats.vectors = collection.CountVisibleVectors(now);
        if (collection.vectors() != nullptr) stats.index = collection.vectors()->stats();
        stats.searches = collection.searches().Get();
        stats.image = collection.image();
        stats.fields = collection.fields().stats();
        if (collection.texts().active()) stats.texts = collection.texts().stats();
        const std::lock_guard guard(collection.profile().mutex);
        stats.profile = collection.profile().profile;
        return {};
      });
  return Finish(status, std::move(stats));
}

Result<std::vector<CollectionInfo>> ListCollections(Database* database, const CancelToken& cancel) {
  std::vector<CollectionInfo> infos;
  const Status status = database->Read(cancel, [&](const ReadView& view) -> Status {
    for (const auto& [id, collection] : *view.collections) infos.push_back(InfoOf(*collection));
    return {};
  });
  std::sort(infos.begin(), infos.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return Finish(status, std::move(infos));
}

Result<std::optional<CollectionInfo>> FindCollection(Database* database, const std::string& name,
                                                     const CollectionRequest& request, bool may_add,
                                                     const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateName(name));
  RETURN_IF_ERROR(request.Validate());
  std::optional<CollectionInfo> info;
  const Status status = database->Read(cancel, [&](const ReadView& view) -> Status {
    for (const auto& [id, collection] : *view.collections) {
      if (collection->name() != name) continue;
      RETURN_IF_ERROR(request.Agrees(collection->options(), name));
      if (!may_add || !request.Adds(collection->options())) info = InfoOf(*collection);
    }
    return {};
  });
  return Finish(status, std::move(info));
}

Result<uint64_t> AddedMark(Database* database, CollectionId id, const CancelToken& cancel) {
  uint64_t mark = 0;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView&, const Collection& collection) -> Status {
        if (collection.vectors() != nullptr) mark = collection.vectors()->AddedMark();
        return {};
      });
  return Finish(status, mark);
}

}  // namespace agentmemdb
