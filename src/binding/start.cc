#include "binding/start.h"

#include "binding/environment.h"
#include "binding/js_error.h"

namespace agentmemdb::binding {
namespace {

Status Admit(const Args& args, Handle* handle, const Call& call) {
  if (!args.status().ok()) return args.status();
  if (handle == nullptr) return {};
  if (handle->closing) return Status(Code::kClosed, "the database is closed; open it again");
  if (handle->options.read_only && call.kind == CallKind::kWrite) return OpenedReadOnly();
  return args.sync() || !call.keeps_alive ? Status() : CheckRoom(handle, call.input);
}

Napi::Value RunNow(Napi::Env env, Call* call) {
  call->Run();
  Environment::Of(env).memory->Report(env);
  if (call->status().ok()) return call->Convert(env);
  napi_throw(env, ToJsError(env, call->method, call->status()));
  return env.Undefined();
}

}  // namespace

Napi::Value StartCall(const Args& args, const std::shared_ptr<Handle>& handle, const CancelToken& cancel,
                      std::unique_ptr<Call> call) {
  const Napi::Env env = args.env();
  call->method = args.method();
  call->cancel = cancel;
  call->handle = handle;
  if (handle != nullptr) call->database = handle->database;
  if (Status refused = Admit(args, handle.get(), *call); !refused.ok()) {
    const Napi::Value error = ToJsError(env, args.method(), refused);
    if (args.sync()) {
      napi_throw(env, error);
      return env.Undefined();
    }
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error);
    return deferred.Promise();
  }
  if (args.sync()) return RunNow(env, call.get());
  if (call->input.handle() == nullptr) call->input = InputBytes(handle);
  call->input.Add(args.input_bytes());
  call->deferred = Napi::Promise::Deferred::New(env);
  const Napi::Promise promise = call->deferred->Promise();
  Environment::Of(env).lane->Accept(std::move(call));
  return promise;
}

}  // namespace agentmemdb::binding
