// When calls run. One scheduler per process bounds the AsyncWorkers in flight, so that fs and dns always find a thread of
// the libuv pool; one lane per environment (main thread or worker_thread) queues that environment's calls.
//
//   reads       a worker takes up to 32 of them, or 1 ms of them, hands them over, and goes on with the next as long as nobody
//               else wants a worker; when none is left it waits a moment, for what a caller asks next, and the event loop does not
//               sleep while it works for such a caller
//   writes      all that wait on one database become one transaction; one at a time per database
//   background  takes what is left, until a write needs the worker; when there is never anything left, a quarter of the time,
//               and a tenth while there are writes only
//   disk        one at a time, beyond the workers there are cores for where the pool has a thread for it
//
// With two workers or more, one is kept for reads, and for slices of linking that somebody waits for while there are no reads.
#pragma once

#include <napi.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "binding/call.h"

namespace agentmemdb::binding {

class Lane;

struct SchedulerStats {
  int worker_limit = 0, workers_max = 0;
  int64_t waiting = 0, running = 0;  // calls of one lane
};

// How long the calls of one method took, from being accepted to being settled.
struct OperationStats {
  std::string_view method;
  int64_t count = 0, p50_micros = 0, p95_micros = 0, p99_micros = 0;
};

// A worker's errand, decided when it starts.
struct Errand {
  CallKind kind = CallKind::kRead;
  Database* database = nullptr;  // the one written to
  bool owed = false;             // kBackground: its share, which it yields to nobody
};

// Threads: any.
class Scheduler {
 public:
  static Scheduler& Get();

  void Join(Lane* lane);
  void Add(Lane* lane, std::unique_ptr<Call> call);
  // What a new worker of the lane should do now; nullopt: nothing, or not yet, and then the lane is woken later.
  std::optional<Errand> Next(Lane* lane);
  // On a pool thread: runs calls of the lane and returns them.
  std::vector<std::unique_ptr<Call>> Run(Lane* lane, const Errand& errand);
  // Whether the worker keeps at its errand. If so, or if nothing is left to do, `done` has been handed to the lane.
  bool GoOn(Lane* lane, const Errand& errand, std::vector<std::unique_ptr<Call>>* done);
  // Calls handed over for settling.
  std::vector<std::unique_ptr<Call>> TakeDelivered(Lane* lane);
  // Gives the worker back and wakes lanes that wait for one.
  void Finish(const Errand& errand);
  // Whether it pays to keep the lane's event loop awake for a read: a core is free for it, and its caller asks at once for the next.
  // Without the lock: workers would wait for a loop that asks in each turn.
  bool PaysToWatch(const Lane* lane) const;
  // Waiting calls that were cancelled.
  std::vector<std::unique_ptr<Call>> TakeCancelled(Lane* lane);
  // The lane takes no more part; its waiting calls are returned, its running ones cancelled.
  std::vector<std::unique_ptr<Call>> Remove(Lane* lane);
  // The process is exiting: running calls of every lane are cancelled, and no other begins. It would wait for them.
  void Exit();
  SchedulerStats stats(Lane* lane);

 private:
  Scheduler();
  bool CanRun(const Lane* lane) const;
  // Whether there is room for one more worker; whether so many may do something else than read; whether one may use the disk.
  bool HasRoom() const { return workers_ < limit_ && workers_ + disk_workers_ < threads_; }
  bool OtherAllowed() const;
  bool WriteAllowed() const { return HasRoom() && OtherAllowed(); }
  bool DiskAllowed() const;
  std::optional<Errand> Choose(Lane* lane);
  // Whether the lane's next background work is short enough for a worker that is kept for reads.
  bool SliceWaits(const Lane* lane) const;
  // The same of GoOn for who links in slices, as long as the next one waits and nobody else wants the worker.
  bool GoOnSlicing(Lane* lane, std::vector<std::unique_ptr<Call>>* done);
  // Calls that are done, to be settled while the worker goes on.
  void HandOver(Lane* lane, std::vector<std::unique_ptr<Call>>* done);
  // Whether nobody but readers of this lane would use the worker that reads for it.
  bool MayStay(const Lane* lane) const;
  bool Writable(const Call& call) const { return writing_.count(call.database.get()) == 0; }
  std::vector<std::unique_ptr<Call>> RunReads(Lane* lane);
  std::vector<std::unique_ptr<Call>> RunWrites(Lane* lane, Database* database);
  // For the disk or in the background.
  std::vector<std::unique_ptr<Call>> RunOne(Lane* lane, const Errand& errand);
  // Asks running background work to give its worker back.
  void EndWhatYields();

  const int threads_;            // of the pool that we may use
  const int limit_;              // workers that compute
  std::mutex mutex_;             // Guards everything below, and the queues of the lanes.
  std::atomic<int> workers_{0};  // PaysToWatch reads it without the mutex.
  int workers_max_ = 0;
  int other_workers_ = 0;  // of these, not reading
  int disk_workers_ = 0;   // beside these
  std::set<Database*> writing_;
  std::set<Lane*> lanes_;
  std::deque<Lane*> waiting_;
  bool exiting_ = false;
  std::atomic<uint64_t> wanted_{0};  // counts what ends lingering: lanes that began to wait for a worker, or went away
};

// The queues of one environment. Its JavaScript thread owns it; the scheduler's mutex guards the queues.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  explicit Lane(Napi::Env env);

  // On the JavaScript thread.
  void Accept(std::unique_ptr<Call> call);
  void Pump();
  void Settle(std::vector<std::unique_ptr<Call>> calls);
  void Sweep();
  // The environment is going away: settles nothing from now on.
  void Die();
  // Asks running and waiting calls to stop; the process is exiting.
  void CancelAll();
  // Lets go of something on a pool thread: freeing an engine, or many records, takes long.
  void Retire(std::shared_ptr<void> thing);
  // Counts what the process must not end before.
  void KeepAlive(int change);
  bool alive() const { return alive_; }
  // By method, since the environment began.
  std::vector<OperationStats> operations() const;

 private:
  friend class Scheduler;
  static void OnWake(napi_env env, napi_value callback, void* context, void* data);
  void Wake();  // From any thread, under the scheduler's mutex.
  void SettleOne(std::unique_ptr<Call> call);
  Napi::Value TryConvert(Call* call);
  // Calls `function` in the next turn of the loop. False: the environment is ending.
  bool CallSoon(const Napi::FunctionReference& function);
  void SettleLater();
  // Keeps the loop from sleeping for the next turn, when a read is about to be done.
  void Watch();

  Napi::Env env_;
  napi_threadsafe_function wake_ = nullptr;
  bool alive_ = true;
  int64_t kept_alive_by_ = 0;
  std::deque<std::unique_ptr<Call>> unsettled_;
  std::map<std::string_view, Histogram> durations_;  // by method
  Napi::FunctionReference set_immediate_, settle_more_, watch_on_;
  bool settling_later_ = false;
  bool watching_ = false;
  int reads_unsettled_ = 0;
  int64_t read_settled_micros_ = 0;  // when the last one was
  int64_t watch_until_ = 0;          // MonotonicMicros()
  int calls_settled_ = 0;            // in this turn of the loop, and the bytes of their results
  size_t bytes_settled_ = 0;

  // Guarded by the scheduler's mutex:
  std::deque<std::unique_ptr<Call>> reads_, writes_, background_, disk_;
  std::set<Call*> running_;
  size_t readers_starting_ = 0;                   // workers queued to read, or lingering, that have not begun
  std::vector<std::unique_ptr<Call>> delivered_;  // done, to be settled when the lane wakes
  bool waking_ = false;
  std::atomic<uint64_t> arrived_{0};  // reads ever accepted
  // Whether the last read was asked for as soon as the one before it was settled, or sooner: then another will be, most likely, and
  // it pays to wait for it awake.
  std::atomic<bool> asks_at_once_{false};
  bool is_waiting_ = false;  // in Scheduler::waiting_
  bool wrote_last_ = false;
  int64_t background_owed_micros_ = 0;
  bool read_lately_ = false;  // since the last background work
};

inline bool Scheduler::PaysToWatch(const Lane* lane) const { return workers_ < limit_ && lane->asks_at_once_; }

}  // namespace agentmemdb::binding
