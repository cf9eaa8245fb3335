// Operations of Database.batch on their way in, gathered by lib/ in slices so that no step holds the event loop.
#pragma once

#include <napi.h>

#include <vector>

#include "binding/args.h"
#include "engine/op.h"

namespace agentmemdb::binding {

struct Handle;

class WriteBatchObject : public Napi::ObjectWrap<WriteBatchObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit WriteBatchObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WriteBatchObject>(info) {}

  // nullptr when `value` is not one.
  static WriteBatchObject* Read(Napi::Value value);
  // Hands the operations over. Errors: the first refusal, kInvalidArgument for a collection of another handle.
  Status Take(const Handle* handle, std::vector<Op>* ops);

 private:
  Napi::Value Put(const Napi::CallbackInfo& info);
  void Patch(const Napi::CallbackInfo& info);
  void Delete(const Napi::CallbackInfo& info);
  template <class Operation>
  void Add(Args* args, Operation op);

  std::vector<Op> ops_;
  std::vector<const void*> handles_;  // of the collections written to
  Status status_;
};

}  // namespace agentmemdb::binding
