// Changing some fields of a stored record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/op.h"

namespace agentmemdb {

inline bool ExpiredAt(const std::optional<TimeMs>& expires_at, TimeMs now) { return expires_at && *expires_at <= now; }

// kConflict when another version was asked for.
Status CheckVersion(const std::optional<Version>& asked, Version stored, const std::string& id);

// `patch` merged one level deep into `stored` (absent = {}): null deletes a key; the order of keys is kept, new ones come
// last. Errors: kInvalidArgument (what comes out breaks a limit), kCorrupt (what is stored is no JSON object).
Result<std::string> MergeMetadata(const std::optional<std::string>& stored, const std::string& patch);

}  // namespace agentmemdb
