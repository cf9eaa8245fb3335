#include "binding/exporter_object.h"

#include "binding/args.h"
#include "binding/database_object.h"
#include "binding/start.h"

namespace agentmemdb::binding {
namespace {

struct ExportedPart {
  std::string text;
  int64_t done = 0, total = 0;

  size_t bytes() const { return text.size(); }
};

}  // namespace

Napi::Function ExporterObject::Define(Napi::Env env) {
  return DefineClass(env, "Exporter", {InstanceMethod<&ExporterObject::Next>("next")});
}

ExporterObject::ExporterObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ExporterObject>(info) {
  const DatabaseObject* database = DatabaseObject::Read(info[0]);
  if (database == nullptr) throw Napi::TypeError::New(info.Env(), "use Database.exportJsonl()");
  handle_ = database->handle();
  ExportOptions options;
  if (info[1].IsArray()) {
    const auto names = info[1].As<Napi::Array>();
    options.collections.emplace();
    for (uint32_t i = 0; i < names.Length(); ++i) options.collections->push_back(ReadString(names.Get(i)).value_or(""));
  }
  options.skip_damaged = info[2].ToBoolean();
  exporter_ = std::make_shared<Exporter>(std::move(options));
}

// next(token, timeoutMs) resolves to { text: Buffer, done, total }, or to undefined when that was all.
Napi::Value ExporterObject::Next(const Napi::CallbackInfo& info) {
  Args args(info, "Database.exportJsonl");
  const CancelToken cancel = args.Control(0);
  return Start<ExportedPart>(
      CallKind::kSolo, args, handle_, cancel,
      [database = handle_->database, exporter = exporter_](const CancelToken& token) -> Result<ExportedPart> {
        Result<std::string> text = exporter->Next(database.get(), token);
        if (!text.ok()) return text.status();
        return ExportedPart{std::move(*text), exporter->done(), exporter->total()};
      },
      [](Napi::Env env, ExportedPart& part) -> Napi::Value {
        if (part.text.empty()) return env.Undefined();
        Napi::Object result = Napi::Object::New(env);
        result.Set("text", Napi::Buffer<char>::Copy(env, part.text.data(), part.text.size()));
        result.Set("done", static_cast<double>(part.done));
        result.Set("total", static_cast<double>(part.total));
        return result;
      });
}

}  // namespace agentmemdb::binding
