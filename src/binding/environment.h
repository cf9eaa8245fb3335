// What one JavaScript environment (main thread or worker_thread) has of the addon. Nothing of it is global: each loads the
// addon anew.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/external_memory.h"
#include "binding/scheduler.h"

namespace agentmemdb::binding {

struct Environment {
  explicit Environment(Napi::Env env);

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  std::shared_ptr<Lane> lane;
  std::shared_ptr<ExternalMemory> memory = std::make_shared<ExternalMemory>();
  Napi::FunctionReference database_class, collection_class, cancel_token_class, record_batch_class, write_batch_class;
  // Steps of ours on this event loop: parsing, converting, settling. Thread CPU time.
  int64_t loop_steps = 0;
  int64_t loop_step_max_micros = 0;
};

// Measures one step on the event loop.
class StepTimer {
 public:
  explicit StepTimer(Napi::Env env);
  ~StepTimer();
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;

 private:
  Environment* environment_;
  int64_t start_micros_;
};

}  // namespace agentmemdb::binding
