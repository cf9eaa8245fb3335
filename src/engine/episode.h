// Episodes as AgentMemDB writes them, read as records.
#pragma once

#include <string_view>

#include "engine/jsonl.h"

namespace agentmemdb {

// Reads one episode: its id and state_embedding become those of the record, its timestamp both times, and everything but id and
// state_embedding becomes metadata, as written, null left out. An id that is missing is made. Any bytes may come.
// Errors, in words that go on after "episode 3 ": kCorrupt.
Result<RecordLine> ParseEpisode(std::string_view episode);

}  // namespace agentmemdb
