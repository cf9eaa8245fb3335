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
  // At most one of the two. A record is hidden from expires_at on.
  std::optional<TimeMs> expires_at = std::nullopt;
  std::optional<int64_t> ttl_ms = std::nullopt;  // from the write on; positive
  // Of an import only: when it was first stored and last written, as it came out. Absent: now.
  std::optional<TimeMs> created_at = std::nullopt, updated_at = std::nullopt;

  // What limits count.
  size_t bytes() const {
    return id.size() + vector.size_bytes() + (text ? text->size() : 0) + (metadata ? metadata->size() : 0);
  }
};

// Records and the memory their vectors lie in.
struct RecordBatch {
  std::vector<RecordInput> records;
  std::vector<std::unique_ptr<float[]>> vectors;
  std::shared_ptr<void> held;  // keeps a matrix of the caller's alive
  bool single = false;         // messages say "record", not "records[0]"
  // Of an import: messages say "line 3: record", for the first record, and count on from there.
  const char* unit = nullptr;
  int64_t first = 0;

  // What messages call a record (validate.cc).
  std::string NameOf(size_t i) const;
};

// What a put does with an id that is there already.
enum class OnConflict {
  kError,    // kAlreadyExists
  kReplace,  // the whole record; createdAt and row stay
  kSkip,     // nothing
};

struct PutOp {
  CollectionId collection{};
  OnConflict on_conflict = OnConflict::kError;
  RecordBatch batch;
  // Out:
  uint32_t inserted = 0, updated = 0, skipped = 0;
};

// A change of some fields. Outer optional: whether it changes; inner: to what, nullopt = removed.
struct PatchOp {
  CollectionId collection{};
  std::string id;
  std::optional<std::optional<std::vector<float>>> vector;
  std::optional<std::optional<std::string>> text;
  // A JSON object merged one level deep into what is stored: null deletes a key.
  std::optional<std::optional<std::string>> metadata;
  std::optional<std::optional<TimeMs>> expires_at;
  std::optional<int64_t> ttl_ms;
  std::optional<Version> if_version;  // another stored version is kConflict
};

struct DeleteOp {
  CollectionId collection{};
  std::string id;
  std::optional<Version> if_version;
  bool deleted = false;  // out
};

// Deletes what matches. Alone in its transaction: what matches is read before it begins.
struct DeleteWhereOp {
  CollectionId collection{};
  std::string filter_json;
  // Out:
  std::vector<RowId> rows;
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

// Deletes records that have expired. Alone in its transaction, as what matches is.
struct PurgeOp {
  size_t most = 0;
  // Out:
  std::vector<std::pair<CollectionId, RowId>> rows;
};

// Makes everything what a snapshot holds. Alone in its transaction.
struct RestoreOp {
  std::string snapshot;
  std::shared_ptr<Store> store;  // of it: opened when the call is validated
};

// Stores what calibrate() has chosen; nullopt: the default again.
struct SetAlphaOp {
  CollectionId collection{};
  std::optional<double> alpha;  // 0..1
};

using Op = std::variant<PutOp, PatchOp, DeleteOp, DeleteWhereOp, CreateCollectionOp, DeleteCollectionOp, PurgeOp,
                        RestoreOp, SetAlphaOp>;

struct WriteCall {
  std::vector<Op> ops;
  bool is_batch = false;  // messages name the operation: "operations[3].record.id"
  CancelToken cancel;
  // Out:
  Status status;
  Version version = 0;  // of the transaction that carried it
};

}  // namespace agentmemdb
