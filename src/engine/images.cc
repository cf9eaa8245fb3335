// Index images: read when a database is opened, written when it is closed and now and then, never missed. docs/decisions/0008.
#include <algorithm>

#include "base/clock.h"
#include "base/retry.h"
#include "engine/database.h"
#include "engine/image_save.h"

namespace agentmemdb {
namespace {

// In the background a collection is saved when so many of its records have changed, and this part of them.
constexpr uint64_t kChangedMin = 5000, kChangedShare = 10;
// At close, when this part has: fewer are sooner read from the file again than all is written.
constexpr uint64_t kChangedShareAtClose = 1000;
// And when this part of the texts was learnt since.
constexpr uint64_t kTextsShareAtClose = 10;
constexpr int64_t kSettleMicros = 1000000;
constexpr int kLockStepMs = 5, kBusyTimeoutMs = 1000;
// After a save that did not come off the next waits so long, then twice as long, ...
constexpr int64_t kRetryMicros = 1000000;
constexpr int kRetryDoublingsMax = 10;

// Nobody is told: an image that is not there costs time only.
Status NotWritten() { return Status(Code::kIo, "the image was not written"); }

}  // namespace

void Database::MakeSaving() {
  if (!store_->in_memory() && !read_only()) saving_ = std::make_shared<Saving>();
}

// Loading.

void Database::LoadImages(ReadTransaction* rows, const DatabaseHeader& header, ScanFloors* floors) {
  if (store_->in_memory()) return;
  Result<std::vector<ImageRow>> images = rows->Images();
  if (!images.ok()) return;
  for (const ImageRow& row : *images) {
    const auto found = collections_.find(ToInt(row.collection));
    // Changes before the floor of the log are not known one by one.
    if (found == collections_.end() || refused_images_.contains(row.token) || row.version < header.log_floor ||
        row.version > header.change_version)
      continue;
    std::shared_ptr<Collection> collection = ReadImage(*found->second, {row, header.epoch});
    if (collection == nullptr) continue;
    found->second = std::move(collection);
    floors->of[ToInt(row.collection)] = row.version;
  }
}

std::shared_ptr<Collection> Database::ReadImage(const Collection& like, const ImageIdentity& identity) const {
  const ImageFolder folder(path());
  const std::unique_ptr<ImageReader> image = ImageReader::Open(folder, identity);
  const bool has_vectors = like.vectors() != nullptr;  // Otherwise that file is empty.
  Result<MappedFile> vectors =
      has_vectors ? MappedFile::Map(folder.VectorsPath(identity.row.token)) : Result<MappedFile>(MappedFile());
  if (image == nullptr || !vectors.ok()) return nullptr;
  const auto bytes = static_cast<int64_t>(image->bytes() + vectors->bytes());
  auto collection = std::make_shared<Collection>(like.id(), like.name(), like.options());
  if (!collection->Read(image.get(), std::move(*vectors))) return nullptr;
  collection->set_image({identity.row.token, identity.row.version, bytes});
  return collection;
}

bool Database::RefuseImages(const std::function<bool(const Collection&)>& wrong) {
  bool refused = false;
  for (const auto& [id, collection] : collections_) {
    if (!collection->image() || !wrong(*collection)) continue;
    refused_images_.insert(collection->image()->token);
    refused = true;
  }
  if (refused) ForgetEverything();
  return refused;
}

Status Database::ForgetDamagedImages(const CancelToken& cancel) {
  std::unique_lock guard(write_mutex_, std::defer_lock);
  while (!TryLockFor(&guard, kLockStepMs)) RETURN_IF_ERROR(cancel.Check());
  std::unique_lock alone(index_lock_);
  RefuseImages([](const Collection& collection) { return collection.damaged_image(); });
  return {};
}

// Saving.

bool Database::WantsSave(const Collection& collection, bool closing) const {
  if (!collection.WantsImage() || collection.damaged_image()) return false;
  // Records that could not be read now may be read when it is opened next: not from an image without them.
  if (collection.damaged() > 0) return false;
  const auto records = static_cast<uint64_t>(collection.known());
  if (closing)
    return !collection.image() || collection.changes_since_image() * kChangedShareAtClose > records ||
           collection.texts_since_image() * kTextsShareAtClose > records;
  const bool is_linked = collection.vectors() == nullptr || !collection.vectors()->HasUnlinked();
  return is_linked && collection.writes_since_image() >= std::max(kChangedMin, records / kChangedShare);
}

std::shared_ptr<Collection> Database::NextToSave(bool closing, const std::set<int64_t>& tried) {
  const int64_t now = MonotonicMicros();
  std::shared_lock guard(index_lock_);
  for (const auto& [id, collection] : collections_) {
    const auto retry = saving_->retries.find(id);
    const bool waits = !closing && retry != saving_->retries.end() && now < retry->second.not_before_micros;
    if (!waits && !tried.contains(id) && WantsSave(*collection, closing)) return collection;
  }
  return nullptr;
}

// Under write_mutex_ nobody puts anything, nor is about to. kBusy: try again.
Status Database::BeginSave(const std::shared_ptr<Collection>& collection) {
  std::unique_lock guard(write_mutex_, std::defer_lock);
  if (!TryLockFor(&guard, kLockStepMs)) return Status(Code::kBusy, "somebody writes");
  RETURN_IF_ERROR(CheckMayWrite());
  Result<std::unique_ptr<ReadTransaction>> rows = store_->BeginRead();
  if (!rows.ok()) return rows.status();
  Result<DatabaseHeader> header = (*rows)->Header();
  if (!header.ok()) return header.status();
  std::shared_lock shared(index_lock_);
  // What another process has deleted and erased must not be written again.
  if (header->epoch != epoch_ || header->log_floor > applied_) return Status(Code::kConflict, "memory is too old");
  const auto found = collections_.find(ToInt(collection->id()));
  if (found != collections_.end() && found->second == collection)
    saving_->save = ImageSave::Begin(ImageFolder(path()), collection, epoch_, applied_);
  return saving_->save != nullptr ? Status() : Status(Code::kConflict, "the collection has changed");
}

// kBusy: try again.
Status Database::CommitSave() {
  ImageSave* save = saving_->save.get();
  {
    std::unique_lock guard(write_mutex_, std::defer_lock);
    if (!TryLockFor(&guard, kLockStepMs)) return Status(Code::kBusy, "somebody writes");
    RETURN_IF_ERROR(CheckMayWrite());
    Result<std::unique_ptr<WriteTransaction>> transaction = store_->BeginWrite(/*synced=*/true);
    if (!transaction.ok()) return transaction.status();
    Result<DatabaseHeader> header = (*transaction)->Header();
    if (!header.ok()) return header.status();
    const ImageIdentity& image = save->identity();
    if (header->epoch != image.epoch || header->log_floor > image.row.version)
      return Status(Code::kConflict, "the data were replaced, or compacted");
    RETURN_IF_ERROR((*transaction)->SetImage(save->identity().row));
    // From here on the token may be in the file, even if the commit fails: the next open may find it in the log.
    save->Keep();
    const Status committed = (*transaction)->CommitDerived();
    if (committed.code() == Code::kIo) NoteFailure(committed);
    RETURN_IF_ERROR(committed);
  }
  const bool has_vectors = save->collection()->vectors() != nullptr;
  Result<MappedFile> vectors = has_vectors
                                   ? MappedFile::Map(ImageFolder(path()).VectorsPath(save->identity().row.token))
                                   : Result<MappedFile>(MappedFile());
  std::shared_ptr<void> freed;
  {
    std::unique_lock alone(index_lock_);
    if (save->StillTrue()) {
      save->collection()->set_image(save->info());
      if (has_vectors && vectors.ok()) freed = save->UseFile(std::move(*vectors));
    }
  }
  return {};
}

void Database::EndSave(CollectionId collection, bool saved) {
  if (saved) {
    saving_->retries.erase(ToInt(collection));
    (void)RemoveForeignImages();  // Who is next does it.
    CountMemory();
  } else {
    Saving::Retry& retry = saving_->retries[ToInt(collection)];
    retry.not_before_micros = MonotonicMicros() + (kRetryMicros << std::min(retry.failures++, kRetryDoublingsMax));
  }
  saving_->save.reset();
}

Status Database::RemoveForeignImages() {
  Result<std::vector<ImageRow>> images = std::vector<ImageRow>();
  // Not knowing which there are, everyone would look foreign.
  RETURN_IF_ERROR(ReadFile([&](ReadTransaction* rows) {
    images = rows->Images();
    return images.status();
  }));
  const ImageFolder folder(path());
  if (!folder.HasForeign(*images)) return {};
  // After power loss an older state would be there, with the images that it had.
  const Status synced = store_->SyncLog();
  RefuseWritesAfter(synced);
  RETURN_IF_ERROR(synced);
  return folder.RemoveForeign(*images);
}

void Database::TidyImages() {
  const ImageFolder folder(path());
  if (saving_ == nullptr || !folder.exists()) return;
  if (const Result<FileLock> lock = folder.Lock(); lock.ok()) (void)RemoveForeignImages();
}

bool Database::HasSaveToDo() {
  if (saving_ == nullptr) return false;
  const std::unique_lock guard(saving_->mutex, std::try_to_lock);
  return guard && (saving_->save != nullptr || NextToSave(/*closing=*/false, {}) != nullptr);
}

bool Database::SaveSome(int64_t deadline_micros) {
  if (saving_ == nullptr) return false;
  const std::unique_lock guard(saving_->mutex, std::try_to_lock);
  if (!guard) return false;  // Another thread is at it, and goes on.
  do {
    if (saving_->save == nullptr) {
      const std::shared_ptr<Collection> next = NextToSave(/*closing=*/false, {});
      if (next == nullptr) return false;
      const Status begun = BeginSave(next);
      if (begun.code() == Code::kBusy) return true;
      if (!begun.ok()) EndSave(next->id(), false);
      continue;
    }
    const CollectionId id = saving_->save->collection()->id();
    const ImageSave::Progress progress = saving_->save->Work(&index_lock_);
    if (progress == ImageSave::Progress::kWorked) continue;
    const Status committed = progress == ImageSave::Progress::kWritten ? CommitSave() : NotWritten();
    if (committed.code() == Code::kBusy) return true;
    EndSave(id, committed.ok());
  } while (MonotonicMicros() < deadline_micros);
  return saving_->save != nullptr || NextToSave(/*closing=*/false, {}) != nullptr;
}

void Database::SaveOnClose(const CancelToken& cancel) {
  if (saving_ == nullptr) return;
  const std::lock_guard guard(saving_->mutex);
  SaveEverything(cancel);
}

void Database::SaveEverything(const CancelToken& cancel) {
  saving_->save.reset();  // Begun in the background: it may be of a state that has passed.
  std::set<int64_t> tried;
  while (const std::shared_ptr<Collection> next = NextToSave(/*closing=*/true, tried)) {
    tried.insert(ToInt(next->id()));
    if (!Settle(next.get(), cancel) || !BeginSave(next).ok()) continue;
    EndSave(next->id(), FinishSave(cancel).ok());
  }
}

// Ends what linking has begun, unless that takes long.
bool Database::Settle(Collection* collection, const CancelToken& cancel) {
  if (collection->vectors() == nullptr) return true;
  const int64_t deadline = MonotonicMicros() + kSettleMicros;
  while (MonotonicMicros() < deadline && cancel.Check().ok()) {
    std::shared_lock guard(index_lock_);
    Result<bool> more = collection->vectors()->SettleSome();
    if (!more.ok()) return false;
    if (!*more) return true;
  }
  return false;
}

Status Database::FinishSave(const CancelToken& cancel) {
  ImageSave::Progress progress;
  do {
    RETURN_IF_ERROR(cancel.Check());
    progress = saving_->save->Work(&index_lock_);
  } while (progress == ImageSave::Progress::kWorked);
  if (progress == ImageSave::Progress::kFailed) return NotWritten();
  return RetryWhileBusy(kBusyTimeoutMs, cancel, [this] { return CommitSave(); });
}

}  // namespace agentmemdb
