#include "engine/read.h"

#include <cstring>

namespace agentmemdb {

RecordOutput ToOutput(const RecordRow& row, const Include& include) {
  RecordOutput output;
  output.id = row.id;
  if (include.text && row.text) output.text = std::string(*row.text);
  if (include.metadata && row.metadata) output.metadata = std::string(*row.metadata);
  if (include.vector && row.vector) {
    output.vector.resize(row.vector->size() / sizeof(float));
    std::memcpy(output.vector.data(), row.vector->data(), output.vector.size() * sizeof(float));
  }
  output.expires_at = row.expires_at;
  output.created_at = row.created_at;
  output.updated_at = row.updated_at;
  output.version = row.version;
  return output;
}

RecordFields FieldsOf(const RecordRow& row) {
  RecordFields fields;
  fields.id = row.id;
  fields.created_at = row.created_at;
  fields.updated_at = row.updated_at;
  fields.expires_at = row.expires_at;
  fields.version = row.version;
  fields.metadata = row.metadata;
  return fields;
}

Status VanishedRecord(RowId row) {
  return Status(Code::kCorrupt, "a record known to the index (row " + std::to_string(ToInt(row)) +
                                    ") has vanished from the file; restore it from a backup");
}

}  // namespace agentmemdb
