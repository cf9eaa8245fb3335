#include "binding/js_error.h"

#include <string>

namespace agentmemdb::binding {

Napi::Value ToJsError(Napi::Env env, const char* method, const Status& status) {
  Napi::Object error = Napi::Object::New(env);
  error.Set("code", CodeName(status.code()));
  error.Set("message", std::string(method) + "(): " + status.message());
  if (!status.argument().empty()) error.Set("argument", status.argument());
  if (!status.path().empty()) error.Set("path", status.path());
  if (!status.id().empty()) error.Set("id", status.id());
  return error;
}

Napi::Value ErrorCodes(Napi::Env env) {
  Napi::Array codes = Napi::Array::New(env);
  for (const CodeInfo& info : CodeTable()) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("code", info.name);
    entry.Set("meaning", info.meaning);
    codes.Set(codes.Length(), entry);
  }
  return codes;
}

}  // namespace agentmemdb::binding
