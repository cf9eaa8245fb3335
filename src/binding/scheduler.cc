#include "binding/scheduler.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/clock.h"
#include "engine/shared_read.h"

namespace agentmemdb::binding {
namespace {

constexpr int kReadsPerBatch = 32;
constexpr int64_t kBatchMicros = 1000;
constexpr int64_t kLingerMicros = 100;
constexpr size_t kRecordsPerGroup = 1000;
constexpr int64_t kBackgroundSliceMicros = 5000;
// Background work is owed one microsecond for every three that others used: a quarter of the whole. While nobody reads, for
// every nine: a bulk load is sooner done, and linked, without it.
constexpr int64_t kOthersPerBackground = 3, kWritesPerBackground = 9;

int PoolSize() {
  const char* text = std::getenv("UV_THREADPOOL_SIZE");
  const int size = text == nullptr ? 4 : std::atoi(text);
  return size < 1 ? 1 : size;
}

bool IsSlice(const std::unique_ptr<Call>& call) { return call->kind == CallKind::kSlice; }

}  // namespace

Scheduler& Scheduler::Get() {
  static auto* const scheduler = new Scheduler;  // Leaked: pool threads may outlive static destructors.
  return *scheduler;
}

Scheduler::Scheduler()
    : threads_(std::max(1, PoolSize() - 1)),
      limit_(std::max(1, std::min(static_cast<int>(std::thread::hardware_concurrency()), threads_))) {}

void Scheduler::Join(Lane* lane) {
  std::lock_guard guard(mutex_);
  lanes_.insert(lane);
}

void Scheduler::Add(Lane* lane, std::unique_ptr<Call> call) {
  std::lock_guard guard(mutex_);
  switch (call->kind) {
    case CallKind::kRead:
    case CallKind::kSolo:
      lane->reads_.push_back(std::move(call));
      lane->read_lately_ = true;
      ++lane->arrived_;
      break;
    case CallKind::kWrite:
      lane->writes_.push_back(std::move(call));
      if (!WriteAllowed()) EndWhatYields();
      break;
    case CallKind::kBackground:
    case CallKind::kSlice:
      lane->background_.push_back(std::move(call));
      break;
    case CallKind::kDisk:
      lane->disk_.push_back(std::move(call));
      break;
  }
}

std::optional<Errand> Scheduler::Next(Lane* lane) {
  std::lock_guard guard(mutex_);
  const std::optional<Errand> errand = Choose(lane);
  if (!errand) {
    const bool wants = lane->reads_.size() > lane->readers_starting_ || !lane->writes_.empty() ||
                       !lane->background_.empty() || !lane->disk_.empty();
    if (wants && !lane->is_waiting_) {
      lane->is_waiting_ = true;
      waiting_.push_back(lane);
      ++wanted_;
    }
    return std::nullopt;
  }
  if (errand->kind == CallKind::kDisk) {
    ++disk_workers_;
    return errand;
  }
  workers_max_ = std::max(workers_max_, ++workers_);
  if (errand->kind == CallKind::kRead)
    ++lane->readers_starting_;
  else
    ++other_workers_;
  if (errand->database != nullptr) writing_.insert(errand->database);
  return errand;
}

bool Scheduler::OtherAllowed() const {
  return (limit_ == 1 || other_workers_ < limit_ - 1) &&
         (threads_ == 1 || other_workers_ + disk_workers_ < threads_ - 1);
}

bool Scheduler::DiskAllowed() const {
  return disk_workers_ == 0 && workers_ < threads_ && (threads_ == 1 || other_workers_ < threads_ - 1);
}

bool Scheduler::CanRun(const Lane* lane) const {
  if (!lane->disk_.empty() && DiskAllowed()) return true;
  if (!HasRoom()) return false;
  if (lane->reads_.size() > lane->readers_starting_) return true;
  if (!OtherAllowed()) return SliceWaits(lane);
  return !lane->background_.empty() ||
         std::any_of(lane->writes_.begin(), lane->writes_.end(), [this](const auto& call) { return Writable(*call); });
}

bool Scheduler::SliceWaits(const Lane* lane) const {
  return std::any_of(lane->background_.begin(), lane->background_.end(), IsSlice);
}

std::optional<Errand> Scheduler::Choose(Lane* lane) {
  if (exiting_) return std::nullopt;
  if (!lane->disk_.empty() && DiskAllowed()) return Errand{CallKind::kDisk};
  if (!HasRoom()) return std::nullopt;
  const bool other_allowed = OtherAllowed();
  const bool read = lane->reads_.size() > lane->readers_starting_;
  const auto write =
      std::find_if(lane->writes_.begin(), lane->writes_.end(), [this](const auto& call) { return Writable(*call); });
  const bool can_write = other_allowed && write != lane->writes_.end();
  const bool can_background = other_allowed && !lane->background_.empty();

  if (can_background && lane->background_owed_micros_ >= kBackgroundSliceMicros)
    return Errand{CallKind::kBackground, nullptr, true};
  if (can_write && (!read || !lane->wrote_last_)) {
    lane->wrote_last_ = true;
    return Errand{CallKind::kWrite, (*write)->database.get()};
  }
  if (read) {
    lane->wrote_last_ = false;
    return Errand{CallKind::kRead};
  }
  if (can_background) return Errand{CallKind::kBackground};
  if (SliceWaits(lane)) return Errand{CallKind::kSlice};
  return std::nullopt;
}

std::vector<std::unique_ptr<Call>> Scheduler::Run(Lane* lane, const Errand& errand) {
  const int64_t start = MonotonicMicros();
  std::vector<std::unique_ptr<Call>> done;
  switch (errand.kind) {
    case CallKind::kRead:
    case CallKind::kSolo:
      done = RunReads(lane);
      break;
    case CallKind::kWrite:
      done = RunWrites(lane, errand.database);
      break;
    case CallKind::kBackground:
    case CallKind::kSlice:
    case CallKind::kDisk:
      done = RunOne(lane, errand);
      break;
  }
  const int64_t used = MonotonicMicros() - start;
  std::lock_guard guard(mutex_);
  for (const auto& call : done) lane->running_.erase(call.get());
  if (errand.kind == CallKind::kBackground || errand.kind == CallKind::kSlice) {
    lane->background_owed_micros_ = std::max<int64_t>(0, lane->background_owed_micros_ - used);
    lane->read_lately_ = false;
  } else if (errand.kind != CallKind::kDisk && !lane->background_.empty())
    lane->background_owed_micros_ += used / (lane->read_lately_ ? kOthersPerBackground : kWritesPerBackground);
  return done;
}

std::vector<std::unique_ptr<Call>> Scheduler::RunReads(Lane* lane) {
  {
    std::lock_guard guard(mutex_);
    --lane->readers_starting_;
  }
  const int64_t end = MonotonicMicros() + kBatchMicros;
  std::vector<std::unique_ptr<Call>> done;
  SharedRead shared;
  for (;;) {
    std::unique_ptr<Call> call;
    {
      std::lock_guard guard(mutex_);
      if (lane->reads_.empty()) return done;
      if (lane->reads_.front()->kind == CallKind::kSolo && !done.empty()) return done;
      call = std::move(lane->reads_.front());
      lane->reads_.pop_front();
      lane->running_.insert(call.get());
    }
    if (!done.empty()) GiveWay();  // Many are in flight: the event loop has some to settle, and more to ask for.
    shared.Next(call->accepted_micros);
    {
      const Hurry hurry;
      call->Run();
    }
    const bool solo = call->kind == CallKind::kSolo;
    done.push_back(std::move(call));
    if (solo || done.size() == kReadsPerBatch || MonotonicMicros() >= end) return done;
  }
}

void Scheduler::HandOver(Lane* lane, std::vector<std::unique_ptr<Call>>* done) {
  std::move(done->begin(), done->end(), std::back_inserter(lane->delivered_));
  done->clear();
  lane->Wake();
}

bool Scheduler::GoOn(Lane* lane, const Errand& errand, std::vector<std::unique_ptr<Call>>* done) {
  if (errand.kind == CallKind::kSlice || errand.kind == CallKind::kBackground) return GoOnSlicing(lane, done);
  if (errand.kind != CallKind::kRead) return false;
  uint64_t arrived, wanted;
  {
    std::lock_guard guard(mutex_);
    if (!MayStay(lane)) return false;
    HandOver(lane, done);
    arrived = lane->arrived_;
    wanted = wanted_;
    const bool lingers = lane->reads_.empty();
    if (lingers && !lane->asks_at_once_) return false;
    ++lane->readers_starting_;
    if (!lingers) return true;
  }
  const int64_t end = MonotonicMicros() + kLingerMicros;
  while (lane->arrived_ == arrived && wanted_ == wanted && MonotonicMicros() < end) Pause();
  std::lock_guard guard(mutex_);
  if (!lane->reads_.empty() && MayStay(lane)) return true;
  --lane->readers_starting_;
  return false;
}

bool Scheduler::GoOnSlicing(Lane* lane, std::vector<std::unique_ptr<Call>>* done) {
  std::lock_guard guard(mutex_);
  const bool wanted = lane->reads_.size() > lane->readers_starting_ || !lane->writes_.empty() || !lane->disk_.empty();
  const bool others_want =
      std::any_of(waiting_.begin(), waiting_.end(), [&](const Lane* other) { return other != lane; });
  if (!lane->alive_ || exiting_ || wanted || others_want || !SliceWaits(lane)) return false;
  HandOver(lane, done);
  return true;
}

bool Scheduler::MayStay(const Lane* lane) const {
  if (!lane->alive_ || exiting_) return false;
  const bool other_allowed = OtherAllowed();
  return std::all_of(waiting_.begin(), waiting_.end(), [&](const Lane* waiting) {
    return waiting == lane && lane->disk_.empty() &&
           !(other_allowed && (!lane->background_.empty() || !lane->writes_.empty()));
  });
}

std::vector<std::unique_ptr<Call>> Scheduler::TakeDelivered(Lane* lane) {
  std::lock_guard guard(mutex_);
  lane->waking_ = false;
  return std::exchange(lane->delivered_, {});
}

std::vector<std::unique_ptr<Call>> Scheduler::RunWrites(Lane* lane, Database* database) {
  std::vector<std::unique_ptr<Call>> group;
  {
    std::lock_guard guard(mutex_);
    size_t records = 0;
    for (auto& call : lane->writes_) {
      if (call->database.get() != database) continue;
      const bool alone = call->write() == nullptr;
      records += call->weight();
      if (!group.empty() && (alone || records > kRecordsPerGroup)) break;
      lane->running_.insert(call.get());
      group.push_back(std::move(call));
      if (alone) break;
    }
    std::erase(lane->writes_, nullptr);
  }
  if (group.empty()) return group;  // All were cancelled meanwhile, and `database` may be gone with the last of them.
  if (group.front()->write() == nullptr) {
    group.front()->Run();
    return group;
  }
  const Status status = Guarded([&]() -> Status {
    std::vector<WriteCall*> calls;
    for (const auto& call : group) calls.push_back(call->write());
    database->Commit(calls);
    return {};
  });
  if (!status.ok()) {
    for (const auto& call : group) call->Fail(status);
  }
  for (const auto& call : group) call->TakeInput();
  return group;
}

void Scheduler::EndWhatYields() {
  for (Lane* lane : lanes_) {
    for (Call* call : lane->running_) {
      if (call->yields) call->cancel.Cancel();
    }
  }
}

std::vector<std::unique_ptr<Call>> Scheduler::RunOne(Lane* lane, const Errand& errand) {
  std::vector<std::unique_ptr<Call>> done;
  auto& queue = errand.kind == CallKind::kDisk ? lane->disk_ : lane->background_;
  {
    std::lock_guard guard(mutex_);
    // A write that has come since background work was chosen goes first.
    const bool write_waits = !lane->writes_.empty() && !WriteAllowed();
    if (errand.kind != CallKind::kDisk && !errand.owed && write_waits) return done;
    // A slice need not wait for what stands before it: that may want a worker of another kind.
    const auto next =
        errand.kind == CallKind::kSlice ? std::find_if(queue.begin(), queue.end(), IsSlice) : queue.begin();
    if (next == queue.end()) return done;
    done.push_back(std::move(*next));
    queue.erase(next);
    lane->running_.insert(done.front().get());
    if (errand.owed) done.front()->yields = false;
  }
  done.front()->Run();
  return done;
}

void Scheduler::Finish(const Errand& errand) {
  std::lock_guard guard(mutex_);
  if (errand.kind == CallKind::kDisk)
    --disk_workers_;
  else
    --workers_;
  if (errand.kind != CallKind::kRead && errand.kind != CallKind::kDisk) --other_workers_;
  if (errand.database != nullptr) writing_.erase(errand.database);
  // In turn, those that could use a free worker: one more than there are, because a thread whose JavaScript is busy comes
  // late. When no worker is left to wake the next ones, all.
  size_t wake = workers_ == 0 ? waiting_.size() : static_cast<size_t>(limit_ - workers_) + 1;
  std::erase_if(waiting_, [&](Lane* lane) {
    if (wake == 0 || !CanRun(lane)) return false;
    --wake;
    lane->is_waiting_ = false;
    lane->Wake();
    return true;
  });
}

std::vector<std::unique_ptr<Call>> Scheduler::TakeCancelled(Lane* lane) {
  std::lock_guard guard(mutex_);
  std::vector<std::unique_ptr<Call>> taken;
  for (auto* queue : {&lane->reads_, &lane->writes_, &lane->background_, &lane->disk_}) {
    for (auto& call : *queue) {
      if (Status status = call->cancel.state(); !status.ok()) {
        call->Fail(std::move(status));
        taken.push_back(std::move(call));
      }
    }
    std::erase(*queue, nullptr);
  }
  return taken;
}

std::vector<std::unique_ptr<Call>> Scheduler::Remove(Lane* lane) {
  std::lock_guard guard(mutex_);
  lane->alive_ = false;
  lanes_.erase(lane);
  std::erase(waiting_, lane);
  ++wanted_;
  for (Call* call : lane->running_) call->cancel.Cancel();
  std::vector<std::unique_ptr<Call>> dropped = std::exchange(lane->delivered_, {});
  for (auto* queue : {&lane->reads_, &lane->writes_, &lane->background_, &lane->disk_}) {
    std::move(queue->begin(), queue->end(), std::back_inserter(dropped));
    queue->clear();
  }
  return dropped;
}

void Scheduler::Exit() {
  std::lock_guard guard(mutex_);
  exiting_ = true;
  ++wanted_;
  for (Lane* lane : lanes_) {
    for (Call* call : lane->running_) call->cancel.Cancel();
  }
}

SchedulerStats Scheduler::stats(Lane* lane) {
  std::lock_guard guard(mutex_);
  SchedulerStats stats;
  stats.worker_limit = limit_;
  stats.workers_max = workers_max_;
  stats.waiting =
      static_cast<int64_t>(lane->reads_.size() + lane->writes_.size() + lane->background_.size() + lane->disk_.size());
  stats.running = static_cast<int64_t>(lane->running_.size());
  return stats;
}

}  // namespace agentmemdb::binding
