// States that a folder can be found in after a crash, made of what was written down of it (test_disk.h).
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "support/test_disk.h"

namespace agentmemdb {

// What is in a folder. Paths are relative to it.
struct DiskState {
  std::set<std::string> folders;
  std::map<std::string, std::string> files;

  bool operator==(const DiskState&) const = default;
  // Into an empty folder.
  void WriteTo(const std::string& folder) const;
  static DiskState ReadFrom(const std::string& folder);
};

// After the first `count` events: what the processes that come after a killed one find.
DiskState StateAfter(const std::vector<DiskEvent>& events, size_t count);

// What may be found when the power fails after the first `count` events. Sure is what was synced: a file's bytes and size by a
// sync of that file, names by a sync of the folder they are in. Of what came after, any part may be there: each call or none of it,
// and of a write each 512 bytes or not, with zeros or anything at all where nothing was written.
DiskState StateAfterPowerLoss(const std::vector<DiskEvent>& events, size_t count, Random* random);

}  // namespace agentmemdb
