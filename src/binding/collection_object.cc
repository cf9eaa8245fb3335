#include "binding/collection_object.h"

#include "binding/args.h"
#include "binding/environment.h"
#include "binding/record_batch_object.h"
#include "binding/start.h"
#include "binding/to_js.h"

namespace agentmemdb::binding {
namespace {

constexpr int64_t kSliceMicros = 5000;
char sync_twin;  // Its address marks the sync registration of a method.

struct Made {
  std::shared_ptr<Handle> handle;
  CollectionInfo info;
};

Napi::Value BoolToJs(Napi::Env env, bool& value) { return Napi::Boolean::New(env, value); }
Napi::Value PackedToJs(Napi::Env env, Packed& packed) { return ToJs(env, packed); }

}  // namespace

Napi::Function CollectionObject::Define(Napi::Env env) {
  using Self = CollectionObject;
  return DefineClass(env, "Collection",
                     {
                         InstanceMethod<&Self::Put>("put"),
                         InstanceMethod<&Self::Put>("putSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::PutMany>("putMany"),
                         InstanceMethod<&Self::PutMany>("putManySync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Get>("get"),
                         InstanceMethod<&Self::Get>("getSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Has>("has"),
                         InstanceMethod<&Self::Has>("hasSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Delete>("delete"),
                         InstanceMethod<&Self::Delete>("deleteSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Count>("count"),
                         InstanceMethod<&Self::Count>("countSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Search>("search"),
                         InstanceMethod<&Self::Search>("searchSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::AddedMark>("addedMark"),
                         InstanceMethod<&Self::LinkUpTo>("linkUpTo"),
                         InstanceMethod<&Self::Stats>("stats"),
                         InstanceMethod<&Self::Stats>("statsSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Info>("info"),
                     });
}

CollectionObject::CollectionObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CollectionObject>(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use Database.collection()");
  const auto* made = info[0].As<Napi::External<Made>>().Data();
  handle_ = made->handle;
  info_ = made->info;
}

Napi::Value CollectionObject::New(Napi::Env env, const std::shared_ptr<Handle>& handle, const CollectionInfo& info) {
  Made made{handle, info};
  return Environment::Of(env).collection_class.New({Napi::External<Made>::New(env, &made)});
}

// put(replace, record, token, timeoutMs) resolves to { id, version }.
Napi::Value CollectionObject::Put(const Napi::CallbackInfo& info) {
  PutOp op;
  op.collection = info_.id;
  op.replace = info[0].ToBoolean();
  Args args(info, op.replace ? "Collection.upsert" : "Collection.add");
  op.batch = args.Record(1);
  const CancelToken cancel = args.Control(2);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     Napi::Object result = Napi::Object::New(env);
                     result.Set("id", ToJs(env, std::get<PutOp>(call.op).batch.records.front().id));
                     result.Set("version", Napi::Number::New(env, static_cast<double>(call.version)));
                     return result;
                   }));
}

// putMany(replace, batch, token, timeoutMs) resolves to { inserted, updated, version }: lib/ knows the ids.
Napi::Value CollectionObject::PutMany(const Napi::CallbackInfo& info) {
  PutOp op;
  op.collection = info_.id;
  op.replace = info[0].ToBoolean();
  Args args(info, op.replace ? "Collection.upsertMany" : "Collection.addMany");
  Napi::ObjectReference matrix;
  if (RecordBatchObject* batch = RecordBatchObject::Read(info[1]))
    args.Refuse(batch->Take(&op.batch, &matrix));
  else
    args.Refuse(Status::InvalidArgument("records", "must be a batch"));
  const CancelToken cancel = args.Control(2);
  auto call = std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& done) -> Napi::Value {
    const auto& put = std::get<PutOp>(done.op);
    Napi::Object result = Napi::Object::New(env);
    result.Set("inserted", put.inserted);
    result.Set("updated", put.updated);
    result.Set("version", Napi::Number::New(env, static_cast<double>(done.version)));
    return result;
  });
  call->held = std::move(matrix);
  return StartCall(args, handle_, cancel, std::move(call));
}

Napi::Value CollectionObject::Get(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.get");
  const std::string id = args.String(0, "id");
  const Include include = args.IncludeFields(1, "options.include");
  const CancelToken cancel = args.Control(2);
  return Start<Packed>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, id, include](const CancelToken& token) -> Result<Packed> {
        Result<std::optional<RecordOutput>> record = agentmemdb::Get(database.get(), collection, id, include, token);
        if (!record.ok()) return record.status();
        return PackRecord(*record);
      },
      PackedToJs);
}

Napi::Value CollectionObject::Has(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.has");
  const std::string id = args.String(0, "id");
  const CancelToken cancel = args.Control(1);
  return Start<bool>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, id](const CancelToken& token) {
        return agentmemdb::Has(database.get(), collection, id, token);
      },
      BoolToJs);
}

Napi::Value CollectionObject::Delete(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.delete");
  DeleteOp op;
  op.collection = info_.id;
  op.id = args.String(0, "id");
  const CancelToken cancel = args.Control(1);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     return Napi::Boolean::New(env, std::get<DeleteOp>(call.op).deleted);
                   }));
}

Napi::Value CollectionObject::Count(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.count");
  const CancelToken cancel = args.Control(0);
  return Start<int64_t>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id](const CancelToken& token) {
        return agentmemdb::Count(database.get(), collection, token);
      },
      [](Napi::Env env, int64_t& count) -> Napi::Value { return Napi::Number::New(env, static_cast<double>(count)); });
}

Napi::Value CollectionObject::Search(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.search");
  SearchQuery query = args.Query(0);
  const CancelToken cancel = args.Control(1);
  return Start<Packed>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id,
       query = std::move(query)](const CancelToken& token) -> Result<Packed> {
        Result<SearchOutput> output = agentmemdb::Search(database.get(), collection, query, token);
        if (!output.ok()) return output.status();
        return PackHits(*output, query);
      },
      PackedToJs);
}

// addedMark(token, timeoutMs): what linkUpTo must reach for everything committed so far.
Napi::Value CollectionObject::AddedMark(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.indexed");
  const CancelToken cancel = args.Control(0);
  return Start<uint64_t>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id](const CancelToken& token) {
        return agentmemdb::AddedMark(database.get(), collection, token);
      },
      [](Napi::Env env, uint64_t& mark) -> Napi::Value { return Napi::Number::New(env, static_cast<double>(mark)); });
}

// linkUpTo(mark, token, timeoutMs): one slice of linking; resolves whether the mark is reached.
Napi::Value CollectionObject::LinkUpTo(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.indexed");
  const uint64_t mark = args.Mark(0);
  const CancelToken cancel = args.Control(1);
  return Start<bool>(
      CallKind::kBackground, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, mark](const CancelToken& token) {
        return database->LinkUpTo(collection, mark, kSliceMicros, token);
      },
      BoolToJs);
}

Napi::Value CollectionObject::Stats(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.stats");
  const CancelToken cancel = args.Control(0);
  return Start<std::string>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id](const CancelToken& token) -> Result<std::string> {
        Result<CollectionStats> stats = StatsOf(database.get(), collection, token);
        if (!stats.ok()) return stats.status();
        return StatsToJson(*stats);
      },
      [](Napi::Env env, std::string& json) { return ToJs(env, json); });
}

Napi::Value CollectionObject::Info(const Napi::CallbackInfo& info) { return ToJs(info.Env(), InfoToJson(info_)); }

}  // namespace agentmemdb::binding
