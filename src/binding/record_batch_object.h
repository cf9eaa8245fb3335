// Records on their way in, gathered by lib/ in slices so that no step holds the event loop.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/scheduler.h"
#include "engine/op.h"

namespace agentmemdb::binding {

class RecordBatchObject : public Napi::ObjectWrap<RecordBatchObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit RecordBatchObject(const Napi::CallbackInfo& info);
  ~RecordBatchObject() override;

  // nullptr when `value` is not one.
  static RecordBatchObject* Read(Napi::Value value);

  // Hands the records over; the batch is empty afterwards. `matrix` is what must be kept alive, if anything.
  // Errors: kInvalidArgument when the matrix was detached or resized since.
  Status Take(RecordBatch* batch, Napi::ObjectReference* matrix);

 private:
  void Reserve(const Napi::CallbackInfo& info);
  Napi::Value SetMatrix(const Napi::CallbackInfo& info);
  Napi::Value Append(const Napi::CallbackInfo& info);
  void AppendOne(const Napi::CallbackInfo& info, uint32_t i, Napi::Array* new_ids);

  std::shared_ptr<Lane> lane_;
  RecordBatch batch_;
  Napi::ObjectReference matrix_;
  VectorView matrix_view_;
  size_t row_floats_ = 0;  // of the matrix
  Status status_;          // the first refusal
};

}  // namespace agentmemdb::binding
