// Records on their way in from a text of others': bytes are fed as they come, and read in parts, each of one collection and of about
// a megabyte, to be written in a transaction of its own (Database::Commit).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "engine/op.h"

namespace agentmemdb {

// Where the records that follow belong.
struct ImportCollection {
  std::string name;     // empty: the caller knows
  std::string options;  // a JSON object; what it holds is not looked at
};

// Either a collection, or records of the one named last, or neither.
struct ImportPart {
  std::optional<ImportCollection> collection;
  RecordBatch batch;
  bool more = false;  // of what was fed
  // Read so far, this part included: lines or episodes, and bytes.
  int64_t done = 0, bytes = 0;
};

// Threads: one call at a time. Any bytes may come.
class Importer {
 public:
  virtual ~Importer() = default;
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  // Cheap: to be read later.
  void Feed(std::string bytes) { fed_.push_back(std::move(bytes)); }
  // Nothing more will be fed.
  void End() { ended_ = true; }

  // The next part. What is wrong is told once all before it was given out, and again with every further call.
  // Errors, which name the line or episode: kCorrupt (not what it should be, or cut off), kUnsupported (a newer format),
  // kInvalidArgument (there are not as many as were to be left out), kAborted, kTimeout.
  Result<ImportPart> Read(const CancelToken& cancel);
  // Bytes in memory that were fed and not read.
  size_t held() const;

 protected:
  // `unit` is what messages call a piece. `resume_after`: that many pieces are read, and not given out.
  Importer(const char* unit, int64_t resume_after) : unit_(unit), resume_after_(resume_after) {}

  // A line or an episode: text_ from somewhere behind at_ to `end`, where the next begins.
  struct Piece {
    std::string_view text;
    size_t end = 0;
  };
  // The next one. nullopt: it is not whole yet, or there is none. Gives the same until it was taken.
  virtual Result<std::optional<Piece>> NextPiece() = 0;
  // Reads a piece into `part`. false: it was not taken, and belongs behind this part. An error takes nothing.
  virtual Result<bool> Take(std::string_view piece, ImportPart* part) = 0;
  // Everything is fed and taken: whether that was all. A collection may come yet.
  virtual Status Finish(ImportPart* part) = 0;

  void Add(RecordInput record, std::unique_ptr<float[]> vector, ImportPart* part) const;

  const char* const unit_;
  const int64_t resume_after_;
  std::string text_;  // fed and not taken, from at_ on
  size_t at_ = 0;
  bool ended_ = false;
  int64_t done_ = 0;  // pieces taken

 private:
  enum class Step {
    kTook,     // a piece, and the part may go on
    kStop,     // the part ends here, and there is more
    kStarved,  // nothing more can be read of what was fed
  };
  void TakeFed();
  Result<Step> ReadPiece(ImportPart* part);
  Status CheckEnd(ImportPart* part);
  Status Named(const Status& status) const;
  int64_t bytes_read() const { return bytes_fed_ - static_cast<int64_t>(text_.size() - at_); }

  std::vector<std::string> fed_;
  int64_t bytes_fed_ = 0;  // of text_ and before
};

// Reads the lines of jsonl.h.
std::unique_ptr<Importer> MakeJsonlImporter(int64_t resume_after);
// Reads episodes of AgentMemDB: a document {"dim":...,"episodes":[...]}, or one episode after the other (episode.h).
std::unique_ptr<Importer> MakeEpisodeImporter(int64_t resume_after);

}  // namespace agentmemdb
