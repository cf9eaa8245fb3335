#include "binding/collection_object.h"

#include "binding/args.h"
#include "binding/environment.h"
#include "binding/record_batch_object.h"
#include "binding/start.h"
#include "binding/to_js.h"
#include "engine/calibrate.h"
#include "engine/find.h"

namespace agentmemdb::binding {
namespace {

constexpr int64_t kSliceMicros = 2000;
char sync_twin;  // Its address marks the sync registration of a method.

struct Made {
  std::shared_ptr<Handle> handle;
  CollectionInfo info;
};

Napi::Value BoolToJs(Napi::Env env, bool& value) { return Napi::Boolean::New(env, value); }
Napi::Value PackedToJs(Napi::Env env, Packed& packed) { return ToJs(env, packed); }

Napi::Value WrittenToJs(Napi::Env env, const std::string& id, Version version) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("id", ToJs(env, id));
  result.Set("version", Napi::Number::New(env, static_cast<double>(version)));
  return result;
}

// On the pool: a filter may be long.
Status ParseInto(const std::optional<std::string>& json, const char* argument, std::optional<Filter>* filter) {
  if (!json) return {};
  Result<Filter> parsed = ParseFilter(*json, argument);
  if (parsed.ok()) *filter = std::move(*parsed);
  return parsed.status();
}

}  // namespace

Napi::Function CollectionObject::Define(Napi::Env env) {
  using Self = CollectionObject;
  return DefineClass(env, "Collection",
                     {
                         InstanceMethod<&Self::Put>("put"),
                         InstanceMethod<&Self::Put>("putSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::PutMany>("putMany"),
                         InstanceMethod<&Self::PutMany>("putManySync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Patch>("patch"),
                         InstanceMethod<&Self::Patch>("patchSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::DeleteWhere>("deleteWhere"),
                         InstanceMethod<&Self::DeleteWhere>("deleteWhereSync", napi_default, &sync_twin),
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
                         InstanceMethod<&Self::Find>("find"),
                         InstanceMethod<&Self::Find>("findSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::AddedMark>("addedMark"),
                         InstanceMethod<&Self::LinkUpTo>("linkUpTo"),
                         InstanceMethod<&Self::WorkOnTexts>("workOnTexts"),
                         InstanceMethod<&Self::Calibrate>("calibrate"),
                         InstanceMethod<&Self::SetAlpha>("setAlpha"),
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

const CollectionObject* CollectionObject::Read(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(Environment::Of(value.Env()).collection_class.Value())) return nullptr;
  return Unwrap(object);
}

Napi::Value CollectionObject::New(Napi::Env env, const std::shared_ptr<Handle>& handle, const CollectionInfo& info) {
  Made made{handle, info};
  return Environment::Of(env).collection_class.New({Napi::External<Made>::New(env, &made)});
}

// put(method, onConflict, record, token, timeoutMs) resolves to { id, version }.
Napi::Value CollectionObject::Put(const Napi::CallbackInfo& info) {
  Args args(info, ReadString(info[0]) == "upsert" ? "Collection.upsert" : "Collection.add");
  PutOp op;
  op.collection = info_.id;
  op.on_conflict = args.Conflict(1);
  op.batch = args.Record(2);
  const CancelToken cancel = args.Control(3);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     return WrittenToJs(env, std::get<PutOp>(call.ops[0]).batch.records.front().id, call.version);
                   }));
}

// putMany(method, onConflict, batch, token, timeoutMs) resolves to { inserted, updated, skipped, version }: lib/ knows the
// ids.
Napi::Value CollectionObject::PutMany(const Napi::CallbackInfo& info) {
  Args args(info, ReadString(info[0]) == "upsertMany" ? "Collection.upsertMany" : "Collection.addMany");
  PutOp op;
  op.collection = info_.id;
  op.on_conflict = args.Conflict(1);
  Napi::ObjectReference matrix;
  InputBytes input;
  if (RecordBatchObject* batch = RecordBatchObject::Read(info[2]))
    args.Refuse(batch->Take(&op.batch, &matrix, &input));
  else
    args.Refuse(Status::InvalidArgument("records", "must be a batch"));
  const CancelToken cancel = args.Control(3);
  auto call = std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& done) -> Napi::Value {
    const auto& put = std::get<PutOp>(done.ops[0]);
    Napi::Object result = Napi::Object::New(env);
    result.Set("inserted", put.inserted);
    result.Set("updated", put.updated);
    result.Set("skipped", put.skipped);
    result.Set("version", Napi::Number::New(env, static_cast<double>(done.version)));
    return result;
  });
  call->held = std::move(matrix);
  call->input = std::move(input);
  return StartCall(args, handle_, cancel, std::move(call));
}

// patch(id, fields, ifVersion, token, timeoutMs) resolves to { id, version }.
Napi::Value CollectionObject::Patch(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.patch");
  PatchOp op = args.Patch(0, 1);
  op.if_version = args.IfVersion(2, "options.ifVersion");
  op.collection = info_.id;
  const CancelToken cancel = args.Control(3);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     return WrittenToJs(env, std::get<PatchOp>(call.ops[0]).id, call.version);
                   }));
}

// deleteWhere(filter, token, timeoutMs) resolves to how many.
Napi::Value CollectionObject::DeleteWhere(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.deleteWhere");
  DeleteWhereOp op;
  op.collection = info_.id;
  op.filter_json = args.String(0, "filter");
  const CancelToken cancel = args.Control(1);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     const auto& rows = std::get<DeleteWhereOp>(call.ops[0]).rows;
                     return Napi::Number::New(env, static_cast<double>(rows.size()));
                   }));
}

Napi::Value CollectionObject::Get(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.get", Args::Step::kShort);
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
  Args args(info, "Collection.has", Args::Step::kShort);
  const std::string id = args.String(0, "id");
  const CancelToken cancel = args.Control(1);
  return Start<bool>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, id](const CancelToken& token) {
        return agentmemdb::Has(database.get(), collection, id, token);
      },
      BoolToJs);
}

// delete(id, ifVersion, token, timeoutMs).
Napi::Value CollectionObject::Delete(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.delete", Args::Step::kShort);
  DeleteOp op;
  op.collection = info_.id;
  op.id = args.String(0, "id");
  op.if_version = args.IfVersion(1, "options.ifVersion");
  const CancelToken cancel = args.Control(2);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     return Napi::Boolean::New(env, std::get<DeleteOp>(call.ops[0]).deleted);
                   }));
}

// count(filter, token, timeoutMs).
Napi::Value CollectionObject::Count(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.count", Args::Step::kShort);
  const std::optional<std::string> json = args.Filter(0);
  const CancelToken cancel = args.Control(1);
  return Start<int64_t>(
      json ? CallKind::kSolo : CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, json](const CancelToken& token) -> Result<int64_t> {
        std::optional<Filter> filter;
        RETURN_IF_ERROR(ParseInto(json, "filter", &filter));
        return filter ? CountMatching(database.get(), collection, *filter, token)
                      : agentmemdb::Count(database.get(), collection, token);
      },
      [](Napi::Env env, int64_t& count) -> Napi::Value { return Napi::Number::New(env, static_cast<double>(count)); });
}

// search(query, filter, token, timeoutMs).
Napi::Value CollectionObject::Search(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.search", Args::Step::kShort);
  SearchQuery query = args.Query(0);
  const std::optional<std::string> json = args.Filter(1);
  const CancelToken cancel = args.Control(2);
  return Start<Packed>(
      json ? CallKind::kSolo : CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, query = std::move(query),
       json](const CancelToken& token) mutable -> Result<Packed> {
        RETURN_IF_ERROR(ParseInto(json, "query.filter", &query.filter));
        Result<SearchOutput> output = agentmemdb::Search(database.get(), collection, query, token);
        if (!output.ok()) return output.status();
        return PackHits(*output, query);
      },
      PackedToJs);
}

// calibrate(queries as JSON, vectors one after the other, token, timeoutMs) resolves to a report; nothing is stored.
Napi::Value CollectionObject::Calibrate(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.calibrate");
  std::string json = args.String(0, "queries");
  const std::optional<VectorView> given = ReadVector(args.At(1));
  if (!given) args.Refuse(Status::InvalidArgument("queries", "must have vectors as a Float32Array"));
  std::vector<float> vectors;
  if (given) vectors.assign(given->begin(), given->end());
  const CancelToken cancel = args.Control(2);
  return Start<std::string>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database, collection = info_, json = std::move(json),
       vectors = std::move(vectors)](const CancelToken& token) -> Result<std::string> {
        auto queries = ParseJudged(json, vectors, collection.options.dimensions);
        if (!queries.ok()) return queries.status();
        auto calibration = agentmemdb::Calibrate(database.get(), collection.id, *queries, token);
        if (!calibration.ok()) return calibration.status();
        return CalibrationToJson(*calibration);
      },
      [](Napi::Env env, std::string& report) { return ToJs(env, report); });
}

// setAlpha(alpha or null, token, timeoutMs).
Napi::Value CollectionObject::SetAlpha(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.calibrate");
  SetAlphaOp op;
  op.collection = info_.id;
  if (args.At(0).IsNumber()) op.alpha = args.At(0).As<Napi::Number>().DoubleValue();
  if (op.alpha && !(*op.alpha >= 0 && *op.alpha <= 1))
    args.Refuse(Status::InvalidArgument("alpha", "must be a number in 0..1"));
  const CancelToken cancel = args.Control(1);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(
                       std::move(op), [](Napi::Env env, WriteCall&) -> Napi::Value { return env.Undefined(); }));
}

// find(query, filter, token, timeoutMs): one page; `about` is { last, more, cursor, total }.
Napi::Value CollectionObject::Find(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.find");
  FindQuery query = args.Page(0);
  const std::optional<std::string> json = args.Filter(1);
  const CancelToken cancel = args.Control(2);
  return Start<Packed>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, query,
       json](const CancelToken& token) mutable -> Result<Packed> {
        RETURN_IF_ERROR(ParseInto(json, "query.filter", &query.filter));
        Result<FindOutput> output = agentmemdb::Find(database.get(), collection, query, token);
        if (!output.ok()) return output.status();
        return PackPage(*output, query.order);
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
      CallKind::kSlice, args, handle_, cancel,
      [database = handle_->database, collection = info_.id, mark](const CancelToken& token) {
        return database->LinkUpTo(collection, mark, kSliceMicros, token);
      },
      BoolToJs);
}

// workOnTexts(token, timeoutMs): one slice of filling the keyword index, if it is used; resolves whether there is more.
Napi::Value CollectionObject::WorkOnTexts(const Napi::CallbackInfo& info) {
  Args args(info, "Collection.indexed");
  const CancelToken cancel = args.Control(0);
  return Start<bool>(
      CallKind::kSlice, args, handle_, cancel,
      [database = handle_->database, collection = info_.id](const CancelToken& token) {
        return database->WorkOnTexts(collection, token);
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
