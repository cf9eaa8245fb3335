// The files that this process has loaded code from: the addon, which has this library in it, and other copies of it.
#pragma once

#include <string>
#include <vector>

namespace agentmemdb {

// Where the one lies that this code was loaded from. Empty when the system does not tell.
std::string OwnModule();
// Where others lie that are copies of this library, by their name. None when the system does not tell.
std::vector<std::string> OtherCopies();

}  // namespace agentmemdb
