#include "binding/environment.h"

#include <algorithm>

#include "base/clock.h"

namespace agentmemdb::binding {

Environment::Environment(Napi::Env env) : lane(std::make_shared<Lane>(env)) {
  // Registered after the lane made its thread-safe function, so it runs before that one is torn down.
  env.AddCleanupHook([lane = std::weak_ptr<Lane>(lane)] {
    if (const auto alive = lane.lock()) alive->Die();
  });
}

StepTimer::StepTimer(Napi::Env env) : environment_(&Environment::Of(env)), start_micros_(ThreadCpuMicros()) {}

StepTimer::~StepTimer() {
  const int64_t used = ThreadCpuMicros() - start_micros_;
  ++environment_->loop_steps;
  environment_->loop_step_max_micros = std::max(environment_->loop_step_max_micros, used);
}

}  // namespace agentmemdb::binding
