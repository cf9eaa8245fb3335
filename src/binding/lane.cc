#include <algorithm>

#include "base/clock.h"
#include "binding/environment.h"
#include "binding/js_error.h"
#include "binding/scheduler.h"

namespace agentmemdb::binding {
namespace {

// What one turn of the loop settles at most. Not only our own time counts: lib/ parses each result, and the caller goes on.
constexpr int64_t kSettleMicros = 1000;
constexpr int kSettleCalls = 32;
constexpr size_t kSettleBytes = 256 * 1024;
// For how long after a read was accepted the loop stays awake: most are done by then, and others are not slowed down by much.
constexpr int64_t kWatchMicros = 500;
// A caller that asks for a read within so long of the last one's result awaits one after the other.
constexpr int64_t kAtOnceMicros = 100;

// One AsyncWorker: takes an errand of its lane to the pool and settles what came of it last; what came before is handed over.
class Worker final : public Napi::AsyncWorker {
 public:
  Worker(Napi::Env env, std::shared_ptr<Lane> lane, const Errand& errand)
      : Napi::AsyncWorker(env, "agentmemdb"), lane_(std::move(lane)), errand_(errand) {}

 private:
  void Execute() override {
    Scheduler& scheduler = Scheduler::Get();
    do {
      done_ = scheduler.Run(lane_.get(), errand_);
    } while (scheduler.GoOn(lane_.get(), errand_, &done_));
    scheduler.Finish(errand_);
  }

  // Not OnOK: the stock worker settles nothing when cancelled, and ends the process when its environment is dying.
  void OnWorkComplete(Napi::Env, napi_status) override {
    lane_->Settle(std::move(done_));
    Destroy();
  }

  std::shared_ptr<Lane> lane_;
  Errand errand_;
  std::vector<std::unique_ptr<Call>> done_;
};

}  // namespace

Lane::Lane(Napi::Env env) : env_(env) {
  const Napi::String name = Napi::String::New(env, "agentmemdb");
  napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnWake, &wake_);
  NAPI_THROW_IF_FAILED_VOID(env, status);
  napi_unref_threadsafe_function(env, wake_);
  set_immediate_ = Napi::Persistent(env.Global().Get("setImmediate").As<Napi::Function>());
  settle_more_ = Napi::Persistent(Napi::Function::New(env, [this](const Napi::CallbackInfo&) {
    settling_later_ = false;
    calls_settled_ = 0;
    bytes_settled_ = 0;
    Settle({});
  }));
  watch_on_ = Napi::Persistent(Napi::Function::New(env, [this](const Napi::CallbackInfo&) { Watch(); }));
  Scheduler::Get().Join(this);
}

void Lane::Accept(std::unique_ptr<Call> call) {
  if (call->handle != nullptr) {
    ++call->handle->pending;
    if (!call->keeps_alive) ++call->handle->background;
  }
  if (call->keeps_alive) KeepAlive(+1);
  const int64_t now = call->accepted_micros = MonotonicMicros();
  const bool reads = call->reads();
  if (reads) {
    asks_at_once_ = reads_unsettled_ > 0 || now - read_settled_micros_ < kAtOnceMicros;
    ++reads_unsettled_;
  }
  Scheduler::Get().Add(this, std::move(call));
  Pump();
  if (!reads || !Scheduler::Get().PaysToWatch(this)) return;
  watch_until_ = now + kWatchMicros;
  if (!watching_) Watch();
}

void Lane::Pump() {
  while (alive_) {
    const std::optional<Errand> errand = Scheduler::Get().Next(this);
    if (!errand) return;
    try {
      (new Worker(env_, shared_from_this(), *errand))->Queue();
    } catch (const Napi::Error&) {  // The environment is ending.
      Scheduler::Get().Finish(*errand);
      return Die();
    }
  }
}

// What is left waits for the next turn of the loop.
void Lane::Settle(std::vector<std::unique_ptr<Call>> calls) {
  std::move(calls.begin(), calls.end(), std::back_inserter(unsettled_));
  Pump();  // First: the pool works on while we settle.
  if (!alive_) return unsettled_.clear();
  if (settling_later_) return;  // This turn has had its share.
  Environment::Of(env_).memory->Report(env_);
  const StepTimer step(env_);
  const int64_t end = MonotonicMicros() + kSettleMicros;
  while (!unsettled_.empty()) {
    // Counted until the next turn that comes by SettleLater: many workers may have finished before this one.
    if (calls_settled_ >= kSettleCalls || bytes_settled_ >= kSettleBytes || MonotonicMicros() >= end)
      return SettleLater();
    std::unique_ptr<Call> call = std::move(unsettled_.front());
    unsettled_.pop_front();
    ++calls_settled_;
    bytes_settled_ += call->result_bytes();
    try {
      SettleOne(std::move(call));
    } catch (...) {  // JavaScript cannot run any more: the environment is ending.
      return Die();
    }
  }
}

// Not by waking the lane: what is sent to a thread-safe function while it runs, it runs in the same turn.
void Lane::SettleLater() { settling_later_ = CallSoon(settle_more_); }

bool Lane::CallSoon(const Napi::FunctionReference& function) {
  try {
    const Napi::HandleScope scope(env_);
    set_immediate_.Call({function.Value()});
    return true;
  } catch (const Napi::Error&) {  // JavaScript cannot run any more: the environment is ending.
    Die();
    return false;
  }
}

// A loop that has gone to sleep takes as long to wake as a search takes.
void Lane::Watch() {
  watching_ = alive_ && reads_unsettled_ > 0 && Scheduler::Get().PaysToWatch(this) &&
              MonotonicMicros() < watch_until_ && CallSoon(watch_on_);
}

void Lane::SettleOne(std::unique_ptr<Call> call) {
  const Napi::HandleScope scope(env_);
  if (call->keeps_alive) KeepAlive(-1);
  const int64_t now = MonotonicMicros();
  if (call->reads()) {
    --reads_unsettled_;
    read_settled_micros_ = now;
  }
  if (call->deferred) {
    durations_[call->method].Add(now - call->accepted_micros);
    Napi::Value value = TryConvert(call.get());
    if (call->status().ok())
      call->deferred->Resolve(value);
    else
      call->deferred->Reject(ToJsError(env_, call->method, call->status()));
  }
  const std::shared_ptr<Handle> handle = call->handle;
  const bool background = !call->keeps_alive;
  std::shared_ptr<Database> database = std::move(call->database);
  Retire(call->TakeInput());  // Of a call that was dropped; one that ran has none left.
  call.reset();
  // A handle closed or collected meanwhile leaves the engine to its last call: not to be freed on the event loop.
  if (database.use_count() == 1) Retire(std::move(database));
  database.reset();  // Before close() goes on: it has to hold the last reference.
  if (handle == nullptr) return;
  if (background) --handle->background;
  if (--handle->pending == 0 && handle->when_idle) {
    const auto idle = std::move(handle->when_idle);
    handle->when_idle = nullptr;
    idle();
  }
}

// A result too large for a JavaScript value fails its call, nothing else.
Napi::Value Lane::TryConvert(Call* call) {
  if (!call->status().ok()) return env_.Undefined();
  try {
    return call->Convert(env_);
  } catch (const Napi::Error& error) {
    call->Fail(Status(Code::kLimit, "the result cannot be made a JavaScript value; ask for less"));
    return env_.Undefined();
  }
}

std::vector<OperationStats> Lane::operations() const {
  std::vector<OperationStats> operations;
  for (const auto& [method, durations] : durations_) {
    operations.push_back(
        {method, durations.count(), durations.Quantile(0.5), durations.Quantile(0.95), durations.Quantile(0.99)});
  }
  return operations;
}

void Lane::Sweep() { Settle(Scheduler::Get().TakeCancelled(this)); }

void Lane::Die() {
  Scheduler::Get().Remove(this);
  unsettled_.clear();
}

void Lane::CancelAll() {
  for (const auto& call : Scheduler::Get().Remove(this)) call->cancel.Cancel();
}

void Lane::Retire(std::shared_ptr<void> thing) {
  if (!alive_ || thing == nullptr) return;
  auto holder = std::make_shared<std::shared_ptr<void>>(std::move(thing));
  auto call = std::make_unique<RunCall<bool>>(
      [holder](const CancelToken&) -> Result<bool> {
        holder->reset();
        return true;
      },
      nullptr);
  call->kind = CallKind::kBackground;
  call->keeps_alive = false;
  Accept(std::move(call));
}

void Lane::KeepAlive(int change) {
  const bool before = kept_alive_by_ > 0;
  kept_alive_by_ += change;
  const bool after = kept_alive_by_ > 0;
  if (before == after) return;
  if (after)
    napi_ref_threadsafe_function(env_, wake_);
  else
    napi_unref_threadsafe_function(env_, wake_);
}

void Lane::Wake() {
  if (alive_ && !std::exchange(waking_, true)) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Lane::OnWake(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;
  auto* const lane = static_cast<Lane*>(context);
  lane->Settle(Scheduler::Get().TakeDelivered(lane));
}

}  // namespace agentmemdb::binding
