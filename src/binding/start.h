// A method is parse, run, convert. Parsing is done when it gets here; this decides who runs it: the scheduler for a
// Promise, the calling thread for the sync twin. One definition serves both.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/args.h"
#include "binding/call.h"

namespace agentmemdb::binding {

// Returns the Promise of an accepted or refused call. For a sync twin returns the value, or throws a plain error object
// (js_error.h). `handle` may be null for a call that belongs to none.
Napi::Value StartCall(const Args& args, const std::shared_ptr<Handle>& handle, const CancelToken& cancel,
                      std::unique_ptr<Call> call);

// run: (const CancelToken&) -> Result<T>.   convert: (Napi::Env, T&) -> Napi::Value.
template <class T, class Run, class Convert>
Napi::Value Start(CallKind kind, const Args& args, const std::shared_ptr<Handle>& handle, const CancelToken& cancel,
                  Run run, Convert convert) {
  auto call = std::make_unique<RunCall<T>>(std::move(run), std::move(convert));
  call->kind = kind;
  return StartCall(args, handle, cancel, std::move(call));
}

}  // namespace agentmemdb::binding
