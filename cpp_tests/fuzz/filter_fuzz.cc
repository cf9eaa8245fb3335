// A filter from anywhere, and a record from anywhere, each on a line: whatever they say, a filter that is taken and its
// opposite never agree.
#include <string>

#include "fuzz/fuzz.h"
#include "meta/filter_eval.h"

namespace agentmemdb {

void RunOne(std::string_view input) {
  const auto [text, metadata] = TwoLines(input);
  Result<Filter> filter = ParseFilter(text);
  if (!filter.ok()) {
    EXPECT_THAT(filter.status().code() == Code::kInvalidArgument && !filter.status().argument().empty());
    return;
  }
  RecordFields record;
  record.id = metadata;
  record.version = static_cast<Version>(metadata.size());
  record.metadata = metadata;
  const bool matches = Matches(*filter, record);
  Filter opposite;
  opposite.kind = FilterKind::kNor;
  opposite.children.push_back(std::move(*filter));
  EXPECT_THAT(Matches(opposite, record) != matches);
  // As it can be written, unless that is one level too deep.
  Result<Filter> written = ParseFilter("{\"$nor\":[" + std::string(text) + "]}");
  if (written.ok()) EXPECT_THAT(Matches(*written, record) != matches);
}

}  // namespace agentmemdb
