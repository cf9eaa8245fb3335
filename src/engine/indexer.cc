// Background work: linking vectors into graphs and saving them, in slices; copying the log into the file.
#include <algorithm>

#include "base/clock.h"
#include "engine/database.h"
#include "engine/texts.h"

namespace agentmemdb {
namespace {

constexpr uint64_t kEverything = UINT64_MAX;
constexpr int64_t kCheckpointBytes = int64_t{8} << 20;
// The log is written from its beginning again when all of it is copied, which the background never sees beside steady writes:
// a commit copies the rest when the log is long and the rest short. Where reads overlap, in this process or others, even that is
// not enough, since one of them always needs what is in the log: when it is too long a commit waits for those reads that have
// begun. If one takes longer, it is tried again so much later, and waits longer, as the log is longer; never as long as writers in
// other processes would by default.
constexpr int64_t kLogBytesLong = int64_t{64} << 20, kRestBytes = int64_t{4} << 20;
constexpr int64_t kLogBytesMax = int64_t{256} << 20, kLogBytesBetween = int64_t{64} << 20;
constexpr int64_t kReadsWaitMs = 1000, kReadsWaitMaxMs = 2000;
constexpr size_t kExpiredMin = 1000;
constexpr size_t kTextsAtOnce = 200;

bool HasTextsToDo(const Collection& collection) {
  const Bm25Index& texts = collection.texts();
  return texts.active() && (texts.known() < static_cast<size_t>(collection.known()) || texts.HasMerge());
}

}  // namespace

bool Database::HasLogToCopy() const { return !has_failed_ && store_->UncopiedBytes() > kCheckpointBytes; }

void Database::CopyLog() {
  if (HasLogToCopy()) RefuseWritesAfter(store_->Checkpoint());
}

void Database::BoundLog() {
  const int64_t log = store_->LogBytes(), rest = store_->UncopiedBytes();
  if (rest <= 0 || log <= kLogBytesLong || (log <= kLogBytesMax && rest >= kRestBytes)) return;
  const Status copied = store_->Checkpoint();
  RefuseWritesAfter(copied);
  if (log <= kLogBytesMax) log_bytes_held_ = 0;
  if (!copied.ok() || log <= std::max(kLogBytesMax, log_bytes_held_ + kLogBytesBetween)) return;
  const Status emptied =
      store_->EmptyLog(static_cast<int>(std::min(kReadsWaitMaxMs, kReadsWaitMs * log / kLogBytesMax)));
  log_bytes_held_ = emptied.ok() ? 0 : log;
  if (emptied.code() == Code::kIo) RefuseWritesAfter(emptied);
}

bool Database::HasBackgroundWork() {
  {
    std::shared_lock guard(index_lock_);
    for (const auto& [id, collection] : collections_) {
      if (collection->vectors() != nullptr && collection->vectors()->HasUnlinked()) return true;
    }
  }
  return TextsToDo().has_value() || HasSaveToDo();
}

std::optional<CollectionId> Database::TextsToDo() {
  std::shared_lock guard(index_lock_);
  for (const auto& [id, collection] : collections_) {
    if (HasTextsToDo(*collection)) return collection->id();
  }
  return std::nullopt;
}

Result<bool> Database::WorkOnTexts(CollectionId id, const CancelToken& cancel) {
  bool more = false;
  RETURN_IF_ERROR(Read(cancel, [&](const ReadView& view) -> Status {
    Result<const Collection*> found = view.Find(id);
    if (!found.ok()) return found.status();
    Bm25Index& texts = (*found)->texts();
    if (!texts.active()) return {};
    Result<bool> unknown = LearnTexts(view, **found, kTextsAtOnce, cancel);
    if (!unknown.ok()) return unknown.status();
    try {
      const bool merging = texts.MergeSome();  // What is learnt never comes to an end beside steady writes.
      more = *unknown || merging;
    } catch (const std::bad_alloc&) {
      return Status(Code::kLimit, "out of memory while merging the keyword index");
    }
    return {};
  }));
  return more;
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
    const std::optional<CollectionId> texts = TextsToDo();
    if (chosen == nullptr && !texts) return SaveSome(deadline);
    if (chosen != nullptr) {
      next_linked_ = ToInt(chosen->id());
      // Words do not wait until all is linked, which it never is beside steady writes.
      const int64_t left = deadline - MonotonicMicros();
      const Result<bool> reached = LinkUpTo(chosen->id(), kEverything, texts ? left / 2 : left, cancel);
      if (!reached.ok() && reached.status().code() != Code::kNotFound) return reached.status();
    }
    if (texts) {
      const Result<bool> worked = WorkOnTexts(*texts, cancel);
      if (!worked.ok() && worked.status().code() != Code::kNotFound) return worked.status();
    }
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
