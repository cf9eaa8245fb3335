// The module's entry: what lib/ finds in the addon.
#include <napi.h>

#include "base/clock.h"
#include "binding/cancel_token_object.h"
#include "binding/collection_object.h"
#include "binding/database_object.h"
#include "binding/environment.h"
#include "binding/exporter_object.h"
#include "binding/importer_object.h"
#include "binding/js_error.h"
#include "binding/record_batch_object.h"
#include "binding/write_batch_object.h"
#include "vector/distance.h"

namespace agentmemdb::binding {
namespace {

char sync_twin;

// sweep(): settles waiting calls whose tokens were cancelled.
void Sweep(const Napi::CallbackInfo& info) { Environment::Of(info.Env()).lane->Sweep(); }

// shutdown(all): the thread, or with `all` the process, is exiting; running calls stop at their next check, nothing settles
// any more.
void Shutdown(const Napi::CallbackInfo& info) {
  if (info[0].ToBoolean()) Scheduler::Get().Exit();
  Environment::Of(info.Env()).lane->CancelAll();
}

// threadCpuMicros() and noteStep(micros): how lib/ measures its own steps on the event loop.
Napi::Value ThreadCpu(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(ThreadCpuMicros()));
}

void NoteStep(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::Of(info.Env());
  ++environment.loop_steps;
  environment.loop_step_max_micros = std::max(environment.loop_step_max_micros, info[0].ToNumber().Int64Value());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<Environment>(env);
  const Napi::Function database = DatabaseObject::Define(env), collection = CollectionObject::Define(env);
  const Napi::Function token = CancelTokenObject::Define(env), records = RecordBatchObject::Define(env);
  const Napi::Function writes = WriteBatchObject::Define(env);
  environment->database_class = Napi::Persistent(database);
  environment->collection_class = Napi::Persistent(collection);
  environment->cancel_token_class = Napi::Persistent(token);
  environment->record_batch_class = Napi::Persistent(records);
  environment->write_batch_class = Napi::Persistent(writes);
  env.SetInstanceData(environment.release());

  exports.Set("CancelToken", token);
  exports.Set("RecordBatch", records);
  exports.Set("WriteBatch", writes);
  exports.Set("Exporter", ExporterObject::Define(env));
  exports.Set("Importer", ImporterObject::Define(env));
  exports.Set("open", Napi::Function::New<&DatabaseObject::Open>(env, "open"));
  exports.Set("openSync", Napi::Function::New<&DatabaseObject::Open>(env, "openSync", &sync_twin));
  exports.Set("sweep", Napi::Function::New<&Sweep>(env, "sweep"));
  exports.Set("shutdown", Napi::Function::New<&Shutdown>(env, "shutdown"));
  exports.Set("threadCpuMicros", Napi::Function::New<&ThreadCpu>(env, "threadCpuMicros"));
  exports.Set("noteStep", Napi::Function::New<&NoteStep>(env, "noteStep"));
  exports.Set("errorCodes", ErrorCodes(env));
  exports.Set("kernels", ActiveKernels().name);
  return exports;
}

}  // namespace

Napi::Object InitModule(Napi::Env env, Napi::Object exports) { return Init(env, exports); }

}  // namespace agentmemdb::binding

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return agentmemdb::binding::InitModule(env, exports);
}
NODE_API_MODULE(agentmemdb, InitAddon)
