#include "base/copy_lock.h"

#include <map>
#include <mutex>

#include "base/modules.h"

namespace agentmemdb {
namespace {

// What this copy holds, by path. Leaked on purpose: pool threads may outlive static destructors.
struct Held {
  struct Entry {
    Result<ProcessLock> lock;
    int holders;
  };
  std::mutex mutex;  // Held while a lock is given back, so that nobody here takes ourselves for another copy.
  std::map<std::string, Entry> entries;

  static Held& Get() {
    static auto* const held = new Held;
    return *held;
  }
};

Status HeldByAnother(const std::string& path) {
  std::string message = "another copy of agentmemdb in this process has " + path + " open";
  std::string places;
  for (const std::string& place : OtherCopies()) places += (places.empty() ? "" : ", ") + place;
  if (!places.empty()) message += " (" + places + ")";
  const std::string own = OwnModule();
  message +=
      ", and this one" + (own.empty() ? "" : " (" + own + ")") +
      " would not notice its locks: writes would be lost. Use one copy for a file; npm ls agentmemdb shows them, "
      "npm dedupe may leave one";
  return Status(Code::kUnsupported, std::move(message)).WithPath(path);
}

}  // namespace

Result<ProcessLock> ProcessLock::Take(std::string_view name) {
  Result<ProcessLock> lock = TakeByte(name);
  return lock.ok() || lock.status().code() == Code::kBusy ? std::move(lock) : TakeFile(name, "/tmp");
}

Result<CopyLock> CopyLock::Take(const std::string& path) {
  Held& held = Held::Get();
  std::lock_guard guard(held.mutex);
  auto found = held.entries.find(path);
  if (found == held.entries.end()) {
    Result<ProcessLock> lock = ProcessLock::Take(path);
    if (lock.status().code() == Code::kBusy) return HeldByAnother(path);
    found = held.entries.emplace(path, Held::Entry{std::move(lock), 0}).first;
  }
  ++found->second.holders;
  return CopyLock(path);
}

CopyLock::~CopyLock() {
  if (path_.empty()) return;
  Held& held = Held::Get();
  std::lock_guard guard(held.mutex);
  const auto found = held.entries.find(path_);
  if (--found->second.holders == 0) held.entries.erase(found);
}

}  // namespace agentmemdb
