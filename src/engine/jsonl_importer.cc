#include "engine/importer.h"
#include "engine/jsonl.h"

namespace agentmemdb {
namespace {

Status Damaged(const std::string& what) { return Status(Code::kCorrupt, what); }

class JsonlImporter final : public Importer {
 public:
  explicit JsonlImporter(int64_t resume_after) : Importer("line", resume_after) {}

 private:
  Result<std::optional<Piece>> NextPiece() override {
    const size_t newline = text_.find('\n', at_ + searched_);
    const bool found = newline != std::string::npos;
    const size_t end = found ? newline : text_.size();
    if (end - at_ > kLineBytesMax) return Damaged("is longer than any line of an export");
    is_cut_ = !found;
    if (!found && (!ended_ || end == at_)) {
      searched_ = end - at_;
      return std::optional<Piece>();
    }
    return std::optional<Piece>({std::string_view(text_).substr(at_, end - at_), found ? end + 1 : end});
  }

  Result<bool> Take(std::string_view text, ImportPart* part) override {
    Result<JsonlLine> line = ParseLine(text);
    if (!line.ok() && is_cut_) return Damaged(line.status().message() + "; the source ends in it: it was cut off");
    if (!line.ok()) return line.status();
    const Result<bool> taken = std::visit([&](auto& parsed) { return TakeLine(&parsed, part); }, line.value());
    if (taken.ok() && taken.value()) searched_ = 0;
    return taken;
  }

  Result<bool> TakeLine(HeaderLine*, ImportPart*) {
    if (done_ != 0) return Damaged("begins another export; import one at a time");
    return true;
  }

  Result<bool> TakeLine(CollectionLine* line, ImportPart* part) {
    RETURN_IF_ERROR(CheckPlace());
    if (!part->batch.records.empty()) return false;
    ++collections_;
    part->collection = ImportCollection{std::move(line->name), std::move(line->options)};
    return true;
  }

  Result<bool> TakeLine(RecordLine* line, ImportPart* part) {
    RETURN_IF_ERROR(CheckPlace());
    if (collections_ == 0) return Damaged("is a record, and no collection was named yet");
    ++records_;
    Add(std::move(line->record), std::move(line->vector), part);
    return true;
  }

  Result<bool> TakeLine(EndLine* line, ImportPart*) {
    RETURN_IF_ERROR(CheckPlace());
    if (line->collections != collections_ || line->records != records_)
      return Damaged("counts " + Counted(line->collections, line->records) + ", and there were " +
                     Counted(collections_, records_) + ": lines were lost or added");
    complete_ = true;
    return true;
  }

  Status CheckPlace() const {
    if (done_ == 0) return Damaged("does not begin an export: {\"agentmemdb\":1} must come first");
    return complete_ ? Damaged("comes after the last line of the export") : Status();
  }

  Status Finish(ImportPart*) override {
    if (done_ == 0) return Damaged("the source is empty, where an export should be");
    if (!complete_)
      return Damaged("the source ends after line " + std::to_string(done_) +
                     ", and the last line of an export is missing: it was cut off; what came before was imported");
    return {};
  }

  static std::string Counted(int64_t collections, int64_t records) {
    return std::to_string(records) + " records in " + std::to_string(collections) + " collections";
  }

  size_t searched_ = 0;  // bytes from at_ on that hold no line end
  bool is_cut_ = false;  // the piece has no line end
  int64_t collections_ = 0, records_ = 0;
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<Importer> MakeJsonlImporter(int64_t resume_after) {
  return std::make_unique<JsonlImporter>(resume_after);
}

}  // namespace agentmemdb
