// One record as filters and field indexes read it: what a path reaches in it. Its metadata is parsed when first asked for.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"
#include "meta/field_path.h"
#include "meta/value.h"

namespace agentmemdb {

// What filters can ask of a record. Views: good as long as what they point to.
struct RecordFields {
  std::string_view id;
  TimeMs created_at = 0;
  TimeMs updated_at = 0;
  std::optional<TimeMs> expires_at;
  Version version = 0;
  std::optional<std::string_view> metadata;  // a JSON object
};

// Threads: one. Must not outlive the fields.
class RecordValues {
 public:
  explicit RecordValues(const RecordFields& fields) : fields_(fields) {}

  // As AnyAtPath (field_path.h), of any path.
  template <class Test>
  bool Any(const FieldPath& path, const Test& test) {
    if (path.in_metadata()) return AnyAtPath(Metadata(), path, test);
    const std::optional<Value> value = SystemValue(path.system);
    return test(value ? &*value : nullptr, false);
  }

  // Whether the metadata was asked for and is no JSON object; it counts as absent then.
  bool damaged() const { return damaged_; }

 private:
  const Value& Metadata();
  std::optional<Value> SystemValue(SystemField field) const;

  const RecordFields& fields_;
  Value metadata_{ValueObject()};
  bool parsed_ = false;
  bool damaged_ = false;
};

}  // namespace agentmemdb
