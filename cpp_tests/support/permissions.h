// A process that may read what another one writes, and not write itself.
#pragma once

#include <string>

namespace agentmemdb {

// Root becomes somebody whom permissions stop; anybody else is that already.
void StopBeingRoot();

// From then on this process may not write in `folder`, nor make or remove anything there, though this user may: root stops
// being root, and to anybody else SQLite's system calls say what permissions would. Before anything is opened.
void GiveUpWriting(const std::string& folder);

}  // namespace agentmemdb
