// A collection of a handle. lib/collection.js is what users see.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/call.h"
#include "engine/search.h"

namespace agentmemdb::binding {

class CollectionObject : public Napi::ObjectWrap<CollectionObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Only by New.
  explicit CollectionObject(const Napi::CallbackInfo& info);
  static Napi::Value New(Napi::Env env, const std::shared_ptr<Handle>& handle, const CollectionInfo& info);

  // nullptr when `value` is not one.
  static const CollectionObject* Read(Napi::Value value);
  CollectionId id() const { return info_.id; }
  const std::shared_ptr<Handle>& handle() const { return handle_; }

 private:
  Napi::Value Put(const Napi::CallbackInfo& info);
  Napi::Value PutMany(const Napi::CallbackInfo& info);
  Napi::Value Patch(const Napi::CallbackInfo& info);
  Napi::Value DeleteWhere(const Napi::CallbackInfo& info);
  Napi::Value Get(const Napi::CallbackInfo& info);
  Napi::Value Has(const Napi::CallbackInfo& info);
  Napi::Value Delete(const Napi::CallbackInfo& info);
  Napi::Value Count(const Napi::CallbackInfo& info);
  Napi::Value Search(const Napi::CallbackInfo& info);
  Napi::Value Find(const Napi::CallbackInfo& info);
  Napi::Value AddedMark(const Napi::CallbackInfo& info);
  Napi::Value LinkUpTo(const Napi::CallbackInfo& info);
  Napi::Value Calibrate(const Napi::CallbackInfo& info);
  Napi::Value SetAlpha(const Napi::CallbackInfo& info);
  Napi::Value WorkOnTexts(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);

  std::shared_ptr<Handle> handle_;
  CollectionInfo info_;
};

}  // namespace agentmemdb::binding
