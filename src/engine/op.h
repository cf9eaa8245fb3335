// One write, as a value; and a call: the writes of one user's call, which succeed or fail together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "base/types.h"
#include "engine/options.h"

namespace agentmemdb {

struct RecordInput {
  std::string id;  // empty and `new_id` = make a UUIDv7
  bool new_id = false;
  VectorView vector;  // into the batch's memory; empty = none
  std::optional<std::string> text;
  std::optional<std::string> metadata;  // JSON
};

// Records and the memory their vectors lie in.
struct RecordBatch {
  std::vector<RecordInput> records;
  std::vector<std::unique_ptr<float[]>> vectors;
  std::shared_ptr<void> held;  // keeps a matrix of the caller's alive
  bool single = false;         // messages say "record", not "records[0]"
};

struct PutOp {
  CollectionId collection{};
  bool replace = false;  // false: an existing id is kAlreadyExists
  RecordBatch batch;
  // Out:
  uint32_t inserted = 0, updated = 0;
};

struct DeleteOp {
  CollectionId collection{};
  std::string id;
  bool deleted = false;  // out
};

struct CreateCollectionOp {
  std::string name;
  CollectionRequest request;
  bool open_existing = false;  // false: an existing name is kAlreadyExists
  // Out:
  CollectionId collection{};
  CollectionOptions options;
};

struct DeleteCollectionOp {
  std::string name;
  bool deleted = false;  // out
};

using Op = std::variant<PutOp, DeleteOp, CreateCollectionOp, DeleteCollectionOp>;

struct WriteCall {
  Op op;
  CancelToken cancel;
  // Out:
  Status status;
  Version version = 0;  // of the transaction that carried it
};

}  // namespace agentmemdb
