// The writing of one index image, in slices: what is in memory is copied a part at a time under the index lock, and written
// without. It is one state of the collection, or nothing: a change in between ends it.
#pragma once

#include <memory>
#include <vector>

#include "base/shared_lock.h"
#include "engine/database.h"
#include "storage/index_image.h"

namespace agentmemdb {

// Threads: one at a time.
class ImageSave {
 public:
  // Of the collection as it is: nobody may be putting into it, nor be about to. `index_lock` is held shared. nullptr when its
  // graph is being worked at.
  static std::unique_ptr<ImageSave> Begin(const ImageFolder& folder, std::shared_ptr<Collection> collection,
                                          int64_t epoch, Version version);
  // Removes what was written, unless it was kept.
  ~ImageSave();
  ImageSave(const ImageSave&) = delete;
  ImageSave& operator=(const ImageSave&) = delete;

  enum class Progress { kWorked, kWritten, kFailed };
  // Makes and writes the next part, and now and then waits for the disk. kWritten: all of it is there, and survives power loss.
  // kFailed: the collection has changed, or a file could not be written, or another process is saving.
  Progress Work(WriterPreferringLock* index_lock);
  // The files are in the database now: it is an image.
  void Keep() { kept_ = true; }

  const ImageIdentity& identity() const { return identity_; }
  const std::shared_ptr<Collection>& collection() const { return collection_; }
  // Whether it is still what was written. Under the index lock.
  bool StillTrue() const { return collection_->stamp() == stamp_ && !collection_->damaged_image(); }
  ImageInfo info() const;
  // Hands the vectors file to the collection. Under the index lock alone. What it returns is to be dropped without.
  std::shared_ptr<void> UseFile(MappedFile vectors) const;

 private:
  ImageSave(const ImageFolder& folder, std::shared_ptr<Collection> collection, ImageIdentity identity)
      : folder_(folder),
        collection_(std::move(collection)),
        identity_(std::move(identity)),
        stamp_(collection_->stamp()),
        parts_(collection_->Write()) {}

  Status CreateFiles();
  bool MakePart(WriterPreferringLock* index_lock);
  Status WritePart();
  Status SyncNowAndThen();
  Status FinishFiles();

  const ImageFolder folder_;
  const std::shared_ptr<Collection> collection_;
  const ImageIdentity identity_;
  const uint64_t stamp_;
  IndexParts parts_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<NewFile> vectors_file_;
  std::unique_ptr<ImageWriter> image_;
  bool vectors_done_ = false;
  size_t section_ = 0;  // being written
  bool section_begun_ = false;
  bool more_ = true;  // of the part made last
  Bytes part_;
  uint64_t unsynced_bytes_ = 0;
  bool kept_ = false;
};

struct Database::Saving {
  std::mutex mutex;  // One thread at a time saves. Before every other lock.
  std::unique_ptr<ImageSave> save;
  struct Retry {
    int failures = 0;
    int64_t not_before_micros = 0;
  };
  std::map<int64_t, Retry> retries;  // by collection
};

}  // namespace agentmemdb
