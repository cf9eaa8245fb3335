// One accepted call of a user, from parsing to settling.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "base/status.h"
#include "binding/handle.h"
#include "engine/database.h"

namespace agentmemdb::binding {

// What the scheduler may do with a call.
enum class CallKind {
  kRead,        // short: joins a batch on one worker
  kSolo,        // a read of unknown length: runs alone
  kWrite,       // joins the next transaction of its database
  kBackground,  // work that nobody waits for, or that can wait
  kSlice,       // the same, a millisecond or two of it: may take every worker that no read wants
  kDisk,        // mostly waits for the disk: needs a thread of the pool, but no core
};

// Threads: made and destroyed on the JavaScript thread; Run on a pool thread, which sees nothing of JavaScript.
class Call {
 public:
  virtual ~Call() = default;

  bool reads() const { return kind == CallKind::kRead || kind == CallKind::kSolo; }

  // Does the work and keeps the result or a failed status. Never throws.
  virtual void Run() = 0;
  // The result as a JavaScript value. Only after Run, with status().ok().
  virtual Napi::Value Convert(Napi::Env env) = 0;
  virtual const Status& status() const = 0;
  virtual void Fail(Status status) = 0;
  // Of kWrite: run by Database::Commit together with others. nullptr: runs by itself, with no write of its database beside it.
  virtual WriteCall* write() { return nullptr; }
  // Bytes of a large result: what they cost on the event loop bounds how many are settled in one turn.
  virtual size_t result_bytes() const { return 0; }
  // Records a write carries, for bounding a transaction.
  virtual size_t weight() const { return 1; }
  // Takes what a big write carried, which Convert does not need: freeing it takes long, and is not for the event loop.
  virtual std::shared_ptr<void> TakeInput() { return nullptr; }

  CallKind kind = CallKind::kRead;
  const char* method = "";  // "Collection.search"
  CancelToken cancel;
  std::shared_ptr<Handle> handle;
  std::shared_ptr<Database> database;
  std::optional<Napi::Promise::Deferred> deferred;  // Absent for a sync call.
  int64_t accepted_micros = 0;                      // when the scheduler got it
  bool keeps_alive = true;                          // The process must not end before it is settled.
  bool yields = false;         // Asked to stop when a write needs its worker; goes on another time.
  Napi::ObjectReference held;  // JavaScript memory the call reads.
  InputBytes input;            // What it was given: counted against the handle's limit.
};

// Runs `body`, turning what must not leave a pool thread into a status.
template <class Body>
Status Guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Status(Code::kLimit, "out of memory");
  } catch (const std::exception& error) {
    return Status(Code::kInternal, error.what());
  } catch (...) {
    return Status(Code::kInternal, "an unknown exception");
  }
}

// run: (const CancelToken&) -> Result<T>.   convert: (Napi::Env, T&) -> Napi::Value.
template <class T>
class RunCall final : public Call {
 public:
  using RunFunction = std::function<Result<T>(const CancelToken&)>;
  using ConvertFunction = std::function<Napi::Value(Napi::Env, T&)>;
  RunCall(RunFunction run, ConvertFunction convert) : run_(std::move(run)), convert_(std::move(convert)) {}

  void Run() override {
    status_ = cancel.Check();
    if (!status_.ok()) return;
    status_ = Guarded([this]() -> Status {
      Result<T> result = run_(cancel);
      if (!result.ok()) return result.status();
      value_ = std::move(*result);
      return {};
    });
  }
  Napi::Value Convert(Napi::Env env) override { return convert_(env, *value_); }
  const Status& status() const override { return status_; }
  void Fail(Status status) override { status_ = std::move(status); }
  size_t result_bytes() const override {
    if constexpr (requires(const T& value) { value.bytes(); }) return value_ ? value_->bytes() : 0;
    return 0;
  }

 private:
  RunFunction run_;
  ConvertFunction convert_;
  std::optional<T> value_;
  Status status_;
};

// A write: what to run is data, and Database::Commit runs it. convert: (Napi::Env, WriteCall&) -> Napi::Value.
class WritingCall final : public Call {
 public:
  using ConvertFunction = std::function<Napi::Value(Napi::Env, WriteCall&)>;
  WritingCall(std::vector<Op> batch, ConvertFunction convert) : convert_(std::move(convert)) {
    kind = CallKind::kWrite;
    write_.ops = std::move(batch);
    write_.is_batch = true;
  }
  WritingCall(Op op, ConvertFunction convert) : convert_(std::move(convert)) {
    kind = CallKind::kWrite;
    write_.ops.push_back(std::move(op));
  }

  void Run() override {
    WriteCall* call = &write_;
    const Status status = Guarded([&]() -> Status {
      database->Commit({&call, 1});
      return {};
    });
    if (!status.ok()) write_.status = status;
  }
  Napi::Value Convert(Napi::Env env) override { return convert_(env, write_); }
  const Status& status() const override { return write_.status; }
  void Fail(Status status) override { write_.status = std::move(status); }
  WriteCall* write() override {
    write_.cancel = cancel;
    return &write_;
  }
  size_t weight() const override {
    size_t records = 0;
    for (const Op& op : write_.ops) {
      const auto* put = std::get_if<PutOp>(&op);
      records += put == nullptr ? 1 : put->batch.records.size();
    }
    return records;
  }
  std::shared_ptr<void> TakeInput() override {
    if (weight() <= 1) return nullptr;
    auto taken = std::make_shared<std::vector<RecordBatch>>();
    for (Op& op : write_.ops) {
      if (auto* put = std::get_if<PutOp>(&op)) taken->push_back(std::exchange(put->batch, {}));
    }
    return taken;
  }

 private:
  ConvertFunction convert_;
  WriteCall write_;
};

}  // namespace agentmemdb::binding
