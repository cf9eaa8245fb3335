// The lines of an exported text (docs/file-format.md), both ways. Pure: text in, values out, and the reverse.
//
//   {"agentmemdb":1,"exportedAt":...}
//   {"collection":"notes","options":{...}}      the records after it are of this collection
//   {"id":"a","vector":[...],"text":"...","metadata":{...},"createdAt":...,"updatedAt":...,"expiresAt":...,"version":...}
//   {"end":{"collections":1,"records":1}}
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "engine/op.h"
#include "engine/read.h"

namespace agentmemdb {

constexpr int64_t kJsonlFormat = 1;
// No line of ours is longer: a text of the largest size whose every character is escaped, and all the rest.
constexpr size_t kLineBytesMax = size_t{100} << 20;

struct HeaderLine {
  int64_t format = 0;
};
struct CollectionLine {
  std::string name;
  std::string options = "{}";  // a JSON object, as written; which options it holds is not looked at
};
struct RecordLine {
  RecordInput record;
  std::unique_ptr<float[]> vector;  // what record.vector points into
};
struct EndLine {
  int64_t collections = 0, records = 0;
};
using JsonlLine = std::variant<HeaderLine, CollectionLine, RecordLine, EndLine>;

void AppendHeaderLine(std::string* text, TimeMs now);
void AppendCollectionLine(std::string* text, const std::string& name, const CollectionOptions& options);
void AppendRecordLine(std::string* text, const RecordOutput& record);
void AppendEndLine(std::string* text, const EndLine& end);

// Reads one line, without its end. Which kind it is, its members tell. What a record holds is checked where it is written, as every
// record is; here only that each member is there once, is known, and is of its type. Any bytes may come.
// Errors, in words that go on after "line 3 ": kCorrupt (not such a line), kUnsupported (a format of a newer version).
Result<JsonlLine> ParseLine(std::string_view line);

// The vector of a record, from an array of numbers. Errors: as of ParseLine.
Status ReadVectorInto(std::string_view value, const std::string& member, RecordLine* line);

}  // namespace agentmemdb
