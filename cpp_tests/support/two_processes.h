// A database that is open in two processes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/child_process.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace agentmemdb {

// A database open in this process and in another, which takes the given steps one by one.
class TwoProcesses {
 public:
  using Step = std::function<void(TestDatabase&)>;
  explicit TwoProcesses(std::vector<Step> steps)
      : steps_(std::move(steps)), other_([this](int step) {
          if (!theirs_) theirs_.emplace(path_);
          steps_[static_cast<size_t>(step)](*theirs_);
          return true;
        }) {
    mine_.emplace(path_);
  }
  TestDatabase& mine() { return *mine_; }
  const std::string& path() const { return path_; }
  // The other process takes its next step.
  [[nodiscard]] bool Next() { return other_.Run(step_++); }

 private:
  TempDir dir_;
  std::string path_ = dir_.File("a.db");
  std::vector<Step> steps_;
  std::optional<TestDatabase> theirs_, mine_;
  int step_ = 0;
  ChildProcess other_;
};

}  // namespace agentmemdb
