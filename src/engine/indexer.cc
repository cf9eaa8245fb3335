// Background work: linking vectors into graphs and saving them, in slices; copying the log into the file.
#include <algorithm>

#include "base/clock.h"
#include "engine/database.h"

namespace agentmemdb {
namespace {

constexpr uint64_t kEverything = UINT64_MAX;
constexpr int64_t kCheckpointBytes = int64_t{16} << 20;
constexpr size_t kExpiredMin = 1000;

}  // namespace

bool Database::HasLogToCopy() const { return store_->UncopiedBytes() > kCheckpointBytes; }

void Database::CopyLog() {
  if (HasLogToCopy()) RefuseWritesAfter(store_->Checkpoint());
}

bool Database::HasBackgroundWork() {
  {
    std::shared_lock guard(index_lock_);
    for (const auto& [id, collection] : collections_) {
      if (collection->vectors() != nullptr && collection->vectors()->HasUnlinked()) return true;
    }
  }
  return HasSaveToDo();
}

void Database::LookForExpired() {
  std::shared_lock guard(index_lock_);
  const TimeMs now = NowMs();
  has_expired_ = !read_only() && std::any_of(collections_.begin(), collections_.end(), [&](const auto& entry) {
    return entry.second->Expired(now, kExpiredMin).size() == kExpiredMin;
  });
}

Result<bool> Database::RunBackground(int64_t budget_micros, const CancelToken& cancel) {
  const int64_t deadline = MonotonicMicros() + budget_micros;
  LookForExpired();
  for (;;) {
    std::shared_ptr<Collection> chosen;
    {
      std::shared_lock guard(index_lock_);
      // Round robin: the first collection after the last one served, or the first of all.
      for (const auto& [id, collection] : collections_) {
        if (collection->vectors() == nullptr || !collection->vectors()->HasUnlinked()) continue;
        if (chosen == nullptr || (id > next_linked_ && ToInt(chosen->id()) <= next_linked_)) chosen = collection;
      }
    }
    if (chosen == nullptr) return SaveSome(deadline);
    next_linked_ = ToInt(chosen->id());
    Result<bool> reached = LinkUpTo(chosen->id(), kEverything, deadline - MonotonicMicros(), cancel);
    if (!reached.ok() && reached.status().code() != Code::kNotFound) return reached.status();
    if (MonotonicMicros() >= deadline) return HasBackgroundWork();
  }
}

Result<bool> Database::LinkUpTo(CollectionId collection, uint64_t mark, int64_t budget_micros,
                                const CancelToken& cancel) {
  const int64_t deadline = MonotonicMicros() + budget_micros;
  const bool thorough = mark != kEverything;  // Somebody waits for it.
  for (;;) {
    RETURN_IF_ERROR(cancel.Check());
    // The lock is taken for one small piece at a time, so that a commit never waits for longer.
    std::shared_lock guard(index_lock_);
    Result<Collection*> found = CollectionBy(collection);
    if (!found.ok()) return found.status();
    VectorIndex* vectors = (*found)->vectors();
    if (vectors == nullptr || vectors->IsLinked(mark)) return true;
    Result<bool> more = vectors->LinkSome(thorough);
    if (!more.ok()) return more.status();
    if (!*more) return true;
    if (MonotonicMicros() >= deadline) return vectors->IsLinked(mark);
  }
}

}  // namespace agentmemdb
