// All records of some collections as lines of text (jsonl.h), made part by part.
//
// What is exported is fixed when the first part is made: the collections, and the records that are in them. One that is there
// throughout comes exactly once, as it is when its page is read; each page is one committed state. One that is added meanwhile does
// not come, so no id comes twice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "engine/database.h"

namespace agentmemdb {

struct ExportOptions {
  std::optional<std::vector<std::string>> collections;  // nullopt: all
  bool skip_damaged = false;                            // else a record that fails its check ends the export
};

// Threads: one call at a time.
class Exporter {
 public:
  explicit Exporter(ExportOptions options) : options_(std::move(options)) {}

  // The next of the text, half a megabyte unless it is the last; empty: that was all.
  // Errors: kNotFound (a collection asked for), kConflict (a snapshot was restored meanwhile), kCorrupt (a damaged record), kIo, kBusy, kAborted, kTimeout.
  Result<std::string> Next(Database* database, const CancelToken& cancel);

  // Records written so far, and how many there were at the beginning.
  int64_t done() const { return done_; }
  int64_t total() const { return total_; }

 private:
  struct Section {
    CollectionId id{};
    std::string name;
    CollectionOptions options;
    RowId last{0};
    int64_t damaged = 0;  // when it was loaded
  };
  Status MakeMore(Database* database, const CancelToken& cancel);
  Status Plan(Database* database, const CancelToken& cancel);
  Status CheckAllThere() const;
  Status CheckNotReplaced(Database* database, const CancelToken& cancel) const;
  Status BeginSection(const Section& section);
  Status MakePage(Database* database, const Section& section, const CancelToken& cancel);

  const ExportOptions options_;
  std::vector<Section> sections_;
  size_t section_ = 0;
  bool planned_ = false, begun_ = false, ended_ = false;  // begun: the section at hand
  RowId after_{0};                                        // in the section at hand
  int64_t epoch_ = 0;
  int64_t done_ = 0, total_ = 0;
  std::string text_;  // made, and from at_ on not given out
  size_t at_ = 0;
};

}  // namespace agentmemdb
