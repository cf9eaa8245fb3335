#include "binding/cancel_token_object.h"

#include "binding/environment.h"

namespace agentmemdb::binding {

Napi::Function CancelTokenObject::Define(Napi::Env env) {
  return DefineClass(
      env, "CancelToken",
      {InstanceMethod<&CancelTokenObject::Cancel>("cancel"), InstanceMethod<&CancelTokenObject::Done>("done"),
       InstanceMethod<&CancelTokenObject::Total>("total")});
}

Napi::Value CancelTokenObject::Done(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(token_.done()));
}

Napi::Value CancelTokenObject::Total(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(token_.total()));
}

const CancelToken* CancelTokenObject::Read(Napi::Value value) {
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(Environment::Of(value.Env()).cancel_token_class.Value())) return nullptr;
  return &Unwrap(object)->token_;
}

}  // namespace agentmemdb::binding
