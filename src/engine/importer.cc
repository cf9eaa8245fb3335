#include "engine/importer.h"

namespace agentmemdb {
namespace {

// Of one transaction.
constexpr int64_t kPartBytes = int64_t{1} << 20;
constexpr size_t kPartRecords = 5000;
constexpr int64_t kPiecesBetweenChecks = 16;

}  // namespace

size_t Importer::held() const {
  size_t bytes = text_.size() - at_;
  for (const std::string& fed : fed_) bytes += fed.size();
  return bytes;
}

void Importer::TakeFed() {
  text_.erase(0, at_);
  at_ = 0;
  for (const std::string& fed : fed_) {
    text_ += fed;
    bytes_fed_ += static_cast<int64_t>(fed.size());
  }
  fed_.clear();
}

Result<ImportPart> Importer::Read(const CancelToken& cancel) {
  TakeFed();
  ImportPart part;
  const int64_t limit = bytes_read() + kPartBytes;
  Step step = Step::kTook;
  for (int64_t pieces = 0; step == Step::kTook; ++pieces) {
    if (pieces % kPiecesBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    if (bytes_read() >= limit || part.batch.records.size() >= kPartRecords) break;
    const Result<Step> next = ReadPiece(&part);
    if (!next.ok() && part.batch.records.empty()) return next.status();
    step = next.ok() ? next.value() : Step::kStop;  // What came before it is given out first.
  }
  part.more = step != Step::kStarved;
  part.done = done_;
  part.bytes = bytes_read();
  return part;
}

Result<Importer::Step> Importer::ReadPiece(ImportPart* part) {
  const Result<std::optional<Piece>> piece = NextPiece();
  if (!piece.ok()) return Named(piece.status());
  if (!piece.value()) {
    if (!ended_) return Step::kStarved;
    if (!part->batch.records.empty()) return Step::kStop;  // Whether that was all is told afterwards.
    RETURN_IF_ERROR(CheckEnd(part));
    return part->collection ? Step::kStop : Step::kStarved;
  }
  const Result<bool> taken = Take(piece.value()->text, part);
  if (!taken.ok()) return Named(taken.status());
  if (!taken.value()) return Step::kStop;
  at_ = piece.value()->end;
  ++done_;
  return part->collection ? Step::kStop : Step::kTook;
}

Status Importer::CheckEnd(ImportPart* part) {
  if (Status status = Finish(part); !status.ok()) return std::move(status).WithArgument("source");
  if (done_ >= resume_after_) return {};
  return Status::InvalidArgument(
      "options.resumeAfter",
      "is " + std::to_string(resume_after_) + ", and the source has " + std::to_string(done_) + " " + unit_ + "s");
}

void Importer::Add(RecordInput record, std::unique_ptr<float[]> vector, ImportPart* part) const {
  const int64_t number = done_ + 1;
  if (number <= resume_after_) return;
  RecordBatch& batch = part->batch;
  if (batch.records.empty()) {
    batch.unit = unit_;
    batch.first = number;
  }
  batch.records.push_back(std::move(record));
  if (vector != nullptr) batch.vectors.push_back(std::move(vector));
}

Status Importer::Named(const Status& status) const {
  const std::string name = std::string(unit_) + " " + std::to_string(done_ + 1);
  return Status(status.code(), name + " " + status.message()).WithArgument(name);
}

}  // namespace agentmemdb
