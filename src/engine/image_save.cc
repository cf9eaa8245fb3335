#include "engine/image_save.h"

#include <shared_mutex>

namespace agentmemdb {
namespace {

// Written before the disk is waited for: what is left for the end then takes a moment, not seconds.
constexpr uint64_t kUnsyncedMax = uint64_t{8} << 20;

std::unique_lock<std::mutex> HoldStill(Collection& collection) {
  return collection.vectors() == nullptr ? std::unique_lock<std::mutex>() : collection.vectors()->HoldStill();
}

}  // namespace

std::unique_ptr<ImageSave> ImageSave::Begin(const ImageFolder& folder, std::shared_ptr<Collection> collection,
                                            int64_t epoch, Version version) {
  const std::unique_lock still = HoldStill(*collection);
  if (collection->vectors() != nullptr && !still) return nullptr;
  const CollectionId id = collection->id();
  return std::unique_ptr<ImageSave>(
      new ImageSave(folder, std::move(collection), {{id, NewImageToken(), version}, epoch}));
}

ImageSave::~ImageSave() {
  if (!kept_ && vectors_file_ != nullptr) folder_.Remove(identity_.row.token);
}

ImageSave::Progress ImageSave::Work(WriterPreferringLock* index_lock) {
  if (lock_ == nullptr && !CreateFiles().ok()) return Progress::kFailed;
  if (section_ == parts_.sections.size()) return FinishFiles().ok() ? Progress::kWritten : Progress::kFailed;
  if (!MakePart(index_lock)) return Progress::kFailed;
  return WritePart().ok() && SyncNowAndThen().ok() ? Progress::kWorked : Progress::kFailed;
}

Status ImageSave::CreateFiles() {
  Result<FileLock> lock = folder_.Lock();
  if (!lock.ok()) return lock.status();
  Result<NewFile> vectors = NewFile::Create(folder_.VectorsPath(identity_.row.token), folder_.database());
  if (!vectors.ok()) return vectors.status();
  vectors_file_ = std::make_unique<NewFile>(std::move(*vectors));
  Result<std::unique_ptr<ImageWriter>> image = ImageWriter::Create(folder_, identity_);
  if (!image.ok()) return image.status();
  image_ = std::move(*image);
  lock_ = std::make_unique<FileLock>(std::move(*lock));
  return {};
}

bool ImageSave::MakePart(WriterPreferringLock* index_lock) {
  part_.clear();
  std::shared_lock guard(*index_lock);
  if (!StillTrue()) return false;
  const std::unique_lock still = HoldStill(*collection_);
  if (collection_->vectors() != nullptr && !still) return false;
  more_ = vectors_done_ ? parts_.sections[section_].next(&part_) : parts_.vectors(&part_);
  return !collection_->damaged_image();  // What was read just now, too.
}

Status ImageSave::WritePart() {
  unsynced_bytes_ += part_.size();
  if (!vectors_done_) {
    vectors_done_ = !more_;
    return vectors_file_->Append(part_);
  }
  if (!section_begun_) image_->BeginSection(parts_.sections[section_].name);
  section_begun_ = more_;
  if (!more_) ++section_;
  return image_->Append(part_);
}

Status ImageSave::SyncNowAndThen() {
  if (unsynced_bytes_ < kUnsyncedMax) return {};
  unsynced_bytes_ = 0;
  return vectors_done_ ? image_->Sync() : vectors_file_->Sync();
}

Status ImageSave::FinishFiles() {
  RETURN_IF_ERROR(vectors_file_->Sync());
  RETURN_IF_ERROR(image_->Finish());
  return folder_.Sync();
}

ImageInfo ImageSave::info() const {
  return {identity_.row.token, identity_.row.version, static_cast<int64_t>(vectors_file_->bytes() + image_->bytes())};
}

std::shared_ptr<void> ImageSave::UseFile(MappedFile vectors) const {
  return collection_->vectors()->UseFile(std::move(vectors), *parts_.crcs);
}

}  // namespace agentmemdb
