// Operations of Database.batch on their way in, gathered by lib/ in slices so that no step holds the event loop.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "binding/args.h"
#include "binding/handle.h"
#include "binding/scheduler.h"
#include "engine/op.h"

namespace agentmemdb::binding {

class WriteBatchObject : public Napi::ObjectWrap<WriteBatchObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // WriteBatch(database, bounded): `bounded` by the room its handle has; a sync twin is not.
  explicit WriteBatchObject(const Napi::CallbackInfo& info);
  ~WriteBatchObject() override;

  // nullptr when `value` is not one.
  static WriteBatchObject* Read(Napi::Value value);
  // Hands the operations over; the batch is empty afterwards.
  void Take(std::vector<Op>* ops, InputBytes* input);

 private:
  // These throw what they refuse, and then hold nothing any more.
  void Reserve(const Napi::CallbackInfo& info);
  Napi::Value Put(const Napi::CallbackInfo& info);
  void Patch(const Napi::CallbackInfo& info);
  void Delete(const Napi::CallbackInfo& info);
  void Drop(const Napi::CallbackInfo&) { Drop(); }

  template <class Operation>
  void Add(Args* args, Operation op);
  Status CheckOperation(Args* args);
  void Refuse(Napi::Env env, const Status& status);
  void Drop();

  std::shared_ptr<Lane> lane_;
  bool bounded_;
  InputBytes input_;
  std::vector<Op> ops_;
};

}  // namespace agentmemdb::binding
