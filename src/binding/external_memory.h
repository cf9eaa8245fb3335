// Tells V8 what the engines of this environment's handles hold outside of its heap, so that it collects in time what keeps
// a forgotten handle.
#pragma once

#include <napi.h>

#include <cstdint>
#include <map>

#include "engine/database.h"

namespace agentmemdb::binding {

// On the JavaScript thread.
class ExternalMemory {
 public:
  // A handle on the engine was made; it is about to give the engine back.
  void Join(const Database* database) { ++handles_[database]; }
  void Leave(const Database* database);
  // Tells V8, if what it was told is far from the truth, or no handle is left. May collect garbage.
  void Report(Napi::Env env);
  int64_t reported_bytes() const { return reported_bytes_; }

 private:
  std::map<const Database*, int> handles_;  // by engine
  int64_t reported_bytes_ = 0;
};

}  // namespace agentmemdb::binding
