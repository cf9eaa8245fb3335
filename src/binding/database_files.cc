// The file as a whole: copies of it, checks, and giving space back.
#include "binding/args.h"
#include "binding/database_object.h"
#include "binding/start.h"
#include "binding/to_js.h"
#include "engine/snapshot.h"

namespace agentmemdb::binding {
namespace {

Napi::Value JsonToJs(Napi::Env env, std::string& json) { return ToJs(env, json); }

}  // namespace

// backup(path, token, timeoutMs): the token tells pages done and in all.
Napi::Value DatabaseObject::BackUp(const Napi::CallbackInfo& info) {
  Args args(info, "Database.backup");
  const std::string path = args.FilePath(0, "path");
  const CancelToken cancel = args.Control(1);
  return Start<bool>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database, path](const CancelToken& token) -> Result<bool> {
        RETURN_IF_ERROR(database->BackUp(path, token));
        return true;
      },
      [](Napi::Env env, bool&) { return env.Undefined(); });
}

// verify(token, timeoutMs): the token tells records looked at and in all.
Napi::Value DatabaseObject::Verify(const Napi::CallbackInfo& info) {
  Args args(info, "Database.verify");
  const CancelToken cancel = args.Control(0);
  return Start<std::string>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database](const CancelToken& token) -> Result<std::string> {
        Result<VerifyReport> report = agentmemdb::Verify(database.get(), token);
        if (!report.ok()) return report.status();
        return ReportToJson(*report);
      },
      [](Napi::Env env, std::string& json) { return ToJs(env, json); });
}

// createSnapshot(name, token, timeoutMs): the token tells pages done and in all.
Napi::Value DatabaseObject::CreateSnapshot(const Napi::CallbackInfo& info) {
  Args args(info, "Database.createSnapshot");
  const std::string name = args.String(0, "name");
  const CancelToken cancel = args.Control(1);
  return Start<std::string>(
      CallKind::kSolo, args, handle_, cancel,
      [handle = handle_->options, database = handle_->database, name](const CancelToken& token) -> Result<std::string> {
        if (handle.read_only) return OpenedReadOnly();
        Result<SnapshotInfo> made = agentmemdb::CreateSnapshot(database.get(), name, token);
        if (!made.ok()) return made.status();
        return SnapshotsToJson({*made});
      },
      JsonToJs);
}

Napi::Value DatabaseObject::ListSnapshots(const Napi::CallbackInfo& info) {
  Args args(info, "Database.listSnapshots");
  const CancelToken cancel = args.Control(0);
  return Start<std::string>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database](const CancelToken&) -> Result<std::string> {
        Result<std::vector<SnapshotInfo>> snapshots = agentmemdb::ListSnapshots(*database);
        if (!snapshots.ok()) return snapshots.status();
        return SnapshotsToJson(*snapshots);
      },
      JsonToJs);
}

Napi::Value DatabaseObject::DeleteSnapshot(const Napi::CallbackInfo& info) {
  Args args(info, "Database.deleteSnapshot");
  const std::string name = args.String(0, "name");
  const CancelToken cancel = args.Control(1);
  return Start<bool>(
      CallKind::kSolo, args, handle_, cancel,
      [handle = handle_->options, database = handle_->database, name](const CancelToken& token) -> Result<bool> {
        if (handle.read_only) return OpenedReadOnly();
        return agentmemdb::DeleteSnapshot(database.get(), name, token);
      },
      [](Napi::Env env, bool& deleted) -> Napi::Value { return Napi::Boolean::New(env, deleted); });
}

// restoreSnapshot(name, token, timeoutMs): resolves to the change version; the token tells records done and in all.
Napi::Value DatabaseObject::RestoreSnapshot(const Napi::CallbackInfo& info) {
  Args args(info, "Database.restoreSnapshot");
  RestoreOp op;
  op.snapshot = args.String(0, "name");
  const CancelToken cancel = args.Control(1);
  return StartCall(args, handle_, cancel,
                   std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& call) -> Napi::Value {
                     return Napi::Number::New(env, static_cast<double>(call.version));
                   }));
}

// compact(token, timeoutMs): the token tells stages done and in all.
Napi::Value DatabaseObject::Compact(const Napi::CallbackInfo& info) {
  Args args(info, "Database.compact");
  const CancelToken cancel = args.Control(0);
  return Start<std::string>(
      CallKind::kWrite, args, handle_, cancel,
      [database = handle_->database](const CancelToken& token) -> Result<std::string> {
        Result<CompactReport> report = database->Compact(token);
        if (!report.ok()) return report.status();
        return ReportToJson(*report);
      },
      JsonToJs);
}

// purge(most, keepsAlive, token, timeoutMs): deletes up to so many records that have expired; resolves to how many there were.
Napi::Value DatabaseObject::Purge(const Napi::CallbackInfo& info) {
  Args args(info, "Database.compact");
  PurgeOp op;
  op.most = static_cast<size_t>(args.Mark(0));
  const bool keeps_alive = args.Bool(1, "keepsAlive");
  const CancelToken cancel = args.Control(2);
  auto call = std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& done) -> Napi::Value {
    return Napi::Number::New(env, static_cast<double>(std::get<PurgeOp>(done.ops[0]).rows.size()));
  });
  call->keeps_alive = keeps_alive;
  return StartCall(args, handle_, cancel, std::move(call));
}

// hasExpired(): whether purge() would find many, as the last background slice saw it.
Napi::Value DatabaseObject::HasExpired(const Napi::CallbackInfo& info) {
  const Database* database = handle_->database.get();
  return Napi::Boolean::New(info.Env(), database != nullptr && database->has_expired() && !handle_->options.read_only);
}

}  // namespace agentmemdb::binding
