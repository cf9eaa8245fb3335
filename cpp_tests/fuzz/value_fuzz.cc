// Two JSON values from anywhere, each on a line: what is taken is JSON to another parser too, and the order of all values is one.
#include <nlohmann/json.hpp>

#include "fuzz/fuzz.h"
#include "meta/field_path.h"
#include "meta/record_values.h"
#include "meta/value.h"

namespace agentmemdb {

void RunOne(std::string_view input) {
  const auto [first, second] = TwoLines(input);
  const std::optional<Value> a = ParseValue(first, 32), b = ParseValue(second, 32);
  EXPECT_THAT(!a || nlohmann::json::accept(first));
  if (a) EXPECT_THAT(Equal(*a, *a));
  if (a && b) {
    EXPECT_THAT(Equal(*a, *b) == (Compare(*a, *b) == 0));
    EXPECT_THAT((Compare(*a, *b) < 0) == (Compare(*b, *a) > 0));
  }
  Result<FieldPath> path = ParseFieldPath(second, "path");
  if (!path.ok()) return;
  RecordFields record;
  record.metadata = first;
  RecordValues values(record);
  int reached = 0;
  values.Any(*path, [&](const Value* value, bool) {
    if (value != nullptr) EXPECT_THAT(Equal(*value, *value));
    return ++reached > 1000;
  });
}

}  // namespace agentmemdb
