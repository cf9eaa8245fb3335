// Times as text.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"

namespace agentmemdb {

// RFC 3339, "2026-11-21T14:30:00.123Z" or with "+01:00": what JavaScript's Date writes, and a date alone, which is its midnight UTC.
// nullopt: it is none.
std::optional<TimeMs> ParseTime(std::string_view text);

}  // namespace agentmemdb
