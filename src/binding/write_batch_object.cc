#include "binding/write_batch_object.h"

#include "base/clock.h"
#include "base/random.h"
#include "binding/collection_object.h"
#include "binding/database_object.h"
#include "binding/environment.h"
#include "binding/js_error.h"
#include "binding/to_js.h"
#include "engine/commit.h"

namespace agentmemdb::binding {
namespace {

constexpr char kMethod[] = "Database.batch";

}  // namespace

Napi::Function WriteBatchObject::Define(Napi::Env env) {
  using Self = WriteBatchObject;
  return DefineClass(env, "WriteBatch",
                     {InstanceMethod<&Self::Reserve>("reserve"), InstanceMethod<&Self::Put>("put"),
                      InstanceMethod<&Self::Patch>("patch"), InstanceMethod<&Self::Delete>("delete"),
                      InstanceMethod<&Self::Drop>("drop")});
}

WriteBatchObject::WriteBatchObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<WriteBatchObject>(info), lane_(Environment::Of(info.Env()).lane), bounded_(info[1].ToBoolean()) {
  const DatabaseObject* database = DatabaseObject::Read(info[0]);
  if (database == nullptr) throw Napi::TypeError::New(info.Env(), "use Database.batch()");
  input_ = InputBytes(database->handle());
}

WriteBatchObject::~WriteBatchObject() { Drop(); }

WriteBatchObject* WriteBatchObject::Read(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(Environment::Of(value.Env()).write_batch_class.Value())) return nullptr;
  return Unwrap(object);
}

// drop(): lets go of what was gathered and not handed over.
void WriteBatchObject::Drop() {
  if (!ops_.empty()) lane_->Retire(std::make_shared<std::vector<Op>>(std::move(ops_)));
  ops_.clear();
  input_.Release();
}

void WriteBatchObject::Refuse(Napi::Env env, const Status& status) {
  Drop();
  napi_throw(env, ToJsError(env, kMethod, status));
}

// reserve(count): makes room for all operations at once. Growing would move all of them in one step.
void WriteBatchObject::Reserve(const Napi::CallbackInfo& info) {
  const auto count = static_cast<size_t>(info[0].ToNumber().Int64Value());
  if (Status status = CheckBatchCount(*input_.handle(), count, "operations"); !status.ok())
    return Refuse(info.Env(), status);
  ops_.reserve(count);
}

Status WriteBatchObject::CheckOperation(Args* args) {
  const CollectionObject* collection = CollectionObject::Read(args->At(0));
  if (collection == nullptr)
    args->Refuse(Status::InvalidArgument("collection", "must be a Collection"));
  else if (collection->handle().get() != input_.handle())
    args->Refuse(Status::InvalidArgument("collection", "must be one of this database handle"));
  if (args->status().ok()) return {};
  WriteCall place;
  place.is_batch = true;
  return InBatch(place, ops_.size(), args->status());
}

template <class Operation>
void WriteBatchObject::Add(Args* args, Operation op) {
  Status status = CheckOperation(args);
  if (status.ok()) {
    op.collection = CollectionObject::Read(args->At(0))->id();
    ops_.push_back(std::move(op));
    input_.Add(args->input_bytes());
    status = CheckBatchBytes(input_, "operations");
  }
  if (status.ok() && bounded_) status = CheckRoom(input_.handle(), input_);
  if (!status.ok()) Refuse(args->env(), status);
}

// put(collection, onConflict, record): returns the id, made when the record has none.
Napi::Value WriteBatchObject::Put(const Napi::CallbackInfo& info) {
  Args args(info, kMethod);
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
  Args args(info, kMethod);
  PatchOp op = args.Patch(1, 2);
  op.if_version = args.IfVersion(3, "ifVersion");
  Add(&args, std::move(op));
}

// delete(collection, id, ifVersion).
void WriteBatchObject::Delete(const Napi::CallbackInfo& info) {
  Args args(info, kMethod);
  DeleteOp op;
  op.id = args.String(1, "id");
  op.if_version = args.IfVersion(2, "ifVersion");
  Add(&args, std::move(op));
}

void WriteBatchObject::Take(std::vector<Op>* ops, InputBytes* input) {
  *ops = std::exchange(ops_, {});
  *input = std::move(input_);
}

}  // namespace agentmemdb::binding
