// The string form of a filter from anywhere, and a record from anywhere: one is refused by position, or matches as its opposite
// does not, and as the same text within a JSON string does.
#include <string>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "meta/filter_eval.h"
#include "meta/filter_string.h"

namespace agentmemdb {

void RunOne(std::string_view input) {
  const size_t line = input.rfind('\n');
  const std::string_view text = input.substr(0, line);
  if (!IsUtf8(text)) return;
  Result<Filter> filter = ParseFilterString(text);
  if (!filter.ok()) {
    EXPECT_THAT(filter.status().code() == Code::kInvalidArgument && filter.status().argument() == "filter");
    EXPECT_THAT(filter.status().message().starts_with("filter: position "));
    EXPECT_THAT(IsUtf8(filter.status().message()));
    return;
  }
  RecordFields record;
  record.id = text;
  record.version = static_cast<Version>(text.size());
  if (line != std::string_view::npos) record.metadata = input.substr(line + 1);
  const bool matches = Matches(*filter, record);
  std::string json;
  AppendJsonString(&json, text);
  Result<Filter> again = ParseFilter(json);
  EXPECT_THAT(again.ok() && Matches(*again, record) == matches);
  Result<Filter> opposite = ParseFilterString("NOT (" + std::string(text) + ")");
  if (opposite.ok()) EXPECT_THAT(Matches(*opposite, record) != matches);
}

}  // namespace agentmemdb
