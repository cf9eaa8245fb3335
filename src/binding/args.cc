#include "binding/args.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/clock.h"
#include "binding/cancel_token_object.h"

namespace agentmemdb::binding {
namespace {

std::string TypeOf(Napi::Value value) {
  if (value.IsNull()) return "null";
  if (value.IsArray()) return "an array";
  switch (value.Type()) {
    case napi_undefined:
      return "undefined";
    case napi_boolean:
      return "a boolean";
    case napi_number:
      return "a number";
    case napi_string:
      return "a string";
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    default:
      return "an object";
  }
}

Status Wrong(const std::string& argument, const char* wanted, Napi::Value value) {
  std::string got = TypeOf(value);
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    got = text;
  }
  return Status::InvalidArgument(argument, std::string("must be ") + wanted + ", got " + got);
}

std::optional<uint32_t> ReadInteger(Napi::Value value) {
  if (!value.IsNumber()) return std::nullopt;
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 4294967295.0) || number != std::floor(number)) return std::nullopt;
  return static_cast<uint32_t>(number);
}

constexpr uint32_t kIncludeMax = 16;  // More than there are fields: repeating one is no mistake, a million is.

std::optional<Include> ReadInclude(Napi::Value value) {
  if (!value.IsArray()) return std::nullopt;
  Include include{false, false, false};
  const auto list = value.As<Napi::Array>();
  if (list.Length() > kIncludeMax) return std::nullopt;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const std::optional<std::string> field = ReadString(list.Get(i));
    if (field == "text")
      include.text = true;
    else if (field == "metadata")
      include.metadata = true;
    else if (field == "vector")
      include.vector = true;
    else
      return std::nullopt;
  }
  return include;
}

constexpr int64_t kWholeMax = int64_t{1} << 53;  // Beyond it a double skips whole numbers.

constexpr char kIncludeWanted[] = "an array of 'text', 'metadata', 'vector'";

}  // namespace

std::optional<int64_t> ReadWhole(Napi::Value value) {
  if (!value.IsNumber()) return std::nullopt;
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(std::abs(number) <= static_cast<double>(kWholeMax)) || number != std::floor(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::optional<std::string> ReadString(Napi::Value value) {
  if (!value.IsString()) return std::nullopt;
  size_t units = 0, bytes = 0;
  napi_get_value_string_latin1(value.Env(), value, nullptr, 0, &units);
  napi_get_value_string_utf8(value.Env(), value, nullptr, 0, &bytes);
  std::string text(bytes, '\0');
  // As many bytes as units: all of it is ASCII, which V8 copies many times faster than it encodes.
  const auto get = units == bytes ? napi_get_value_string_latin1 : napi_get_value_string_utf8;
  get(value.Env(), value, text.data(), bytes + 1, nullptr);
  return text;
}

std::optional<VectorView> ReadVector(Napi::Value value) {
  bool is_typed_array = false;
  napi_is_typedarray(value.Env(), value, &is_typed_array);
  if (!is_typed_array) return std::nullopt;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  napi_value buffer;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, &buffer, nullptr) != napi_ok)
    return std::nullopt;
  // Shared memory could change under us: it is not an ArrayBuffer, and refused.
  bool is_buffer = false;
  napi_is_arraybuffer(value.Env(), buffer, &is_buffer);
  if (type != napi_float32_array || !is_buffer) return std::nullopt;
  return VectorView(static_cast<const float*>(data), data == nullptr ? 0 : length);
}

void Args::Refuse(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

std::string Args::String(size_t index, const char* name) {
  std::optional<std::string> text = ReadString(At(index));
  if (!text) Refuse(Wrong(name, "a string", At(index)));
  if (text) input_bytes_ += text->size();
  return text.value_or("");
}

std::string Args::FilePath(size_t index, const char* name) {
  std::string path = String(index, name);
  if (status_.ok() && (path.empty() || path.find('\0') != std::string::npos))
    Refuse(Status::InvalidArgument(name, "must be a file path"));
  return path;
}

bool Args::Bool(size_t index, const char* name) {
  if (!At(index).IsBoolean()) {
    Refuse(Wrong(name, "a boolean", At(index)));
    return false;
  }
  return At(index).As<Napi::Boolean>().Value();
}

uint64_t Args::Mark(size_t index) {
  if (!At(index).IsNumber()) {
    Refuse(Wrong("mark", "a number", At(index)));
    return 0;
  }
  return static_cast<uint64_t>(At(index).As<Napi::Number>().Int64Value());
}

RecordBatch Args::Record(size_t index) {
  RecordBatch batch;
  batch.single = true;
  Fields fields(this, At(index), "record", {"id", "vector", "text", "metadata", "expiresAt", "ttlMs"});
  RecordInput record;
  record.expires_at = fields.Whole("expiresAt");
  record.ttl_ms = fields.Whole("ttlMs");
  std::optional<std::string> id = fields.String("id");
  record.new_id = !id.has_value();
  record.id = std::move(id).value_or("");
  record.text = fields.String("text");
  record.metadata = fields.String("metadata");
  if (std::optional<std::vector<float>> vector = fields.Vector("vector")) {
    if (vector->empty()) Refuse(Status::InvalidArgument("record.vector", "must not be empty"));
    batch.vectors.push_back(std::make_unique<float[]>(vector->size()));
    std::copy(vector->begin(), vector->end(), batch.vectors.back().get());
    record.vector = VectorView(batch.vectors.back().get(), vector->size());
  }
  batch.records.push_back(std::move(record));
  return batch;
}

std::optional<std::string> Args::Filter(size_t index) {
  if (At(index).IsUndefined()) return std::nullopt;
  return String(index, "filter");
}

OnConflict Args::Conflict(size_t index) {
  const std::optional<std::string> name = ReadString(At(index));
  if (name == "replace") return OnConflict::kReplace;
  if (name == "skip") return OnConflict::kSkip;
  if (name != "error") Refuse(Wrong("options.onConflict", "'error', 'replace' or 'skip'", At(index)));
  return OnConflict::kError;
}

std::optional<Version> Args::IfVersion(size_t index, const char* name) {
  if (At(index).IsUndefined()) return std::nullopt;
  const std::optional<int64_t> version = ReadWhole(At(index));
  if (!version) Refuse(Wrong(name, "a whole number", At(index)));
  return version;
}

PatchOp Args::Patch(size_t id_index, size_t fields_index) {
  PatchOp op;
  op.id = String(id_index, "id");
  Fields fields(this, At(fields_index), "fields", {"vector", "text", "metadata", "expiresAt", "ttlMs"});
  if (fields.IsNull("vector"))
    op.vector.emplace(std::nullopt);
  else if (std::optional<std::vector<float>> vector = fields.Vector("vector"))
    op.vector = std::move(vector);
  if (fields.IsNull("text"))
    op.text.emplace(std::nullopt);
  else if (std::optional<std::string> text = fields.String("text"))
    op.text = std::move(text);
  if (fields.IsNull("metadata"))
    op.metadata.emplace(std::nullopt);
  else if (std::optional<std::string> metadata = fields.String("metadata"))
    op.metadata = std::move(metadata);
  if (fields.IsNull("expiresAt"))
    op.expires_at.emplace(std::nullopt);
  else if (std::optional<int64_t> expires_at = fields.Whole("expiresAt"))
    op.expires_at = expires_at;
  op.ttl_ms = fields.Whole("ttlMs");
  return op;
}

Include Args::IncludeFields(size_t index, const char* name) {
  if (At(index).IsUndefined()) return Include();
  const std::optional<Include> include = ReadInclude(At(index));
  if (!include) Refuse(Wrong(name, kIncludeWanted, At(index)));
  return include.value_or(Include());
}

DatabaseOptions Args::OpenOptions(size_t path_index, size_t options_index, HandleOptions* handle) {
  DatabaseOptions options;
  options.path = FilePath(path_index, "path");
  Fields fields(this, At(options_index), "options",
                {"readOnly", "durability", "busyTimeoutMs", "maxPending", "maxPendingBytes", "maxBatch"});
  handle->read_only = options.read_only = fields.Boolean("readOnly").value_or(false);
  if (std::optional<std::string> durability = fields.String("durability")) {
    if (*durability != "full" && *durability != "normal")
      Refuse(Status::InvalidArgument("options.durability", "must be 'full' or 'normal', got '" + *durability + "'"));
    options.durability = *durability == "normal" ? Durability::kNormal : Durability::kFull;
  }
  const uint32_t busy_timeout_ms = fields.Integer("busyTimeoutMs").value_or(5000);
  if (busy_timeout_ms > 2147483647)
    Refuse(Status::InvalidArgument("options.busyTimeoutMs", "must be an integer in 0..2147483647"));
  options.busy_timeout_ms = static_cast<int>(busy_timeout_ms);
  handle->pending_max = fields.WholeIn("maxPending", 1000000).value_or(handle->pending_max);
  handle->pending_bytes_max = fields.WholeIn("maxPendingBytes", kWholeMax).value_or(handle->pending_bytes_max);
  handle->batch_max = fields.WholeIn("maxBatch", limits::kBatchRecordsMax).value_or(handle->batch_max);
  // For a file system that is not what it seems.
  if (const char* mode = std::getenv("AGENTMEMDB_STORAGE_MODE")) {
    options.single = mode == std::string_view("single");
    if (!*options.single && mode != std::string_view("shared"))
      Refuse(Status::InvalidArgument("AGENTMEMDB_STORAGE_MODE", "must be 'shared' or 'single'"));
  }
  return options;
}

CancelToken Args::Control(size_t token_index) {
  CancelToken token;
  if (At(token_index).IsObject()) {
    if (const CancelToken* given = CancelTokenObject::Read(At(token_index)))
      token = *given;
    else
      Refuse(Wrong("token", "a CancelToken", At(token_index)));
  }
  const Napi::Value timeout = At(token_index + 1);
  if (timeout.IsUndefined()) return token;
  const std::optional<uint32_t> timeout_ms = ReadInteger(timeout);
  if (!timeout_ms || *timeout_ms < 1 || *timeout_ms > 2147483647)
    Refuse(Wrong("options.timeoutMs", "an integer in 1..2147483647", timeout));
  else
    token.set_deadline_micros(MonotonicMicros() + int64_t{1000} * *timeout_ms);
  return token;
}

Fields::Fields(Args* args, Napi::Value value, std::string name, std::initializer_list<const char*> known)
    : args_(args), name_(std::move(name)) {
  if (value.IsUndefined()) return;
  if (!value.IsObject() || value.IsArray() || value.IsFunction()) {
    args->Refuse(Wrong(name_, "an object", value));
    return;
  }
  const auto object = value.As<Napi::Object>();
  const Napi::Array keys = object.GetPropertyNames();
  for (uint32_t i = 0, count = keys.Length(); i < count; ++i) {
    const Napi::Value key_value = keys.Get(i);
    std::string key = key_value.As<Napi::String>().Utf8Value();
    if (std::find(known.begin(), known.end(), key) != known.end()) {
      members_.emplace_back(std::move(key), object.Get(key_value));
      continue;
    }
    std::string message = "is not an option; known are";
    for (const char* each : known) message += std::string(each == *known.begin() ? " " : ", ") + each;
    args->Refuse(Status::InvalidArgument(name_ + "." + key, message));
    return;
  }
}

Napi::Value Fields::Get(const char* key) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [key](const auto& member) { return member.first == key; });
  return found == members_.end() ? args_->env().Undefined() : found->second;
}

std::optional<uint32_t> Fields::Integer(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  const std::optional<uint32_t> number = ReadInteger(value);
  if (!number) args_->Refuse(Wrong(NameOf(key), "a non-negative integer", value));
  return number;
}

std::optional<int64_t> Fields::Whole(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  const std::optional<int64_t> number = ReadWhole(value);
  if (!number) args_->Refuse(Wrong(NameOf(key), "a whole number", value));
  return number;
}

std::optional<int64_t> Fields::WholeIn(const char* key, int64_t max) {
  const std::optional<int64_t> number = Whole(key);
  if (!number || (*number >= 1 && *number <= max)) return number;
  args_->Refuse(Status::InvalidArgument(
      NameOf(key), "must be an integer in 1.." + std::to_string(max) + ", got " + std::to_string(*number)));
  return std::nullopt;
}

std::optional<bool> Fields::Boolean(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  args_->Refuse(Wrong(NameOf(key), "a boolean", value));
  return std::nullopt;
}

std::optional<double> Fields::Number(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (std::isfinite(number)) return number;
  args_->Refuse(Wrong(NameOf(key), "a finite number", value));
  return std::nullopt;
}

std::vector<std::pair<std::string, double>> Fields::Numbers(const char* key) {
  constexpr uint32_t kMembersMax = 64;  // More than anything takes.
  std::vector<std::pair<std::string, double>> numbers;
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return numbers;
  const bool plain = value.IsObject() && !value.IsArray() && !value.IsFunction();
  const Napi::Array keys = plain ? value.As<Napi::Object>().GetPropertyNames() : Napi::Array();
  if (!plain || keys.Length() > kMembersMax) {
    args_->Refuse(Wrong(NameOf(key), "an object of at most 64 numbers", value));
    return numbers;
  }
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string name = ReadString(keys.Get(i)).value_or("");
    const Napi::Value member = value.As<Napi::Object>().Get(keys.Get(i));
    const double number = member.IsNumber() ? member.As<Napi::Number>().DoubleValue() : NAN;
    if (!std::isfinite(number)) args_->Refuse(Wrong(NameOf(key) + "." + name, "a finite number", member));
    numbers.emplace_back(name, number);
  }
  return numbers;
}

std::optional<std::string> Fields::String(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  std::optional<std::string> text = ReadString(value);
  if (!text) args_->Refuse(Wrong(NameOf(key), "a string", value));
  if (text) args_->input_bytes_ += text->size();
  return text;
}

std::optional<std::vector<float>> Fields::Vector(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  const std::optional<VectorView> view = ReadVector(value);
  if (!view) {
    args_->Refuse(Wrong(NameOf(key), "a Float32Array or an array of numbers", value));
    return std::nullopt;
  }
  args_->input_bytes_ += view->size_bytes();
  return std::vector<float>(view->begin(), view->end());
}

std::optional<Include> Fields::IncludeFields(const char* key) {
  const Napi::Value value = Get(key);
  if (value.IsUndefined()) return std::nullopt;
  const std::optional<Include> include = ReadInclude(value);
  if (!include) args_->Refuse(Wrong(NameOf(key), kIncludeWanted, value));
  return include;
}

}  // namespace agentmemdb::binding
