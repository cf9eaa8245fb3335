// A handle on a database. lib/database.js is what users see.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/call.h"
#include "binding/external_memory.h"
#include "binding/scheduler.h"
#include "engine/search.h"

namespace agentmemdb::binding {

class DatabaseObject : public Napi::ObjectWrap<DatabaseObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Only by open(): its argument is a reference to an engine.
  explicit DatabaseObject(const Napi::CallbackInfo& info);
  ~DatabaseObject() override;

  // nullptr when `value` is not one.
  static const DatabaseObject* Read(Napi::Value value);
  const std::shared_ptr<Handle>& handle() const { return handle_; }

  // open(path, options, token, timeoutMs), and its sync twin.
  static Napi::Value Open(const Napi::CallbackInfo& info);

 private:
  Napi::Value GetCollection(const Napi::CallbackInfo& info);
  Napi::Value CreateCollection(const Napi::CallbackInfo& info);
  Napi::Value ListCollections(const Napi::CallbackInfo& info);
  Napi::Value DeleteCollection(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Batch(const Napi::CallbackInfo& info);
  // database_files.cc
  Napi::Value BackUp(const Napi::CallbackInfo& info);
  Napi::Value Verify(const Napi::CallbackInfo& info);
  Napi::Value CreateSnapshot(const Napi::CallbackInfo& info);
  Napi::Value ListSnapshots(const Napi::CallbackInfo& info);
  Napi::Value DeleteSnapshot(const Napi::CallbackInfo& info);
  Napi::Value RestoreSnapshot(const Napi::CallbackInfo& info);
  Napi::Value Compact(const Napi::CallbackInfo& info);
  Napi::Value Purge(const Napi::CallbackInfo& info);
  Napi::Value HasExpired(const Napi::CallbackInfo& info);
  Napi::Value RunBackground(const Napi::CallbackInfo& info);
  void CopyLog();
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Path(const Napi::CallbackInfo& info);
  Napi::Value Version(const Napi::CallbackInfo& info);
  Napi::Value Drained(const Napi::CallbackInfo& info);

  // The handle no longer holds the engine. What does is returned.
  std::shared_ptr<Database> GiveBack();

  std::shared_ptr<Lane> lane_;
  std::shared_ptr<ExternalMemory> memory_;  // Not by way of the environment: that may die first.
  std::shared_ptr<Handle> handle_;
};

}  // namespace agentmemdb::binding
