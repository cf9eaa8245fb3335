#include "engine/patch.h"

#include <nlohmann/json.hpp>

#include "engine/commit.h"

namespace agentmemdb {
namespace {

VectorView ViewOf(const std::optional<std::vector<float>>& vector) {
  return vector ? VectorView(*vector) : VectorView();
}

std::optional<std::string_view> BytesOf(VectorView vector) {
  if (vector.empty()) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(vector.data()), vector.size_bytes());
}

}  // namespace

Status CheckVersion(const std::optional<Version>& asked, Version stored, const std::string& id) {
  if (!asked || *asked == stored) return {};
  return Status(Code::kConflict, "the record '" + id + "' has version " + std::to_string(stored) + ", not " +
                                     std::to_string(*asked) + "; read it again, and retry")
      .WithArgument("ifVersion")
      .WithId(id);
}

Result<std::string> MergeMetadata(const std::optional<std::string>& stored, const std::string& patch) {
  using Json = nlohmann::ordered_json;
  Json merged = stored ? Json::parse(*stored, nullptr, false) : Json::object();
  if (!merged.is_object()) return Status(Code::kCorrupt, "the stored metadata is no JSON object");
  const Json changes = Json::parse(patch, nullptr, false);
  for (const auto& [key, value] : changes.items()) {
    if (value.is_null())
      merged.erase(key);
    else
      merged[key] = value;
  }
  std::string json = merged.dump();
  RETURN_IF_ERROR(ValidateMetadata(json, "fields.metadata"));
  return json;
}

Status CommitGroup::RunPatch(PatchOp* op) {
  Result<Collection*> collection = Find(op->collection);
  if (!collection.ok()) return collection.status();
  Result<std::optional<WriteTransaction::Existing>> existing = transaction_->Find(op->collection, op->id);
  if (!existing.ok()) return existing.status();
  if (!*existing || ExpiredAt((*existing)->expires_at, now_))
    return Status(Code::kNotFound, "there is no record '" + op->id + "'; upsert would create it")
        .WithArgument("id")
        .WithId(op->id);
  const WriteTransaction::Existing& old = **existing;
  if (!old.created_at)
    return Status(Code::kCorrupt,
                  "the record '" + op->id + "' fails its check and cannot be patched; replace or delete it")
        .WithId(op->id);
  RETURN_IF_ERROR(CheckVersion(op->if_version, old.version, op->id));
  return WritePatch(op, old);
}

Status CommitGroup::WritePatch(PatchOp* op, const WriteTransaction::Existing& old) {
  Result<WriteTransaction::Contents> contents = transaction_->Read(old.row);
  if (!contents.ok()) return contents.status();
  if (op->text) contents->text = *op->text;
  if (op->metadata && !*op->metadata) contents->metadata = std::nullopt;
  if (op->metadata && *op->metadata) {
    Result<std::string> merged = MergeMetadata(contents->metadata, **op->metadata);
    if (!merged.ok()) return merged.status();
    contents->metadata = std::move(*merged);
  }
  const VectorView new_vector = op->vector ? ViewOf(*op->vector) : VectorView();

  RecordRow stored;
  stored.row = old.row;
  stored.collection = op->collection;
  stored.id = op->id;
  stored.version = version_;
  stored.created_at = *old.created_at;
  stored.updated_at = now_;
  stored.expires_at = op->ttl_ms ? now_ + *op->ttl_ms : op->expires_at ? *op->expires_at : old.expires_at;
  stored.metadata = contents->metadata;
  stored.text = contents->text;
  stored.vector = op->vector ? BytesOf(new_vector) : contents->vector;
  RETURN_IF_ERROR(transaction_->Update(stored));
  changes_.rows.push_back({op->collection, old.row, op->vector ? RowChangeKind::kUpdated : RowChangeKind::kTouched,
                           op->id, new_vector, stored.expires_at, Slot{}, false});
  return {};
}

}  // namespace agentmemdb
