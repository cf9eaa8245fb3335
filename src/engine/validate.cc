// What can be refused before the file is touched.
#include "base/clock.h"
#include "base/random.h"
#include "engine/commit.h"

namespace agentmemdb {
namespace {

constexpr size_t kRecordsBetweenChecks = 256;

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

Status ValidateRecord(const CollectionOptions& options, const RecordInput& record, const std::string& argument) {
  if (!record.new_id) RETURN_IF_ERROR(ValidateId(record.id, argument + ".id"));
  RETURN_IF_ERROR(ValidateVector(options, record.vector, argument + ".vector"));
  if (record.text) RETURN_IF_ERROR(ValidateText(*record.text, argument + ".text"));
  if (record.metadata) RETURN_IF_ERROR(ValidateMetadata(*record.metadata, argument + ".metadata"));
  return {};
}

size_t Bytes(const RecordInput& record) {
  return record.id.size() + record.vector.size_bytes() + (record.text ? record.text->size() : 0) +
         (record.metadata ? record.metadata->size() : 0);
}

Status ValidatePut(const CollectionOptions& options, PutOp* op, const CancelToken& cancel) {
  RecordBatch& batch = op->batch;
  if (batch.records.size() > limits::kBatchRecordsMax)
    return Status(Code::kLimit, "records must be at most 100,000 a call, got " + std::to_string(batch.records.size()) +
                                    "; split them over several calls")
        .WithArgument("records");
  const TimeMs now = NowMs();
  size_t bytes = 0;
  for (size_t i = 0; i < batch.records.size(); ++i) {
    RecordInput& record = batch.records[i];
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    RETURN_IF_ERROR(ValidateRecord(options, record, batch.single ? "record" : "records[" + std::to_string(i) + "]"));
    if (record.new_id && record.id.empty()) record.id = NewUuidV7(now);
    bytes += Bytes(record);
  }
  if (bytes > limits::kBatchBytesMax)
    return Status(Code::kLimit, "records must be at most 256 MiB a call; split them over several calls")
        .WithArgument("records");
  return {};
}

}  // namespace

Status ValidateCall(Database* database, WriteCall* call) {
  if (auto* put = std::get_if<PutOp>(&call->op)) {
    Result<CollectionOptions> options = database->OptionsOf(put->collection);
    return options.ok() ? ValidatePut(*options, put, call->cancel) : options.status();
  }
  if (auto* remove = std::get_if<DeleteOp>(&call->op)) return ValidateId(remove->id, "id");
  if (auto* create = std::get_if<CreateCollectionOp>(&call->op)) {
    RETURN_IF_ERROR(ValidateCollectionName(create->name));
    return create->request.Validate();
  }
  return ValidateCollectionName(std::get<DeleteCollectionOp>(call->op).name);
}

}  // namespace agentmemdb
