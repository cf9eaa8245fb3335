// A second process, for what must hold between processes. Made before the test opens anything: SQLite's connections do not
// survive a fork.
#pragma once

#include <functional>

namespace agentmemdb {

class ChildProcess {
 public:
  // Forks. The child calls body(step) for each Run(step), and ends when this is destroyed or killed.
  explicit ChildProcess(const std::function<bool(int step)>& body);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Waits for the child. Returns what the body returned; false too if it threw or died.
  bool Run(int step);
  // The two halves of Run.
  bool Start(int step);
  bool Wait();
  // SIGKILL.
  void Kill();

 private:
  int process_ = -1;
  int socket_ = -1;
};

}  // namespace agentmemdb
