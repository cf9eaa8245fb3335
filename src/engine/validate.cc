// What can be refused before the file is touched.
#include "base/clock.h"
#include "base/random.h"
#include "engine/commit.h"
#include "engine/snapshot.h"

namespace agentmemdb {
namespace {

constexpr size_t kRecordsBetweenChecks = 8;

Status ValidateVector(const CollectionOptions& options, VectorView vector, const std::string& argument) {
  if (vector.empty()) return {};
  if (options.dimensions == 0)
    return Status::InvalidArgument(argument, "is not possible: the collection was created without dimensions");
  if (vector.size() != options.dimensions)
    return Status::InvalidArgument(
        argument, "must have " + std::to_string(options.dimensions) + " numbers, got " + std::to_string(vector.size()));
  double norm;
  return CheckVector(options.metric, vector, argument.c_str(), &norm);
}

Status ValidateTime(const std::optional<TimeMs>& time, const std::string& argument) {
  if (!time || (*time >= 0 && *time <= limits::kTimeMsMax)) return {};
  return Status::InvalidArgument(argument, "must be milliseconds since the epoch");
}

Status ValidateExpiry(const std::optional<TimeMs>& expires_at, const std::optional<int64_t>& ttl_ms,
                      const std::string& argument) {
  if (expires_at && ttl_ms)
    return Status::InvalidArgument(argument + ".ttlMs", "cannot be given together with expiresAt");
  if (ttl_ms && (*ttl_ms < 1 || *ttl_ms > limits::kTimeMsMax))
    return Status::InvalidArgument(argument + ".ttlMs", "must be a positive integer of milliseconds");
  return ValidateTime(expires_at, argument + ".expiresAt");
}

Status ValidateRecord(const CollectionOptions& options, const RecordInput& record, const std::string& argument) {
  if (!record.new_id) RETURN_IF_ERROR(ValidateId(record.id, argument + ".id"));
  RETURN_IF_ERROR(ValidateVector(options, record.vector, argument + ".vector"));
  if (record.text) RETURN_IF_ERROR(ValidateText(*record.text, argument + ".text"));
  if (record.metadata) RETURN_IF_ERROR(ValidateMetadata(*record.metadata, argument + ".metadata"));
  RETURN_IF_ERROR(ValidateTime(record.created_at, argument + ".createdAt"));
  RETURN_IF_ERROR(ValidateTime(record.updated_at, argument + ".updatedAt"));
  return ValidateExpiry(record.expires_at, record.ttl_ms, argument);
}

Status ValidatePatch(const CollectionOptions& options, const PatchOp& op) {
  RETURN_IF_ERROR(ValidateId(op.id, "id"));
  if (op.vector && *op.vector) {
    // Not as a record has none: a vector whose memory was taken away must not remove what is stored.
    if ((*op.vector)->empty()) return Status::InvalidArgument("fields.vector", "must not be empty; null removes it");
    RETURN_IF_ERROR(ValidateVector(options, **op.vector, "fields.vector"));
  }
  if (op.text && *op.text) RETURN_IF_ERROR(ValidateText(**op.text, "fields.text"));
  if (op.metadata && *op.metadata) RETURN_IF_ERROR(ValidateMetadata(**op.metadata, "fields.metadata"));
  return ValidateExpiry(op.expires_at.value_or(std::nullopt), op.ttl_ms, "fields");
}

Status ValidatePut(const CollectionOptions& options, PutOp* op, const CancelToken& cancel) {
  RecordBatch& batch = op->batch;
  if (batch.records.size() > limits::kBatchRecordsMax)
    return Status(Code::kLimit, "records must be at most 100,000 a call, got " + std::to_string(batch.records.size()) +
                                    "; split them over several calls")
        .WithArgument("records");
  const TimeMs now = NowMs();
  for (size_t i = 0; i < batch.records.size(); ++i) {
    RecordInput& record = batch.records[i];
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    // Its name is made where it is refused: names take as long as the checks.
    if (!ValidateRecord(options, record, "").ok()) return ValidateRecord(options, record, batch.NameOf(i));
    if (record.new_id && record.id.empty()) record.id = NewUuidV7(now);
  }
  return {};
}

size_t BytesOf(const Op& op) {
  size_t bytes = 0;
  if (const auto* put = std::get_if<PutOp>(&op)) {
    for (const RecordInput& record : put->batch.records) bytes += record.bytes();
  } else if (const auto* patch = std::get_if<PatchOp>(&op)) {
    if (patch->vector && *patch->vector) bytes += (*patch->vector)->size() * sizeof(float);
    if (patch->text && *patch->text) bytes += (*patch->text)->size();
    if (patch->metadata && *patch->metadata) bytes += (*patch->metadata)->size();
  }
  return bytes;
}

Status ValidateOp(Database* database, Op* op, const CancelToken& cancel) {
  if (auto* put = std::get_if<PutOp>(op)) {
    Result<CollectionOptions> options = database->OptionsOf(put->collection, cancel);
    return options.ok() ? ValidatePut(*options, put, cancel) : options.status();
  }
  if (auto* patch = std::get_if<PatchOp>(op)) {
    Result<CollectionOptions> options = database->OptionsOf(patch->collection, cancel);
    return options.ok() ? ValidatePatch(*options, *patch) : options.status();
  }
  if (auto* remove = std::get_if<DeleteOp>(op)) return ValidateId(remove->id, "id");
  if (auto* create = std::get_if<CreateCollectionOp>(op)) {
    RETURN_IF_ERROR(ValidateName(create->name));
    return create->request.Validate();
  }
  if (auto* drop = std::get_if<DeleteCollectionOp>(op)) return ValidateName(drop->name);
  if (auto* restore = std::get_if<RestoreOp>(op)) return OpenSnapshot(database, restore, cancel);
  return {};
}

}  // namespace

std::string RecordBatch::NameOf(size_t i) const {
  if (unit == nullptr) return single ? "record" : "records[" + std::to_string(i) + "]";
  return std::string(unit) + " " + std::to_string(first + static_cast<int64_t>(i)) + ": record";
}

Status InBatch(const WriteCall& call, size_t i, Status status) {
  if (!call.is_batch) return status;
  const std::string place = "operations[" + std::to_string(i) + "]";
  const bool names_argument = !status.argument().empty() && status.message().starts_with(status.argument());
  Status named(status.code(), place + (names_argument ? "." : ": ") + status.message());
  return std::move(named)
      .WithArgument(status.argument().empty() ? place : place + "." + status.argument())
      .WithId(status.id())
      .WithPath(status.path());
}

Status ValidateCall(Database* database, WriteCall* call) {
  if (call->ops.size() > limits::kBatchRecordsMax)
    return Status(Code::kLimit, "operations must be at most 100,000 a call; split them over several calls")
        .WithArgument("operations");
  size_t bytes = 0;
  for (size_t i = 0; i < call->ops.size(); ++i) {
    if (Status status = ValidateOp(database, &call->ops[i], call->cancel); !status.ok())
      return InBatch(*call, i, std::move(status));
    bytes += BytesOf(call->ops[i]);
  }
  if (bytes <= limits::kBatchBytesMax) return {};
  const std::string argument = call->is_batch ? "operations" : "records";
  return Status(Code::kLimit, argument + " must be at most 256 MiB a call; split them over several calls")
      .WithArgument(argument);
}

}  // namespace agentmemdb
