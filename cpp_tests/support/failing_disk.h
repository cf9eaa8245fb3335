// A disk that fails: the n-th write or sync of a file whose path has a given word, in this process.
#pragma once

#include <string>

namespace agentmemdb {

// From now on the n-th (1, 2, ...) call on such files, and those after it, fail with `error`. 0: none.
void FailDisk(const std::string& word, int n, int error);
// Calls on such files since.
int DiskCalls();

}  // namespace agentmemdb
