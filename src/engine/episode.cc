#include "engine/episode.h"

#include <set>

#include "base/text.h"
#include "engine/json_text.h"

namespace agentmemdb {
namespace {

Status Damaged(const std::string& what) { return Status(Code::kCorrupt, what); }

Status TakeMember(const std::string& name, std::string_view value, RecordLine* line, std::string* metadata) {
  if (name == "state_embedding") return ReadVectorInto(value, name, line);
  if (value == "null") return {};
  RecordInput& record = line->record;
  if (name == "id") {
    std::optional<std::string> id = ReadJsonString(value);
    if (!id) return Damaged("has an id that is not a string");
    record.new_id = false;
    record.id = std::move(*id);
    return {};
  }
  if (name == "timestamp") {
    record.created_at = record.updated_at = ReadJsonWhole(value);
    if (!record.created_at) return Damaged("has a timestamp that is not whole milliseconds");
  }
  metadata->push_back(metadata->empty() ? '{' : ',');
  AppendJsonString(metadata, name);
  metadata->push_back(':');
  AppendCompactJson(metadata, value);
  return {};
}

}  // namespace

Result<RecordLine> ParseEpisode(std::string_view episode) {
  if (!IsUtf8(episode)) return Damaged("is not UTF-8");
  RecordLine line;
  line.record.new_id = true;
  std::string metadata;
  std::set<std::string> seen;
  RETURN_IF_ERROR(VisitJsonMembers(episode, [&](const std::string& name, std::string_view value) {
    if (metadata.size() > limits::kMetadataBytesMax) return Damaged("has more than 1 MiB beside its embedding");
    if (!seen.insert(name).second) return Damaged("has the member '" + name + "' twice");
    return TakeMember(name, value, &line, &metadata);
  }));
  if (line.vector == nullptr) return Damaged("has no state_embedding");
  if (!metadata.empty()) line.record.metadata = metadata + "}";
  return line;
}

}  // namespace agentmemdb
