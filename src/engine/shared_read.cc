#include "engine/shared_read.h"

#include <utility>

#include "base/check.h"

namespace agentmemdb {
namespace {

thread_local SharedRead* current = nullptr;

}  // namespace

SharedRead::SharedRead() {
  CHECK(current == nullptr);
  current = this;
}

SharedRead::~SharedRead() { current = nullptr; }

PinnedRead SharedRead::Take(const Database* database, Version applied) {
  if (current == nullptr) return {};
  PinnedRead left = std::exchange(current->left_, {});
  const bool serves = current->database_ == database && left.rows != nullptr &&
                      current->asked_micros_ < left.begun_micros && left.header->change_version == applied;
  return serves ? std::move(left) : PinnedRead{};
}

void SharedRead::Leave(const Database* database, PinnedRead read) {
  if (current == nullptr || !read.rows->Rest()) return;
  current->database_ = database;
  current->left_ = std::move(read);
}

}  // namespace agentmemdb
