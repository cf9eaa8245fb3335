#include "binding/external_memory.h"

#include <cstdlib>

namespace agentmemdb::binding {
namespace {

// V8 may answer each report with a collection.
constexpr int64_t kStepBytes = int64_t{64} << 20;

}  // namespace

void ExternalMemory::Leave(const Database* database) {
  const auto found = handles_.find(database);
  if (found != handles_.end() && --found->second == 0) handles_.erase(found);
}

void ExternalMemory::Report(Napi::Env env) {
  int64_t held = 0;
  for (const auto& [database, handles] : handles_) held += database->memory_bytes();
  const int64_t change = held - reported_bytes_;
  if (change == 0 || (std::abs(change) < kStepBytes && !handles_.empty())) return;
  int64_t total;
  if (napi_adjust_external_memory(env, change, &total) == napi_ok) reported_bytes_ = held;
}

}  // namespace agentmemdb::binding
