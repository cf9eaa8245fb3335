// The field indexes of one collection: declared ones, which stay, and those made for the paths that filters ask of, dropped when
// others are asked for more.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "meta/field_index.h"

namespace agentmemdb {

namespace limits {
constexpr size_t kFieldIndexesMax = 64;
constexpr size_t kFieldIndexBytesMax = size_t{256} << 20;  // of all together but the declared ones
}  // namespace limits

struct FieldIndexStats {
  std::string path;
  bool declared = false;
  size_t distinct = 0;  // values; of arrays and other lists of things reached: lists
  size_t memory_bytes = 0;
};

// Threads: any, beside one another; Forget, Declare and LearnDeclared alone (the engine's index lock).
class FieldIndexes {
 public:
  explicit FieldIndexes(size_t bytes_max = limits::kFieldIndexBytesMax) : bytes_max_(bytes_max) {}

  // Made when there is none. nullptr: it takes more memory than all of them may.
  std::shared_ptr<FieldIndex> Get(const FieldPath& path);
  // After indexes have learnt: drops those asked for longest ago until the rest takes no more memory than it may.
  void Trim();
  // Makes one that is never dropped, whatever memory it takes.
  void Declare(const FieldPath& path);
  // A record that is in memory already: of the others those who ask read it.
  void LearnDeclared(Slot slot, const RecordFields& record);
  void Forget(Slot slot);
  // Whether what they know of a record is what it holds.
  bool Agree(Slot slot, RecordValues* record) const;
  // About, as of the last Trim.
  size_t memory_bytes() const;
  // By path.
  std::vector<FieldIndexStats> stats() const;

 private:
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  template <class Visit>
  void ForEach(const Visit& visit) const;

  std::vector<std::shared_ptr<FieldIndex>> declared_;
  std::list<std::shared_ptr<FieldIndex>> indexes_;  // others, the last asked for first
  std::set<std::string> too_large_;
  size_t bytes_ = 0;  // declared ones too
};

}  // namespace agentmemdb
