#include "support/disk_history.h"

#include <algorithm>
#include <filesystem>

#include "support/files.h"

namespace agentmemdb {
namespace {

using Kind = DiskEvent::Kind;

constexpr size_t kSectorBytes = 512;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool IsName(Kind kind) {
  return kind == Kind::kCreate || kind == Kind::kMakeFolder || kind == Kind::kLink || kind == Kind::kRename ||
         kind == Kind::kRemove;
}

bool IsContent(Kind kind) { return kind == Kind::kWrite || kind == Kind::kTruncate; }

// A file system that does as it is told.
class Replay {
 public:
  explicit Replay(Random* garbage = nullptr) : garbage_(garbage) {}

  void Do(const DiskEvent& event) {
    switch (event.kind) {
      case Kind::kCreate:
        names_[event.path] = event.file;
        break;
      case Kind::kMakeFolder:
        folders_.insert(event.path);
        break;
      case Kind::kLink:
      case Kind::kRename:
        names_[event.to] = event.file;
        if (event.kind == Kind::kRename) names_.erase(event.path);
        break;
      case Kind::kRemove:
        names_.erase(event.path);
        break;
      case Kind::kWrite:
        Write(&contents_[event.file], event.offset, event.bytes);
        break;
      case Kind::kTruncate:
        contents_[event.file].resize(event.offset, '\0');
        break;
      case Kind::kSync:
      case Kind::kSyncFolder:
        break;
    }
  }

  DiskState State() const {
    DiskState state;
    state.folders = folders_;
    for (const auto& [path, file] : names_) {
      const std::string folder = FolderOf(path);
      if (!folder.empty() && !folders_.contains(folder)) continue;  // Its folder is lost, and it with it.
      const auto found = contents_.find(file);
      state.files[path] = found == contents_.end() ? "" : found->second;
    }
    return state;
  }

 private:
  void Write(std::string* file, uint64_t offset, const std::string& bytes) {
    if (file->size() < offset) {
      const char fill = garbage_ != nullptr && garbage_->Below(2) == 0 ? static_cast<char>(garbage_->Below(256)) : '\0';
      file->resize(offset, fill);
    }
    if (file->size() < offset + bytes.size()) file->resize(offset + bytes.size());
    bytes.copy(file->data() + offset, bytes.size());
  }

  Random* garbage_;
  std::set<std::string> folders_;
  std::map<std::string, int> names_;
  std::map<int, std::string> contents_;
};

// Which of the first `count` events are sure.
std::vector<bool> Sure(const std::vector<DiskEvent>& events, size_t count) {
  std::vector<bool> sure(count, true);
  std::set<int> synced_files;
  std::set<std::string> synced_folders;
  for (size_t i = count; i-- > 0;) {
    const DiskEvent& event = events[i];
    if (event.kind == Kind::kSync) synced_files.insert(event.file);
    if (event.kind == Kind::kSyncFolder) synced_folders.insert(event.path);
    const std::string& name = event.to.empty() ? event.path : event.to;
    if (IsContent(event.kind)) sure[i] = synced_files.contains(event.file);
    if (IsName(event.kind)) sure[i] = synced_folders.contains(FolderOf(name));
  }
  return sure;
}

// How a power failure goes about what is not sure.
enum class Loss { kAll, kHalf, kAllButOne, kOne, kNames, kContents, kSectors };
constexpr uint64_t kLosses = 7;

bool IsLost(Loss loss, bool chosen, Kind kind, Random* random) {
  switch (loss) {
    case Loss::kAll:
      return true;
    case Loss::kHalf:
    case Loss::kSectors:
      return random->Below(2) == 0;
    case Loss::kAllButOne:
      return !chosen;
    case Loss::kOne:
      return chosen;
    case Loss::kNames:
      return IsName(kind);
    case Loss::kContents:
      return IsContent(kind);
  }
  return true;
}

void WriteSomeSectors(const DiskEvent& event, Replay* replay, Random* random) {
  for (uint64_t at = event.offset, end = event.offset + event.bytes.size(); at < end;) {
    const uint64_t next = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
    DiskEvent sector = event;
    sector.offset = at;
    sector.bytes = event.bytes.substr(at - event.offset, next - at);
    if (random->Below(2) == 0) replay->Do(sector);
    at = next;
  }
}

}  // namespace

void DiskState::WriteTo(const std::string& folder) const {
  for (const std::string& name : folders) std::filesystem::create_directory(folder + "/" + name);
  for (const auto& [name, bytes] : files) WriteFile(folder + "/" + name, bytes);
}

DiskState DiskState::ReadFrom(const std::string& folder) {
  DiskState state;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().string().substr(folder.size() + 1);
    if (entry.is_directory())
      state.folders.insert(name);
    else
      state.files[name] = ReadFile(entry.path().string());
  }
  return state;
}

DiskState StateAfter(const std::vector<DiskEvent>& events, size_t count) {
  Replay replay;
  for (size_t i = 0; i < count; ++i) replay.Do(events[i]);
  return replay.State();
}

DiskState StateAfterPowerLoss(const std::vector<DiskEvent>& events, size_t count, Random* random) {
  const std::vector<bool> sure = Sure(events, count);
  const auto unsure = static_cast<uint64_t>(std::count(sure.begin(), sure.end(), false));
  const auto loss = static_cast<Loss>(random->Below(kLosses));
  const uint64_t chosen = unsure == 0 ? 0 : random->Below(unsure);
  Replay replay(random);
  for (size_t i = 0, seen = 0; i < count; ++i) {
    const DiskEvent& event = events[i];
    if (sure[i])
      replay.Do(event);
    else if (const bool is_chosen = seen++ == chosen; loss == Loss::kSectors && event.kind == Kind::kWrite)
      WriteSomeSectors(event, &replay, random);
    else if (!IsLost(loss, is_chosen, event.kind, random))
      replay.Do(event);
  }
  return replay.State();
}

}  // namespace agentmemdb
