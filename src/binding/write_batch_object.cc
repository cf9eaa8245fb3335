#include "binding/write_batch_object.h"

#include <algorithm>

#include "base/clock.h"
#include "base/random.h"
#include "binding/collection_object.h"
#include "binding/environment.h"
#include "binding/to_js.h"
#include "engine/commit.h"

namespace agentmemdb::binding {

Napi::Function WriteBatchObject::Define(Napi::Env env) {
  return DefineClass(env, "WriteBatch",
                     {InstanceMethod<&WriteBatchObject::Put>("put"), InstanceMethod<&WriteBatchObject::Patch>("patch"),
                      InstanceMethod<&WriteBatchObject::Delete>("delete")});
}

WriteBatchObject* WriteBatchObject::Read(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(Environment::Of(value.Env()).write_batch_class.Value())) return nullptr;
  return Unwrap(object);
}

template <class Operation>
void WriteBatchObject::Add(Args* args, Operation op) {
  if (!status_.ok()) return;
  const CollectionObject* collection = CollectionObject::Read(args->At(0));
  if (collection == nullptr) args->Refuse(Status::InvalidArgument("collection", "must be a Collection"));
  if (!args->status().ok()) {
    WriteCall place;
    place.is_batch = true;
    status_ = InBatch(place, ops_.size(), args->status());
    return;
  }
  op.collection = collection->id();
  if (const void* handle = collection->handle(); handles_.empty() || handles_.back() != handle)
    handles_.push_back(handle);
  ops_.push_back(std::move(op));
}

// put(collection, onConflict, record): returns the id, made when the record has none.
Napi::Value WriteBatchObject::Put(const Napi::CallbackInfo& info) {
  Args args(info, "Database.batch");
  PutOp op;
  op.on_conflict = args.Conflict(1);
  op.batch = args.Record(2);
  RecordInput& record = op.batch.records.front();
  if (record.new_id) record.id = NewUuidV7(NowMs());
  const Napi::Value id = ToJs(info.Env(), record.id);
  Add(&args, std::move(op));
  return id;
}

// patch(collection, id, fields, ifVersion).
void WriteBatchObject::Patch(const Napi::CallbackInfo& info) {
  Args args(info, "Database.batch");
  Add(&args, args.Patch(1, 2, 3));
}

// delete(collection, id, ifVersion).
void WriteBatchObject::Delete(const Napi::CallbackInfo& info) {
  Args args(info, "Database.batch");
  DeleteOp op;
  op.id = args.String(1, "id");
  op.if_version = args.IfVersion(2);
  Add(&args, std::move(op));
}

Status WriteBatchObject::Take(const Handle* handle, std::vector<Op>* ops) {
  if (!status_.ok()) return status_;
  if (std::any_of(handles_.begin(), handles_.end(), [handle](const void* each) { return each != handle; }))
    return Status::InvalidArgument("operations", "must be on collections of this database handle");
  *ops = std::move(ops_);
  ops_.clear();
  return {};
}

}  // namespace agentmemdb::binding
