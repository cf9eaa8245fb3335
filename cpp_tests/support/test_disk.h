// The disk as a test wants it: calls on files are counted, refused, or written down.
//
// They are the C library's, and this program's own stand in front of them: SQLite's come here as ours do, and with them what
// no layer inside SQLite is told of, as the syncing of folders and the files that are mapped. While files are watched nothing
// is really synced: that a call came is what counts.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

namespace agentmemdb {

// What a call does. Bits: a fault may be about several.
enum DiskCall : unsigned {
  kDiskOpen = 1,
  kDiskRead = 2,
  kDiskWrite = 4,
  kDiskSync = 8,
  kDiskTruncate = 16,
  kDiskName = 32,  // gives a name: link, rename, mkdir
  kDiskRemove = 64,
  kDiskLock = 128,         // and unlocks
  kDiskOpenToWrite = 256,  // or to create, and asking whether one may
  kDiskChange = kDiskWrite | kDiskSync | kDiskTruncate | kDiskName | kDiskRemove | kDiskOpenToWrite,
  kDiskAll = 511,
};

struct DiskFault {
  std::string word;  // in the path of each file it is about
  unsigned calls = kDiskAll;
  int nth = 0;           // of those calls the first that fails: 1, 2, ...; 0: none does
  bool for_good = true;  // so do all after it
  int error = EIO;
  bool half = false;  // the n-th, if it reads or writes, does half of it instead; with for_good the next fails
};

// From now on, until the next FailDisk or HealDisk.
void FailDisk(const DiskFault& fault);
void HealDisk();
// Calls counted since FailDisk, and those of them that failed.
int DiskCalls();
int DiskFailures();
// What the first of them was: "pwrite /tmp/x/a.db-wal".
std::string FirstDiskFailure();

// One change of a watched folder, or of what survives power loss. Paths are relative to it; "" is the folder itself.
struct DiskEvent {
  enum class Kind { kCreate, kMakeFolder, kLink, kRename, kRemove, kWrite, kTruncate, kSync, kSyncFolder };
  Kind kind;
  int file = 0;          // its number, whatever names it has: of kCreate, kLink, kRename, kWrite, kTruncate, kSync
  std::string path, to;  // kCreate, kMakeFolder, kLink, kRename (from path), kRemove, kSyncFolder
  uint64_t offset = 0;   // kWrite; of kTruncate the new size
  std::string bytes;     // kWrite
};

// Writes down what happens to an empty folder.
void RecordDisk(const std::string& folder);
// What was written down so far.
size_t DiskEvents();
std::vector<DiskEvent> StopRecordingDisk();

}  // namespace agentmemdb
