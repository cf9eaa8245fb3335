#include "engine/jsonl.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "engine/json_text.h"

namespace agentmemdb {
namespace {

constexpr size_t kOptionsBytesMax = 1u << 17;  // 32 paths of 512 bytes, each six times as long when escaped

Status Damaged(const std::string& what) { return Status(Code::kCorrupt, what); }

Status WrongMember(const std::string& member, const char* wanted) {
  return Damaged("has a member '" + member + "' that is not " + wanted);
}

// What the members of a line have told so far.
class LineParser {
 public:
  Status Take(const std::string& name, std::string_view value) {
    const auto* member =
        std::find_if(kMembers.begin(), kMembers.end(), [&](const Member& m) { return name == m.name; });
    if (member == kMembers.end()) return Damaged("has a member '" + name + "', which is none of ours");
    if (any_ && member->kind != kind_)
      return Damaged("has a member '" + name + "', which belongs to another kind of line");
    any_ = true;
    kind_ = member->kind;
    const auto bit = uint32_t{1} << (member - kMembers.begin());
    if ((seen_ & bit) != 0) return Damaged("has the member '" + name + "' twice");
    seen_ |= bit;
    return (this->*member->take)(name, value);
  }

  Result<JsonlLine> Finish() {
    if (!any_) return Damaged("is empty");
    switch (kind_) {
      case Kind::kHeader:
        if (header_.format == 0) return Damaged("lacks the member 'agentmemdb'");
        return JsonlLine(header_);
      case Kind::kCollection:
        if (collection_.name.empty()) return Damaged("lacks the name of the collection");
        return JsonlLine(std::move(collection_));
      case Kind::kRecord:
        if (record_.record.id.empty()) return Damaged("lacks the id of the record");
        return JsonlLine(std::move(record_));
      case Kind::kEnd:
        return JsonlLine(end_);
    }
    return Damaged("is empty");
  }

 private:
  enum class Kind { kHeader, kCollection, kRecord, kEnd };
  struct Member {
    const char* name;
    Kind kind;
    Status (LineParser::*take)(const std::string& name, std::string_view value);
  };

  Status TakeFormat(const std::string& name, std::string_view value) {
    RETURN_IF_ERROR(TakeWhole(name, value, &header_.format));
    if (header_.format < 1) return WrongMember(name, "the number of a format");
    if (header_.format <= kJsonlFormat) return {};
    return Status(Code::kUnsupported,
                  "is of format " + std::to_string(header_.format) + "; install a newer agentmemdb");
  }
  Status TakeName(const std::string& name, std::string_view value) {
    return TakeString(name, value, &collection_.name);
  }
  Status TakeOptions(const std::string& name, std::string_view value) {
    if (value.front() != '{' || value.size() > kOptionsBytesMax || !nlohmann::json::accept(value))
      return WrongMember(name, "an object of options");
    collection_.options = value;
    return {};
  }
  Status TakeId(const std::string& name, std::string_view value) { return TakeString(name, value, &record_.record.id); }
  Status TakeVector(const std::string& name, std::string_view value) { return ReadVectorInto(value, name, &record_); }
  Status TakeText(const std::string& name, std::string_view value) {
    return TakeString(name, value, &record_.record.text.emplace());
  }
  Status TakeMetadata(const std::string& name, std::string_view value) {
    if (value.front() != '{') return WrongMember(name, "an object");
    record_.record.metadata = value;
    return {};
  }
  Status TakeCreatedAt(const std::string& name, std::string_view value) {
    return TakeWhole(name, value, &record_.record.created_at.emplace());
  }
  Status TakeUpdatedAt(const std::string& name, std::string_view value) {
    return TakeWhole(name, value, &record_.record.updated_at.emplace());
  }
  Status TakeExpiresAt(const std::string& name, std::string_view value) {
    return TakeWhole(name, value, &record_.record.expires_at.emplace());
  }
  // What is for people only: when, and which version the record had.
  Status TakeNote(const std::string& name, std::string_view value) {
    int64_t note;
    return TakeWhole(name, value, &note);
  }
  Status TakeEnd(const std::string& name, std::string_view value) {
    uint32_t known = 0;
    RETURN_IF_ERROR(VisitJsonMembers(value, [&](const std::string& inner, std::string_view number) {
      if (inner == "collections" && (known & 1) == 0) {
        known |= 1;
        return TakeWhole(inner, number, &end_.collections);
      }
      if (inner == "records" && (known & 2) == 0) {
        known |= 2;
        return TakeWhole(inner, number, &end_.records);
      }
      return WrongMember(name, "{\"collections\":...,\"records\":...}");
    }));
    return known == 3 ? Status() : WrongMember(name, "{\"collections\":...,\"records\":...}");
  }

  static Status TakeString(const std::string& name, std::string_view value, std::string* into) {
    std::optional<std::string> text = ReadJsonString(value);
    if (!text) return WrongMember(name, "a string");
    *into = std::move(*text);
    return {};
  }
  static Status TakeWhole(const std::string& name, std::string_view value, int64_t* into) {
    const std::optional<int64_t> number = ReadJsonWhole(value);
    if (!number) return WrongMember(name, "a whole number within 2^53");
    *into = *number;
    return {};
  }

  static constexpr std::array<Member, 13> kMembers{{
      {"agentmemdb", Kind::kHeader, &LineParser::TakeFormat},
      {"exportedAt", Kind::kHeader, &LineParser::TakeNote},
      {"collection", Kind::kCollection, &LineParser::TakeName},
      {"options", Kind::kCollection, &LineParser::TakeOptions},
      {"id", Kind::kRecord, &LineParser::TakeId},
      {"vector", Kind::kRecord, &LineParser::TakeVector},
      {"text", Kind::kRecord, &LineParser::TakeText},
      {"metadata", Kind::kRecord, &LineParser::TakeMetadata},
      {"createdAt", Kind::kRecord, &LineParser::TakeCreatedAt},
      {"updatedAt", Kind::kRecord, &LineParser::TakeUpdatedAt},
      {"expiresAt", Kind::kRecord, &LineParser::TakeExpiresAt},
      {"version", Kind::kRecord, &LineParser::TakeNote},
      {"end", Kind::kEnd, &LineParser::TakeEnd},
  }};

  bool any_ = false;
  Kind kind_ = Kind::kHeader;
  uint32_t seen_ = 0;  // by place in kMembers
  HeaderLine header_;
  CollectionLine collection_;
  RecordLine record_;
  EndLine end_;
};

}  // namespace

void AppendHeaderLine(std::string* text, TimeMs now) {
  ObjectWriter line(text);
  line.Integer("agentmemdb", kJsonlFormat);
  line.Integer("exportedAt", now);
  line.Close();
  text->push_back('\n');
}

void AppendCollectionLine(std::string* text, const std::string& name, const CollectionOptions& options) {
  ObjectWriter line(text);
  line.Text("collection", name);
  line.Key("options")->append(options.ToJson());
  line.Close();
  text->push_back('\n');
}

void AppendRecordLine(std::string* text, const RecordOutput& record) {
  ObjectWriter line(text);
  line.Text("id", record.id);
  if (!record.vector.empty()) {
    char mark = '[';
    line.Key("vector");
    for (const float number : record.vector) {
      text->push_back(std::exchange(mark, ','));
      AppendJsonNumber(text, number);
    }
    text->push_back(']');
  }
  if (record.text) line.Text("text", *record.text);
  if (record.metadata) {
    // As stored; another program may have stored it over several lines.
    if (record.metadata->find_first_of("\r\n") == std::string::npos)
      line.Key("metadata")->append(*record.metadata);
    else
      AppendCompactJson(line.Key("metadata"), *record.metadata);
  }
  line.Integer("createdAt", record.created_at);
  line.Integer("updatedAt", record.updated_at);
  if (record.expires_at) line.Integer("expiresAt", *record.expires_at);
  line.Integer("version", record.version);
  line.Close();
  text->push_back('\n');
}

void AppendEndLine(std::string* text, const EndLine& end) {
  ObjectWriter line(text);
  ObjectWriter counts(line.Key("end"));
  counts.Integer("collections", end.collections);
  counts.Integer("records", end.records);
  counts.Close();
  line.Close();
  text->push_back('\n');
}

Result<JsonlLine> ParseLine(std::string_view line) {
  if (!IsUtf8(line)) return Damaged("is not UTF-8");
  LineParser parser;
  RETURN_IF_ERROR(VisitJsonMembers(
      line, [&](const std::string& name, std::string_view value) { return parser.Take(name, value); }));
  return parser.Finish();
}

Status ReadVectorInto(std::string_view value, const std::string& member, RecordLine* line) {
  std::vector<float> numbers;
  if (!ReadJsonFloats(value, limits::kDimensionsMax, &numbers) || numbers.empty())
    return WrongMember(member, "an array of 1..8192 numbers that a float can hold");
  line->vector = std::make_unique<float[]>(numbers.size());
  std::copy(numbers.begin(), numbers.end(), line->vector.get());
  line->record.vector = VectorView(line->vector.get(), numbers.size());
  return {};
}

}  // namespace agentmemdb
