#include "meta/record_values.h"

#include <string>
#include <utility>

namespace agentmemdb {
namespace {

// Writing allows less (engine/options.h); this only bounds what recursion may meet.
constexpr int kMetadataDepthMax = 100;

}  // namespace

const Value& RecordValues::Metadata() {
  if (parsed_) return metadata_;
  parsed_ = true;
  if (!fields_.metadata) return metadata_;
  std::optional<Value> value = ParseValue(*fields_.metadata, kMetadataDepthMax);
  damaged_ = !value || !value->is(ValueType::kObject);
  if (!damaged_) metadata_ = std::move(*value);
  return metadata_;
}

std::optional<Value> RecordValues::SystemValue(SystemField field) const {
  switch (field) {
    case SystemField::kId:
      return Value(std::string(fields_.id));
    case SystemField::kCreatedAt:
      return Value(static_cast<double>(fields_.created_at));
    case SystemField::kUpdatedAt:
      return Value(static_cast<double>(fields_.updated_at));
    case SystemField::kExpiresAt:
      if (fields_.expires_at) return Value(static_cast<double>(*fields_.expires_at));
      break;
    case SystemField::kVersion:
      return Value(static_cast<double>(fields_.version));
    case SystemField::kNone:
      break;
  }
  return std::nullopt;
}

}  // namespace agentmemdb
