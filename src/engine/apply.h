// What one transaction changed, on its way from the file into memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/types.h"
#include "engine/collection.h"

namespace agentmemdb {

// What a write ends with for which there is no memory.
inline Status OutOfMemory() { return Status(Code::kLimit, "out of memory: too many records for this machine"); }

enum class RowChangeKind : uint8_t {
  kInserted,
  kUpdated,
  kTouched,  // its place among the vectors stays
  kDeleted,
};

struct RowChange {
  CollectionId collection{};
  RowId row{};
  RowChangeKind kind{};
  std::string_view id;  // into the call's memory; of inserts and updates
  VectorView vector;    // into the call's memory; empty = none
  std::optional<TimeMs> expires_at;
  Slot slot{};  // when staged
  bool staged = false;
};

// Savepoints of the transaction are mirrored: a call that fails takes its changes along.
struct ChangeSet {
  std::vector<RowChange> rows;
  std::vector<std::shared_ptr<Collection>> created;
  std::vector<CollectionId> dropped;
  std::vector<std::pair<CollectionId, CollectionOptions>>
      altered;                        // of those that were there before; the last one counts
  std::vector<CollectionRow> counts;  // new record counts, of every collection touched
  bool replaced = false;              // everything is another

  struct Mark {
    size_t rows, created, dropped, altered;
    bool replaced;
    bool operator==(const Mark&) const = default;
  };
  Mark mark() const { return {rows.size(), created.size(), dropped.size(), altered.size(), replaced}; }
  void RollbackTo(const Mark& mark) {
    rows.resize(mark.rows);
    created.resize(mark.created);
    dropped.resize(mark.dropped);
    altered.resize(mark.altered);
    replaced = mark.replaced;
  }
  // The collection of that id if this transaction creates it.
  Collection* Created(CollectionId id) const {
    for (const auto& collection : created) {
      if (collection->id() == id) return collection.get();
    }
    return nullptr;
  }
  // As this transaction leaves them.
  CollectionOptions OptionsOf(const Collection& collection) const {
    CollectionOptions options = collection.options();
    for (const auto& [id, altered_options] : altered) {
      if (id == collection.id()) options = altered_options;
    }
    return options;
  }
  bool empty() const { return mark() == Mark{}; }
};

}  // namespace agentmemdb
