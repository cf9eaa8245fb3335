#include "binding/importer_object.h"

#include "binding/args.h"
#include "binding/collection_object.h"
#include "binding/database_object.h"
#include "binding/environment.h"
#include "binding/js_error.h"
#include "binding/start.h"
#include "binding/to_js.h"

namespace agentmemdb::binding {
namespace {

constexpr char kJsonl[] = "Database.importJsonl", kEpisodes[] = "Database.importAgentMemDB";

size_t BytesOf(const RecordBatch& batch) {
  size_t bytes = 0;
  for (const RecordInput& record : batch.records) bytes += record.bytes();
  return bytes;
}

Napi::Value PartToJs(Napi::Env env, const ImportPart& part, size_t records) {
  Napi::Object result = Napi::Object::New(env);
  const auto set = [&](const char* key, int64_t number) { result.Set(key, static_cast<double>(number)); };
  set("records", static_cast<int64_t>(records));
  set("done", part.done);
  set("bytes", part.bytes);
  result.Set("more", part.more);
  if (part.collection) {
    result.Set("name", ToJs(env, part.collection->name));
    result.Set("options", ToJs(env, part.collection->options));
  }
  return result;
}

}  // namespace

Napi::Function ImporterObject::Define(Napi::Env env) {
  using Self = ImporterObject;
  return DefineClass(env, "Importer",
                     {InstanceMethod<&Self::Begin>("begin"), InstanceMethod<&Self::Feed>("feed"),
                      InstanceMethod<&Self::End>("end"), InstanceMethod<&Self::Read>("read"),
                      InstanceMethod<&Self::Write>("write"), InstanceMethod<&Self::Drop>("drop")});
}

ImporterObject::ImporterObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ImporterObject>(info), lane_(Environment::Of(info.Env()).lane) {
  const DatabaseObject* database = DatabaseObject::Read(info[0]);
  if (database == nullptr) throw Napi::TypeError::New(info.Env(), "use Database.importJsonl()");
  handle_ = database->handle();
  const bool jsonl = ReadString(info[1]) == kJsonl;
  method_ = jsonl ? kJsonl : kEpisodes;
  const int64_t resume_after = ReadWhole(info[2]).value_or(0);
  reading_ = std::make_shared<Reading>();
  reading_->importer = jsonl ? MakeJsonlImporter(resume_after) : MakeEpisodeImporter(resume_after);
  input_ = std::make_shared<InputBytes>(handle_);
}

// begin(): throws if the handle may not write, before the source is touched.
void ImporterObject::Begin(const Napi::CallbackInfo& info) {
  if (handle_->options.read_only) napi_throw(info.Env(), ToJsError(info.Env(), method_, OpenedReadOnly()));
}

// feed(bytes): copied; at most a megabyte, and not beside another call.
void ImporterObject::Feed(const Napi::CallbackInfo& info) {
  const StepTimer step(info.Env());
  const auto bytes = info[0].As<Napi::Uint8Array>();
  reading_->importer->Feed(std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()));
  input_->Add(bytes.ByteLength());
}

// read(token, timeoutMs) resolves to { records, done, bytes, more, name?, options? }: so many records wait for write(), or those that
// come belong to the collection of that name.
Napi::Value ImporterObject::Read(const Napi::CallbackInfo& info) {
  Args args(info, method_);
  const CancelToken cancel = args.Control(0);
  return Start<ImportPart>(
      CallKind::kSolo, args, handle_, cancel,
      [reading = reading_](const CancelToken& token) { return reading->importer->Read(token); },
      [reading = reading_, input = input_](Napi::Env env, ImportPart& part) -> Napi::Value {
        reading->batch = std::move(part.batch);
        input->Release();
        input->Add(reading->importer->held());
        return PartToJs(env, part, reading->batch.records.size());
      });
}

// write(collection, onConflict, token, timeoutMs): what was read last. Resolves to { inserted, updated, skipped }.
Napi::Value ImporterObject::Write(const Napi::CallbackInfo& info) {
  Args args(info, method_);
  PutOp op;
  op.on_conflict = args.Conflict(1);
  if (const CollectionObject* collection = CollectionObject::Read(info[0]))
    op.collection = collection->id();
  else
    args.Refuse(Status::InvalidArgument("collection", "must be a Collection"));
  op.batch = std::exchange(reading_->batch, {});
  const CancelToken cancel = args.Control(2);
  InputBytes input(handle_);
  input.Add(BytesOf(op.batch));
  auto call = std::make_unique<WritingCall>(std::move(op), [](Napi::Env env, WriteCall& done) -> Napi::Value {
    const auto& put = std::get<PutOp>(done.ops[0]);
    Napi::Object result = Napi::Object::New(env);
    result.Set("inserted", put.inserted);
    result.Set("updated", put.updated);
    result.Set("skipped", put.skipped);
    return result;
  });
  call->input = std::move(input);
  return StartCall(args, handle_, cancel, std::move(call));
}

// drop(): lets go of what was fed and read.
void ImporterObject::Drop() {
  if (reading_ == nullptr) return;
  input_->Release();
  lane_->Retire(std::move(reading_));
}

}  // namespace agentmemdb::binding
