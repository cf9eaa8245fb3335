// An import under way: bytes are fed, read on the pool, and what came of them is written. lib/transfer.js is what users see.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/handle.h"
#include "binding/scheduler.h"
#include "engine/importer.h"

namespace agentmemdb::binding {

class ImporterObject : public Napi::ObjectWrap<ImporterObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Importer(database, method, resumeAfter): the method tells the format.
  explicit ImporterObject(const Napi::CallbackInfo& info);
  ~ImporterObject() override { Drop(); }

 private:
  void Begin(const Napi::CallbackInfo& info);
  void Feed(const Napi::CallbackInfo& info);
  void End(const Napi::CallbackInfo&) { reading_->importer->End(); }
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  void Drop(const Napi::CallbackInfo&) { Drop(); }
  void Drop();

  // Used by one call at a time; what was read waits for being written.
  struct Reading {
    std::unique_ptr<Importer> importer;
    RecordBatch batch;
  };

  std::shared_ptr<Lane> lane_;
  std::shared_ptr<Handle> handle_;
  const char* method_;
  std::shared_ptr<Reading> reading_;
  std::shared_ptr<InputBytes> input_;  // of what was fed and not read
};

}  // namespace agentmemdb::binding
