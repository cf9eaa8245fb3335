// A Status on its way to JavaScript: a plain object { code, message, argument?, path?, id? }. lib/errors.js makes the
// AgentMemError of it, where the caller's stack is known and the realm is the caller's.
#pragma once

#include <napi.h>

#include "base/status.h"

namespace agentmemdb::binding {

Napi::Value ToJsError(Napi::Env env, const char* method, const Status& status);
// [{ code, meaning }], the one table of codes.
Napi::Value ErrorCodes(Napi::Env env);

}  // namespace agentmemdb::binding
