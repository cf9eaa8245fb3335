// CancelToken for lib/: one a call that has a signal or shows its progress.
#pragma once

#include <napi.h>

#include "base/cancel.h"

namespace agentmemdb::binding {

class CancelTokenObject : public Napi::ObjectWrap<CancelTokenObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit CancelTokenObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CancelTokenObject>(info) {}

  // nullptr when `value` is not one.
  static const CancelToken* Read(Napi::Value value);

 private:
  void Cancel(const Napi::CallbackInfo&) { token_.Cancel(); }
  Napi::Value Done(const Napi::CallbackInfo& info);
  Napi::Value Total(const Napi::CallbackInfo& info);
  CancelToken token_;
};

}  // namespace agentmemdb::binding
