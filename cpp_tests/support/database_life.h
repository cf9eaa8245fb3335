// The life of a database in small: made, written to in every way, backed up, put back to snapshots, compacted, closed, opened, left
// without closing, opened, closed. Whatever fails on the way, it goes on, and knows what may be stored.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/sound_database.h"

namespace agentmemdb {

class DatabaseLife {
 public:
  // `reads_go_on`: nothing that fails keeps anybody from reading.
  DatabaseLife(std::string path, Durability durability, bool reads_go_on = true, bool single = false)
      : path_(std::move(path)), durability_(durability), reads_go_on_(reads_go_on), single_(single) {}
  ~DatabaseLife();
  DatabaseLife(const DatabaseLife&) = delete;
  DatabaseLife& operator=(const DatabaseLife&) = delete;

  // `after_step` is called after each step that came off and changed something, with what is stored then; and with closed = true
  // after each step that has also copied the log into the file: closing and compacting.
  using AfterStep = std::function<void(const Contents& stored, bool closed)>;
  void Run(const AfterStep& after_step = {});

  // What must not have happened: an error that is none of ours, an answer that is not what was written, a write after a
  // failed one.
  const std::vector<std::string>& complaints() const { return complaints_; }
  // What may be found in the file: what was acknowledged, with each failed write or without it.
  std::vector<Contents> possible() const;
  std::string backup_path() const { return path_ + "-copy"; }
  // Those there should be.
  const Snapshots& snapshots() const { return snapshots_; }
  // What was stored when the backup came off; nullptr if none did.
  const Contents* backed_up() const { return backed_up_ ? &*backed_up_ : nullptr; }

 private:
  using Change = std::function<void(Contents*)>;

  void Complain(const std::string& what) { complaints_.push_back(step_ + ": " + what); }
  // Whether it came off. Complains of errors that a disk does not explain.
  bool CameOff(const Status& status);
  bool WriteHasFailed() const;
  // Whether something of the record that is deleted before compacting is in a file.
  bool SecretIsSomewhere() const;
  std::optional<CollectionId> Named(const std::string& collection) const;
  void Commit(Group* group, std::vector<std::pair<WriteCall*, Change>> calls);

  void Open();
  void Close();
  void Leave();
  void Create(const std::string& collection, const CollectionRequest& request);
  void Put(const std::string& collection, int first, int last, const std::string& text);
  void PutOneThatIsThere();
  void WriteAGroup();
  void Delete(const std::string& collection, int number);
  void DropCollection(const std::string& collection);
  void Link();
  void ReadAll();
  void Search();
  void SearchFor(const std::string& collection, SearchQuery query);
  void BackUp();
  void TakeSnapshot(const std::string& name);
  void RemoveSnapshot(const std::string& name);
  void Restore(const std::string& name);
  void Compact();
  void ListCollections();

  const std::string path_;
  const Durability durability_;
  const bool reads_go_on_, single_;
  std::string step_;
  std::shared_ptr<Database> db_;
  int failures_before_ = 0;  // calls on the disk that had failed when it was opened
  std::map<std::string, CollectionId> collections_;
  std::vector<Contents> possible_{{}};
  std::vector<Change> doubtful_;  // of writes that failed since it was opened
  std::optional<Contents> backed_up_;
  Snapshots snapshots_;
  AfterStep after_step_;
  std::vector<std::string> complaints_;
};

}  // namespace agentmemdb
