#include "base/status.h"

namespace agentmemdb {
namespace {

const std::string& Empty() {
  static const std::string* const empty = new std::string;
  return *empty;
}

}  // namespace

const std::vector<CodeInfo>& CodeTable() {
  static const auto* const table = new std::vector<CodeInfo>{
      {Code::kInvalidArgument, "ERR_INVALID_ARGUMENT",
       "An argument has the wrong type, shape or range, or is unknown."},
      {Code::kNotFound, "ERR_NOT_FOUND", "There is nothing of the name given."},
      {Code::kAlreadyExists, "ERR_ALREADY_EXISTS", "There is already something of the name or id given."},
      {Code::kClosed, "ERR_CLOSED", "The handle is closing or closed."},
      {Code::kConflict, "ERR_CONFLICT", "The record has changed since the version given."},
      {Code::kReadOnly, "ERR_READ_ONLY", "The handle cannot write: opened read-only, or an earlier write failed."},
      {Code::kBusy, "ERR_BUSY", "Another process held the write lock, or the file, for too long."},
      {Code::kQueueFull, "ERR_QUEUE_FULL", "Too many calls, or too large ones, are waiting on the handle."},
      {Code::kTimeout, "ERR_TIMEOUT", "The deadline given with timeoutMs has passed."},
      {Code::kIo, "ERR_IO", "The operating system refused to read or write, or an embedder failed."},
      {Code::kCorrupt, "ERR_CORRUPT", "Stored bytes fail their check."},
      {Code::kUnsupported, "ERR_UNSUPPORTED",
       "The file's format or the platform is not supported, or another copy in this process has the file."},
      {Code::kLimit, "ERR_LIMIT", "A configured limit or the memory is exhausted."},
      {Code::kInternal, "ERR_INTERNAL", "A mistake of ours; the message says where."},
  };
  return *table;
}

const char* CodeName(Code code) {
  for (const CodeInfo& info : CodeTable()) {
    if (info.code == code) return info.name;
  }
  return code == Code::kAborted ? "ABORTED" : "OK";
}

Status::Status(Code code, std::string message) : detail_(std::make_shared<Detail>()) {
  detail_->code = code;
  detail_->message = std::move(message);
}

Status Status::InvalidArgument(std::string argument, std::string message) {
  return Status(Code::kInvalidArgument, argument + " " + message).WithArgument(argument);
}

const std::string& Status::message() const { return ok() ? Empty() : detail_->message; }
const std::string& Status::argument() const { return ok() ? Empty() : detail_->argument; }
const std::string& Status::path() const { return ok() ? Empty() : detail_->path; }
const std::string& Status::id() const { return ok() ? Empty() : detail_->id; }

Status&& Status::WithArgument(std::string argument) && {
  detail_->argument = std::move(argument);
  return std::move(*this);
}

Status&& Status::WithPath(std::string path) && {
  detail_->path = std::move(path);
  return std::move(*this);
}

Status&& Status::WithId(std::string id) && {
  detail_->id = std::move(id);
  return std::move(*this);
}

}  // namespace agentmemdb
