#include "engine/search.h"

#include <algorithm>

#include "base/clock.h"
#include "engine/find.h"

namespace agentmemdb {
namespace {

Status CheckRange(uint32_t value, const char* argument) {
  if (value >= 1 && value <= limits::kResultsMax) return {};
  return Status::InvalidArgument(argument, "must be an integer in 1..10000, got " + std::to_string(value));
}

// The records of the neighbours found, in their order, from the same committed state. Ids alone are in memory.
Status Hydrate(const ReadView& view, const Collection& collection, const SearchQuery& query, const CancelToken& cancel,
               SearchOutput* output) {
  const Metric metric = collection.options().metric;
  const bool ids_only = !query.include.text && !query.include.metadata && !query.include.vector;
  output->hits.reserve(output->found.neighbors.size());
  for (const Neighbor& neighbor : output->found.neighbors) {
    if (output->hits.size() % 64 == 63) RETURN_IF_ERROR(cancel.Check());
    if (ids_only) {
      Hit& hit = output->hits.emplace_back();
      hit.score = RawToScore(metric, neighbor.raw);
      hit.distance = RawToDistance(metric, neighbor.raw);
      hit.record.id = collection.IdOf(neighbor.slot);
      continue;
    }
    Result<std::optional<RecordRow>> row = view.rows->FindRow(neighbor.row);
    if (!row.ok()) return row.status();
    if (!*row) return VanishedRecord(neighbor.row);
    output->hits.push_back(
        {RawToScore(metric, neighbor.raw), RawToDistance(metric, neighbor.raw), ToOutput(**row, query.include)});
  }
  return {};
}

CollectionInfo InfoOf(const Collection& collection) {
  return {collection.id(), collection.name(), collection.options()};
}

// *damaged: the search met bytes that an index image should not have, and its answer is worth nothing.
Result<SearchOutput> TrySearch(Database* database, CollectionId id, const SearchQuery& query, const CancelToken& cancel,
                               bool* damaged) {
  SearchOutput output;
  const Status status =
      ReadCollection(database, id, cancel, [&](const ReadView& view, const Collection& collection) -> Status {
        RETURN_IF_ERROR(query.Validate(collection.options()));
        const Metric metric = collection.options().metric;
        std::vector<float> unit;
        VectorSearch search;
        search.query = query.vector;
        if (metric == Metric::kCosine) {
          unit.resize(query.vector.size());
          Normalise(query.vector, unit.data());
          search.query = unit;
        }
        search.k = query.k;
        search.ef = query.ef;
        search.exact = query.exact;
        search.rows = collection.rows();
        const TimeMs now = NowMs();
        const int64_t begun = MonotonicMicros();
        std::optional<IdSet> allowed = collection.VisibleAmong(now);
        if (query.filter) {
          Result<IdSet> matching = MatchingSlots(view, collection, *query.filter, now, cancel);
          if (!matching.ok()) return matching.status();
          allowed = std::move(*matching);
        }
        search.allowed = allowed ? &*allowed : nullptr;
        const int64_t start = MonotonicMicros();
        Result<VectorSearchResult> found = collection.vectors()->Search(search, cancel);
        if (!found.ok()) return found.status();
        *damaged = collection.vectors()->damaged();
        if (*damaged) return {};
        output.found = std::move(*found);
        collection.searches().Add(output.found);
        const int64_t searched = MonotonicMicros();
        RETURN_IF_ERROR(Hydrate(view, collection, query, cancel, &output));
        if (allowed) output.allowed = static_cast<uint32_t>(allowed->Count());
        output.filter_micros = start - begun;
        output.search_micros = searched - start;
        output.hydrate_micros = MonotonicMicros() - searched;
        return {};
      });
  return Finish(status, std::move(output));
}

}  // namespace

Status SearchQuery::Validate(const CollectionOptions& options) const {
  if (options.dimensions == 0)
    return Status::InvalidArgument("query.vector", "is not possible: the collection was created without dimensions");
  if (vector.size() != options.dimensions)
    return Status::InvalidArgument("query.vector", "must have " + std::to_string(options.dimensions) +
                                                       " numbers, got " + std::to_string(vector.size()));
  double norm;
  RETURN_IF_ERROR(CheckVector(options.metric, vector, "query.vector", &norm));
  RETURN_IF_ERROR(CheckRange(k, "query.k"));
  return CheckRange(ef, "query.ef");
}

Result<SearchOutput> Search(Database* database, CollectionId id, const SearchQuery& query, const CancelToken& cancel) {
  for (;;) {
    bool damaged = false;
    Result<SearchOutput> output = TrySearch(database, id, query, cancel, &damaged);
    if (!damaged) return output;
    RETURN_IF_ERROR(database->ForgetDamagedImages(cancel));
  }
}

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
                                                     const CollectionRequest& request, const CancelToken& cancel) {
  RETURN_IF_ERROR(ValidateName(name));
  RETURN_IF_ERROR(request.Validate());
  std::optional<CollectionInfo> info;
  const Status status = database->Read(cancel, [&](const ReadView& view) -> Status {
    for (const auto& [id, collection] : *view.collections) {
      if (collection->name() != name) continue;
      RETURN_IF_ERROR(request.Agrees(collection->options(), name));
      info = InfoOf(*collection);
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
