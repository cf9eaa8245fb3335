// The options of a collection as a file may hold them: what is taken is written the same.
#include "engine/options.h"
#include "fuzz/fuzz.h"

namespace agentmemdb {

void RunOne(std::string_view input) {
  Result<CollectionOptions> options = CollectionOptions::FromJson(input);
  if (options.ok()) EXPECT_THAT(options->ToJson() == input);
}

}  // namespace agentmemdb
