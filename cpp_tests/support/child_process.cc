#include "support/child_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

namespace agentmemdb {
namespace {

[[noreturn]] void Serve(int socket, const std::function<bool(int)>& body) {
  int step = 0;
  while (read(socket, &step, sizeof step) == sizeof step) {
    char good = 0;
    try {
      good = body(step) ? 1 : 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child process: %s\n", error.what());
    }
    if (write(socket, &good, 1) != 1) break;
  }
  _exit(0);
}

}  // namespace

ChildProcess::ChildProcess(const std::function<bool(int)>& body) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) throw std::runtime_error("cannot make a socket pair");
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    close(sockets[0]);
    Serve(sockets[1], body);
  }
  close(sockets[1]);
  socket_ = sockets[0];
}

ChildProcess::~ChildProcess() {
  close(socket_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
}

bool ChildProcess::Run(int step) { return Start(step) && Wait(); }

bool ChildProcess::Start(int step) {
  return send(socket_, &step, sizeof step, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof step);
}

bool ChildProcess::Wait() {
  char good = 0;
  return read(socket_, &good, 1) == 1 && good == 1;
}

void ChildProcess::Kill() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace agentmemdb
