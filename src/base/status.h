// Errors as values. A call that can fail returns Status or Result<T>; no exception crosses a layer.
// The code table in status.cc is the only list of codes: lib/errors.js reads it from the addon, and a test compares it with
// index.d.ts and docs/errors.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agentmemdb {

enum class Code {
  kOk,
  kInvalidArgument,
  kNotFound,
  kAlreadyExists,
  kClosed,
  kConflict,
  kReadOnly,
  kBusy,
  kQueueFull,
  kTimeout,
  kIo,
  kCorrupt,
  kUnsupported,
  kLimit,
  kInternal,
  kAborted,  // Never seen by users: lib/ rejects with signal.reason instead.
};

struct CodeInfo {
  Code code;
  const char* name;     // "ERR_INVALID_ARGUMENT"
  const char* meaning;  // One sentence for people.
};

// Every code a user can meet, in the order of the enum.
const std::vector<CodeInfo>& CodeTable();
const char* CodeName(Code code);

// What went wrong, and where. Cheap when ok: one pointer.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message);

  static Status InvalidArgument(std::string argument, std::string message);

  bool ok() const { return detail_ == nullptr; }
  Code code() const { return ok() ? Code::kOk : detail_->code; }
  const std::string& message() const;
  const std::string& argument() const;  // "query.k"; empty when unknown
  const std::string& path() const;      // file; empty when unknown
  const std::string& id() const;        // record; empty when unknown

  Status&& WithArgument(std::string argument) &&;
  Status&& WithPath(std::string path) &&;
  Status&& WithId(std::string id) &&;

 private:
  struct Detail {
    Code code;
    std::string message, argument, path, id;
  };
  // Shared: one failed COMMIT fails every call of its group with the same value.
  std::shared_ptr<Detail> detail_;
};

// A T, or why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: conversion is the point.
  Result(Status status) : status_(std::move(status)) {}  // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  T* operator->() { return &*value_; }
  T& operator*() { return *value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace agentmemdb

#define RETURN_IF_ERROR(expression)                              \
  do {                                                           \
    ::agentmemdb::Status status_of_expression = expression;      \
    if (!status_of_expression.ok()) return status_of_expression; \
  } while (false)
