#include "base/json_writer.h"
#include "engine/episode.h"
#include "engine/importer.h"
#include "engine/json_text.h"

namespace agentmemdb {
namespace {

// Beside the episodes, a document of AgentMemDB has nothing that is longer.
constexpr size_t kMemberBytesMax = 4096;

Status Damaged(const std::string& what) { return Status(Code::kCorrupt, what); }

class EpisodeImporter final : public Importer {
 public:
  explicit EpisodeImporter(int64_t resume_after) : Importer("episode", resume_after) {}

 private:
  enum class State {
    kStart,
    kMember,        // of the document, or its end
    kAfterMember,   // a comma, or its end
    kFirstEpisode,  // of the list, or its end
    kEpisode,       // of the list
    kAfterEpisode,  // a comma, or the end of the list
    kClosed,
    kLog,  // one episode after the other
  };

  Result<std::optional<Piece>> NextPiece() override {
    for (;;) {
      at_ = SkipJsonSpace(text_, at_);
      if (at_ == text_.size()) return std::optional<Piece>();
      if (state_ == State::kEpisode || state_ == State::kLog) return NextEpisode();
      Result<bool> stepped = NextState(text_[at_]);
      if (!stepped.ok()) return stepped.status();
      if (*stepped) continue;
      if (text_.size() - at_ > kMemberBytesMax) return NoDocument();
      return std::optional<Piece>();
    }
  }

  Result<std::optional<Piece>> NextEpisode() {
    if (text_[at_] != '{') return Damaged("is not a JSON object");
    size_t end = at_ + searched_;
    const bool found = end_.Find(text_, &end);
    searched_ = end - at_;
    if (searched_ > kLineBytesMax) return Damaged("is longer than any record may be");
    if (!found) return std::optional<Piece>();
    // Asked again before it is taken, it is found again.
    end_ = JsonValueEnd();
    searched_ = 0;
    return std::optional<Piece>({std::string_view(text_).substr(at_, end - at_), end});
  }

  // Goes on by what stands at at_. false: it is not whole yet.
  Result<bool> NextState(char next) {
    switch (state_) {
      case State::kStart:
        return Start(next);
      case State::kMember:
        return next == '}' ? Mark(State::kClosed) : TakeMember();
      case State::kAfterMember:
        if (next == ',') return Mark(State::kMember);
        return next == '}' ? Mark(State::kClosed) : NoDocument();
      case State::kFirstEpisode:
        if (next == ']') return Mark(State::kAfterMember);
        state_ = State::kEpisode;
        return true;
      case State::kAfterEpisode:
        if (next == ',') return Mark(State::kEpisode);
        return next == ']' ? Mark(State::kAfterMember) : NoDocument();
      default:
        return NoDocument();
    }
  }

  Result<bool> Mark(State state) {
    ++at_;
    state_ = state;
    return true;
  }

  // A document, or the first of a log of episodes: its first name tells.
  Result<bool> Start(char next) {
    if (next != '{') return NoDocument();
    size_t end = at_ + 1;
    const std::string_view name = Cut(&end);
    if (name.empty()) return false;
    const bool document = name == "\"dim\"" || name == "\"episodes\"";
    at_ += document ? 1 : 0;
    state_ = document ? State::kMember : State::kLog;
    return true;
  }

  // "dim": a number, or "episodes": the beginning of a list.
  Result<bool> TakeMember() {
    size_t end = at_;
    const std::string_view name = Cut(&end);
    end = SkipJsonSpace(text_, end);
    if (name.empty() || end == text_.size()) return false;
    if (text_[end] != ':') return NoDocument();
    end = SkipJsonSpace(text_, end + 1);
    if (end == text_.size()) return false;
    if (name == "\"episodes\"" && text_[end] == '[' && !listed_) {
      listed_ = true;
      at_ = end + 1;
      state_ = State::kFirstEpisode;
      return true;
    }
    if (name != "\"dim\"" || told_) return NoDocument();
    const std::string_view value = Cut(&end);
    if (value.empty()) return false;
    const int64_t dimensions = ReadJsonWhole(value).value_or(0);
    if (dimensions < 1 || (dimensions_ != 0 && dimensions_ != dimensions)) return NoDocument();
    told_ = true;
    dimensions_ = dimensions;
    at_ = end;
    state_ = State::kAfterMember;
    return true;
  }

  // The value behind the spaces at `*end`; empty: it is not whole yet.
  std::string_view Cut(size_t* end) const {
    const size_t begin = *end = SkipJsonSpace(text_, *end);
    return JsonValueEnd().Find(text_, end) ? std::string_view(text_).substr(begin, *end - begin) : std::string_view();
  }

  Result<bool> Take(std::string_view text, ImportPart* part) override {
    Result<RecordLine> episode = ParseEpisode(text);
    if (!episode.ok()) return episode.status();
    if (dimensions_ == 0) dimensions_ = static_cast<int64_t>(episode->record.vector.size());
    if (!named_) {
      Name(part);
      return false;
    }
    Add(std::move(episode->record), std::move(episode->vector), part);
    if (state_ == State::kEpisode) state_ = State::kAfterEpisode;
    return true;
  }

  void Name(ImportPart* part) {
    named_ = true;
    part->collection.emplace();
    ObjectWriter options(&part->collection->options);
    options.Integer("dimensions", dimensions_);
    options.Close();
  }

  Status Finish(ImportPart* part) override {
    const bool complete = state_ == State::kClosed ? listed_ : state_ == State::kLog && at_ == text_.size();
    if (!complete)
      return Damaged("the source ends after episode " + std::to_string(done_) +
                     ", and not where a document does: it was cut off; what came before was imported");
    if (!named_ && dimensions_ != 0) Name(part);
    return {};
  }

  static Status NoDocument() { return Damaged("is not reached: this is no document of AgentMemDB"); }

  State state_ = State::kStart;
  JsonValueEnd end_;  // of the episode at at_
  size_t searched_ = 0;
  int64_t dimensions_ = 0;  // 0: not known yet
  bool told_ = false;       // by the document
  bool listed_ = false;     // the episodes have begun
  bool named_ = false;      // the collection was given out
};

}  // namespace

std::unique_ptr<Importer> MakeEpisodeImporter(int64_t resume_after) {
  return std::make_unique<EpisodeImporter>(resume_after);
}

}  // namespace agentmemdb
