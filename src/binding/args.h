// The only reader of JavaScript values. Everything a caller passes is hostile: each value is looked at once, copied, and
// refused by name when it has the wrong type. Ranges are the core's business.
//
// The first failure is remembered and defaults are handed out after it, so that methods need no early returns.
#pragma once

#include <napi.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "binding/environment.h"
#include "binding/handle.h"
#include "engine/find.h"
#include "engine/op.h"
#include "engine/search.h"

namespace agentmemdb::binding {

class Args {
 public:
  // Whether reading the arguments counts among the steps on the event loop. To ask for a thread's CPU time takes a system call,
  // twice a step: not worth it where it cannot be long.
  enum class Step { kTimed, kShort };
  // `method` is how messages name the call: "Collection.search".
  Args(const Napi::CallbackInfo& info, const char* method, Step step = Step::kTimed) : info_(info), method_(method) {
    if (step == Step::kTimed && !sync()) step_.emplace(info.Env());  // A sync twin takes the time it takes.
  }

  // Methods are registered twice: the sync twin carries data.
  bool sync() const { return info_.Data() != nullptr; }

  Napi::Env env() const { return info_.Env(); }
  const char* method() const { return method_; }
  const Status& status() const { return status_; }
  // Keeps the first failure; ok changes nothing.
  void Refuse(Status status);
  // What there is, or its default after a refusal.
  template <class T>
  T Take(Result<T> result) {
    if (result.ok()) return std::move(*result);
    Refuse(result.status());
    return T();
  }
  // Of strings and vectors read so far.
  size_t input_bytes() const { return input_bytes_; }

  // Positional arguments.
  std::string String(size_t index, const char* name);
  // Not empty, no NUL.
  std::string FilePath(size_t index, const char* name);
  bool Bool(size_t index, const char* name);
  uint64_t Mark(size_t index);
  RecordBatch Record(size_t index);
  // 'error', 'replace' or 'skip'.
  OnConflict Conflict(size_t index);
  // What patch changes; `id` is an argument of its own.
  PatchOp Patch(size_t id_index, size_t fields_index);
  // undefined = any.
  std::optional<Version> IfVersion(size_t index, const char* name);
  // A filter as JSON text; nullopt when undefined. It is parsed on the pool.
  std::optional<std::string> Filter(size_t index);
  SearchQuery Query(size_t index);  // args_query.cc
  FindQuery Page(size_t index);
  Include IncludeFields(size_t index, const char* name);
  CollectionRequest CollectionOptions(size_t index);
  // Options of open(): those of the engine, and those of the handle.
  DatabaseOptions OpenOptions(size_t path_index, size_t options_index, HandleOptions* handle);
  // The last two arguments of every asynchronous method: a CancelToken or undefined, milliseconds or undefined.
  CancelToken Control(size_t token_index);

  Napi::Value At(size_t index) const { return info_[index]; }

 private:
  friend class Fields;
  const Napi::CallbackInfo& info_;
  const char* method_;
  Status status_;
  size_t input_bytes_ = 0;
  std::optional<StepTimer> step_;
};

// An object of options: every key it has must be one that is read.
class Fields {
 public:
  Fields(Args* args, Napi::Value value, std::string name, std::initializer_list<const char*> known);

  std::optional<uint32_t> Integer(const char* key);
  // A whole number that a double holds exactly.
  std::optional<int64_t> Whole(const char* key);
  // One of 1..max.
  std::optional<int64_t> WholeIn(const char* key, int64_t max);
  bool IsNull(const char* key) const { return Get(key).IsNull(); }
  std::optional<bool> Boolean(const char* key);
  std::optional<double> Number(const char* key);
  // Of one of some names, read by `from_name`; `wanted` lists them.
  template <class FromName>
  auto Named(const char* key, FromName from_name, const char* wanted) -> decltype(from_name(std::string()));
  // The members of an object of numbers, in their order.
  std::vector<std::pair<std::string, double>> Numbers(const char* key);
  bool Has(const char* key) const { return !Get(key).IsUndefined(); }
  Fields Object(const char* key, std::initializer_list<const char*> known) {
    return Fields(args_, Get(key), NameOf(key), known);
  }
  std::optional<std::string> String(const char* key);
  std::optional<std::vector<std::string>> Strings(const char* key);
  std::optional<std::vector<float>> Vector(const char* key);
  std::optional<Include> IncludeFields(const char* key);
  Napi::Value Get(const char* key) const;

 private:
  std::string NameOf(const char* key) const { return name_ + "." + key; }
  Args* args_;
  std::string name_;
  // What the object has, read once: asking it for each key that it may have would take longer than everything else here.
  std::vector<std::pair<std::string, Napi::Value>> members_;
};

template <class FromName>
auto Fields::Named(const char* key, FromName from_name, const char* wanted) -> decltype(from_name(std::string())) {
  const std::optional<std::string> name = String(key);
  if (!name) return std::nullopt;
  const auto value = from_name(*name);
  if (!value)
    args_->Refuse(Status::InvalidArgument(NameOf(key), std::string("must be ") + wanted + ", got '" + *name + "'"));
  return value;
}

// Text of a JavaScript string; nullopt when `value` is another type.
std::optional<std::string> ReadString(Napi::Value value);
// A whole number within 2^53: beyond it a double skips some. nullopt when `value` is anything else.
std::optional<int64_t> ReadWhole(Napi::Value value);
// Numbers of a Float32Array, not copied; empty optional when `value` is another type.
std::optional<VectorView> ReadVector(Napi::Value value);

}  // namespace agentmemdb::binding
