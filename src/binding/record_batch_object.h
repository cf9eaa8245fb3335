// Records on their way in, gathered by lib/ in slices so that no step holds the event loop.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "binding/handle.h"
#include "binding/scheduler.h"
#include "engine/op.h"

namespace agentmemdb::binding {

class RecordBatchObject : public Napi::ObjectWrap<RecordBatchObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // RecordBatch(collection, method, bounded): `bounded` by the room its handle has; a sync twin is not.
  explicit RecordBatchObject(const Napi::CallbackInfo& info);
  ~RecordBatchObject() override;

  // nullptr when `value` is not one.
  static RecordBatchObject* Read(Napi::Value value);

  // Hands the records over; the batch is empty afterwards. `matrix` is what must be kept alive, if anything.
  // Errors: kInvalidArgument when the matrix was detached or resized since.
  Status Take(RecordBatch* batch, Napi::ObjectReference* matrix, InputBytes* input);

 private:
  // These throw what they refuse, and then hold nothing any more.
  void Reserve(const Napi::CallbackInfo& info);
  void SetMatrix(const Napi::CallbackInfo& info);
  Napi::Value Append(const Napi::CallbackInfo& info);
  void Drop(const Napi::CallbackInfo&) { Drop(); }

  struct Columns;
  Status AppendOne(const Columns& columns, uint32_t i, Napi::Array* new_ids);
  Status CheckGathered();
  void Refuse(Napi::Env env, const Status& status);
  void Drop();

  std::shared_ptr<Lane> lane_;
  std::string method_;
  bool bounded_;
  InputBytes input_;
  RecordBatch batch_;
  Napi::ObjectReference matrix_;
  VectorView matrix_view_;
  size_t row_floats_ = 0;  // of the matrix
};

}  // namespace agentmemdb::binding
