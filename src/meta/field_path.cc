#include "meta/field_path.h"

#include <charconv>

namespace agentmemdb {
namespace {

struct SystemFieldInfo {
  SystemField field;
  const char* name;
};

constexpr SystemFieldInfo kSystemFields[] = {
    {SystemField::kId, "$id"},
    {SystemField::kCreatedAt, "$createdAt"},
    {SystemField::kUpdatedAt, "$updatedAt"},
    {SystemField::kExpiresAt, "$expiresAt"},
    {SystemField::kVersion, "$version"},
};

std::optional<uint32_t> ArrayIndex(std::string_view name) {
  if (name.size() > 1 && name.front() == '0') return std::nullopt;
  uint32_t index = 0;
  const char* const end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data(), end, index);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return index;
}

}  // namespace

const std::string& SystemFieldNames() {
  static const auto* const names = [] {
    auto* all = new std::string;
    for (const SystemFieldInfo& info : kSystemFields) all->append(all->empty() ? "" : " ").append(info.name);
    return all;
  }();
  return *names;
}

Result<FieldPath> ParseFieldPath(std::string_view dotted, const std::string& argument) {
  FieldPath path;
  if (dotted.size() > limits::kFieldPathBytesMax)
    return Status::InvalidArgument(argument,
                                   "must be a path of at most 512 bytes, got " + std::to_string(dotted.size()));
  path.dotted = dotted;
  for (const SystemFieldInfo& info : kSystemFields) {
    if (dotted == info.name) path.system = info.field;
  }
  if (!path.in_metadata()) return path;
  if (dotted.starts_with('$'))
    return Status::InvalidArgument(argument, "is not a field; the ones that start with $ are " + SystemFieldNames());
  for (size_t from = 0; from <= dotted.size();) {
    const size_t to = std::min(dotted.find('.', from), dotted.size());
    if (to == from) return Status::InvalidArgument(argument, "must be a dotted path without empty segments");
    std::string name(dotted.substr(from, to - from));
    const std::optional<uint32_t> index = ArrayIndex(name);
    path.segments.push_back({std::move(name), index});
    from = to + 1;
  }
  if (path.segments.size() > limits::kFieldPathSegmentsMax)
    return Status::InvalidArgument(argument,
                                   "must have at most 32 segments, got " + std::to_string(path.segments.size()));
  return path;
}

}  // namespace agentmemdb
