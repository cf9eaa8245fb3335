#include "binding/database_object.h"

#include "binding/args.h"
#include "binding/collection_object.h"
#include "binding/environment.h"
#include "binding/start.h"
#include "binding/to_js.h"
#include "binding/write_batch_object.h"

namespace agentmemdb::binding {
namespace {

constexpr int64_t kSliceMicros = 5000;
char sync_twin;  // Its address marks the sync registration of a method.

struct Opened {
  std::shared_ptr<Database> database;
  HandleOptions options;
};

}  // namespace

Napi::Function DatabaseObject::Define(Napi::Env env) {
  using Self = DatabaseObject;
  return DefineClass(env, "Database",
                     {
                         InstanceMethod<&Self::GetCollection>("getCollection"),
                         InstanceMethod<&Self::GetCollection>("getCollectionSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::CreateCollection>("createCollection"),
                         InstanceMethod<&Self::CreateCollection>("createCollectionSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::ListCollections>("listCollections"),
                         InstanceMethod<&Self::ListCollections>("listCollectionsSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::DeleteCollection>("deleteCollection"),
                         InstanceMethod<&Self::DeleteCollection>("deleteCollectionSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Stats>("stats"),
                         InstanceMethod<&Self::Stats>("statsSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::BackUp>("backup"),
                         InstanceMethod<&Self::CreateSnapshot>("createSnapshot"),
                         InstanceMethod<&Self::ListSnapshots>("listSnapshots"),
                         InstanceMethod<&Self::DeleteSnapshot>("deleteSnapshot"),
                         InstanceMethod<&Self::RestoreSnapshot>("restoreSnapshot"),
                         InstanceMethod<&Self::Compact>("compact"),
                         InstanceMethod<&Self::Purge>("purge"),
                         InstanceMethod<&Self::HasExpired>("hasExpired"),
                         InstanceMethod<&Self::Verify>("verify"),
                         InstanceMethod<&Self::Verify>("verifySync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Batch>("batch"),
                         InstanceMethod<&Self::Batch>("batchSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::RunBackground>("runBackground"),
                         InstanceMethod<&Self::Close>("close"),
                         InstanceMethod<&Self::Close>("closeSync", napi_default, &sync_twin),
                         InstanceMethod<&Self::Path>("path"),
                         InstanceMethod<&Self::Version>("version"),
                         InstanceMethod<&Self::Drained>("drained"),
                     });
}

DatabaseObject::DatabaseObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatabaseObject>(info),
      lane_(Environment::Of(info.Env()).lane),
      memory_(Environment::Of(info.Env()).memory),
      handle_(std::make_shared<Handle>()) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use open()");
  const auto* opened = info[0].As<Napi::External<Opened>>().Data();
  handle_->database = opened->database;
  handle_->options = opened->options;
  memory_->Join(handle_->database.get());
}

const DatabaseObject* DatabaseObject::Read(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(Environment::Of(value.Env()).database_class.Value())) return nullptr;
  return Unwrap(object);
}

DatabaseObject::~DatabaseObject() {
  if (handle_->closing) return;
  // Collected without close(). Calls in flight hold the engine themselves.
  handle_->closing = true;
  lane_->Retire(GiveBack());
}

std::shared_ptr<Database> DatabaseObject::GiveBack() {
  memory_->Leave(handle_->database.get());
  if (lane_->alive()) memory_->Report(Env());
  return std::move(handle_->database);
}

Napi::Value DatabaseObject::Open(const Napi::CallbackInfo& info) {
  Args args(info, "open");
  Opened opened;
  const DatabaseOptions options = args.OpenOptions(0, 1, &opened.options);
  const CancelToken cancel = args.Control(2);
  return Start<Opened>(
      CallKind::kSolo, args, nullptr, cancel,
      [options, opened](const CancelToken& token) -> Result<Opened> {
        Result<std::shared_ptr<Database>> database = Database::Open(options, token);
        if (!database.ok()) return database.status();
        return Opened{*database, opened.options};
      },
      [](Napi::Env env, Opened& result) -> Napi::Value {
        return Environment::Of(env).database_class.New({Napi::External<Opened>::New(env, &result)});
      });
}

// getCollection(name, options, token, timeoutMs): undefined when there is none of that name, or createCollection is to add options.
Napi::Value DatabaseObject::GetCollection(const Napi::CallbackInfo& info) {
  Args args(info, "Database.collection");
  const std::string name = args.String(0, "name");
  const CollectionRequest request = args.CollectionOptions(1);
  const CancelToken cancel = args.Control(2);
  return Start<std::optional<CollectionInfo>>(
      CallKind::kRead, args, handle_, cancel,
      [database = handle_->database, name, request, may_add = !handle_->options.read_only](const CancelToken& token) {
        return FindCollection(database.get(), name, request, may_add, token);
      },
      [handle = handle_](Napi::Env env, std::optional<CollectionInfo>& found) -> Napi::Value {
        return found ? CollectionObject::New(env, handle, *found) : env.Undefined();
      });
}

// createCollection(name, options, openExisting, token, timeoutMs).
Napi::Value DatabaseObject::CreateCollection(const Napi::CallbackInfo& info) {
  // With openExisting it is the second half of collection(): there is none of that name.
  Args args(info, info[2].ToBoolean() ? "Database.collection" : "Database.createCollection");
  CreateCollectionOp op;
  op.name = args.String(0, "name");
  op.request = args.CollectionOptions(1);
  op.open_existing = args.Bool(2, "openExisting");
  if (op.open_existing && handle_->options.read_only)
    args.Refuse(Status(Code::kReadOnly, "there is no collection '" + op.name +
                                            "', and the database was opened read-only; "
                                            "open it without readOnly to create one"));
  const CancelToken cancel = args.Control(3);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [handle = handle_](Napi::Env env, WriteCall& call) {
                     const auto& created = std::get<CreateCollectionOp>(call.ops[0]);
                     return CollectionObject::New(env, handle, {created.collection, created.name, created.options});
                   }));
}

Napi::Value DatabaseObject::ListCollections(const Napi::CallbackInfo& info) {
  Args args(info, "Database.listCollections");
  const CancelToken cancel = args.Control(0);
  return Start<std::string>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database](const CancelToken& token) -> Result<std::string> {
        Result<std::vector<CollectionInfo>> infos = agentmemdb::ListCollections(database.get(), token);
        if (!infos.ok()) return infos.status();
        return InfosToJson(*infos);
      },
      [](Napi::Env env, std::string& json) { return ToJs(env, json); });
}

Napi::Value DatabaseObject::DeleteCollection(const Napi::CallbackInfo& info) {
  Args args(info, "Database.deleteCollection");
  DeleteCollectionOp op;
  op.name = args.String(0, "name");
  const CancelToken cancel = args.Control(1);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     return Napi::Boolean::New(env, std::get<DeleteCollectionOp>(call.ops[0]).deleted);
                   }));
}

Napi::Value DatabaseObject::Stats(const Napi::CallbackInfo& info) {
  Args args(info, "Database.stats");
  const CancelToken cancel = args.Control(0);
  const Environment& environment = Environment::Of(info.Env());
  HandleStats handle{handle_->options.read_only,          handle_->pending_bytes, memory_->reported_bytes(),
                     Scheduler::Get().stats(lane_.get()), lane_->operations(),    environment.loop_steps,
                     environment.loop_step_max_micros};
  return Start<std::string>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database, handle = std::move(handle)](const CancelToken&) -> Result<std::string> {
        return StatsToJson(database->stats(), handle);
      },
      [](Napi::Env env, std::string& json) { return ToJs(env, json); });
}

// batch(writeBatch, token, timeoutMs) resolves to { version, deleted }: a digit for each operation, 1 where a record was
// deleted.
Napi::Value DatabaseObject::Batch(const Napi::CallbackInfo& info) {
  Args args(info, "Database.batch");
  std::vector<Op> ops;
  InputBytes input;
  if (WriteBatchObject* batch = WriteBatchObject::Read(info[0]))
    batch->Take(&ops, &input);
  else
    args.Refuse(Status::InvalidArgument("operations", "must be a batch"));
  const CancelToken cancel = args.Control(1);
  auto call = std::make_unique<WritingCall>(std::move(ops), [](Napi::Env env, WriteCall& done) -> Napi::Value {
    std::string deleted;
    for (const Op& op : done.ops) {
      const auto* remove = std::get_if<DeleteOp>(&op);
      deleted.push_back(remove != nullptr && remove->deleted ? '1' : '0');
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("version", Napi::Number::New(env, static_cast<double>(done.version)));
    result.Set("deleted", ToJs(env, deleted));
    return result;
  });
  call->input = std::move(input);
  return StartCall(args, handle_, cancel, std::move(call));
}

// runBackground(): one slice; resolves whether there is more. Nobody waits for it, and it keeps no process alive. The log, when
// it is long, is copied beside it.
Napi::Value DatabaseObject::RunBackground(const Napi::CallbackInfo& info) {
  Args args(info, "Database.runBackground");
  if (!handle_->closing && !handle_->copying_log && handle_->database->HasLogToCopy()) CopyLog();
  auto call = std::make_unique<RunCall<bool>>(
      [database = handle_->database](const CancelToken& token) { return database->RunBackground(kSliceMicros, token); },
      [](Napi::Env env, bool& more) -> Napi::Value { return Napi::Boolean::New(env, more); });
  call->kind = CallKind::kBackground;
  call->keeps_alive = false;
  call->yields = true;
  return StartCall(args, handle_, CancelToken(), std::move(call));
}

// No promise: nobody waits for it, and nobody would catch what it rejects with.
void DatabaseObject::CopyLog() {
  handle_->copying_log = true;
  // Lives as long as the call, whatever becomes of that.
  const std::shared_ptr<void> copying(nullptr, [handle = handle_](void*) { handle->copying_log = false; });
  auto call = std::make_unique<RunCall<bool>>(
      [database = handle_->database, copying](const CancelToken&) -> Result<bool> {
        database->CopyLog();
        return true;
      },
      nullptr);
  call->kind = CallKind::kDisk;
  call->keeps_alive = false;
  call->handle = handle_;
  call->database = handle_->database;
  lane_->Accept(std::move(call));
}

// close(): refuses new calls, and gives the engine back when the accepted ones are settled.
Napi::Value DatabaseObject::Close(const Napi::CallbackInfo& info) {
  Args args(info, "Database.close");
  if (handle_->closing) return info.Env().Undefined();
  handle_->closing = true;
  auto holder = std::make_shared<std::shared_ptr<Database>>(GiveBack());
  auto call = std::make_unique<RunCall<bool>>(
      [holder](const CancelToken& token) -> Result<bool> {
        Database::Close(std::move(*holder), token);
        return true;
      },
      [](Napi::Env env, bool&) { return env.Undefined(); });
  call->kind = CallKind::kSolo;
  if (args.sync() || handle_->pending == 0) return StartCall(args, nullptr, CancelToken(), std::move(call));

  call->method = args.method();
  call->deferred = Napi::Promise::Deferred::New(info.Env());
  const Napi::Promise promise = call->deferred->Promise();
  auto waiting = std::make_shared<std::unique_ptr<Call>>(std::move(call));
  // What it waits for may be background work, which keeps nobody alive: until it is accepted this does.
  lane_->KeepAlive(+1);
  handle_->when_idle = [lane = lane_, waiting] {
    lane->Accept(std::move(*waiting));
    lane->KeepAlive(-1);
  };
  return promise;
}

Napi::Value DatabaseObject::Path(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), handle_->database == nullptr ? "" : handle_->database->path());
}

// version(): the change version this process has seen last.
Napi::Value DatabaseObject::Version(const Napi::CallbackInfo& info) {
  const Database* database = handle_->database.get();
  return Napi::Number::New(info.Env(), database == nullptr ? 0 : static_cast<double>(database->applied()));
}

// drained(): whether calls were refused for want of room and there is some again. Says so once.
Napi::Value DatabaseObject::Drained(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), binding::Drained(handle_.get()));
}

}  // namespace agentmemdb::binding
