// An export under way. lib/transfer.js is what users see.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/handle.h"
#include "binding/scheduler.h"
#include "engine/exporter.h"

namespace agentmemdb::binding {

class ExporterObject : public Napi::ObjectWrap<ExporterObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Exporter(database, names or undefined, skipDamaged).
  explicit ExporterObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Next(const Napi::CallbackInfo& info);

  std::shared_ptr<Handle> handle_;
  std::shared_ptr<Exporter> exporter_;  // used by one call at a time
};

}  // namespace agentmemdb::binding
