// What all reading verbs share: a collection within one committed state, and records on their way out.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "engine/database.h"
#include "meta/record_values.h"

namespace agentmemdb {

struct Include {
  bool text = true;
  bool metadata = true;
  bool vector = false;
};

// A record as it goes out.
struct RecordOutput {
  std::string id;
  std::optional<std::string> text, metadata;
  std::vector<float> vector;  // empty unless included and stored
  TimeMs created_at = 0, updated_at = 0;
  std::optional<TimeMs> expires_at;
  Version version = 0;

  size_t bytes() const {
    return id.size() + (text ? text->size() : 0) + (metadata ? metadata->size() : 0) + vector.size() * sizeof(float);
  }
};

RecordOutput ToOutput(const RecordRow& row, const Include& include);
// What filters ask of it. Good as long as the row.
RecordFields FieldsOf(const RecordRow& row);
Status VanishedRecord(RowId row);

// Runs `body(view, collection)` over one committed state. Errors: kNotFound (the collection was deleted), and those of
// Database::Read and of `body`.
template <class Body>
Status ReadCollection(Database* database, CollectionId id, const CancelToken& cancel, Body body) {
  return database->Read(cancel, [&](const ReadView& view) -> Status {
    Result<const Collection*> collection = view.Find(id);
    return collection.ok() ? body(view, **collection) : collection.status();
  });
}

template <class T>
Result<T> Finish(const Status& status, T value) {
  if (!status.ok()) return status;
  return value;
}

}  // namespace agentmemdb
