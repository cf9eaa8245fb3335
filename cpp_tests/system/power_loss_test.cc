// A crash, and a power failure, at every moment of a database's life: what was acknowledged is there, of a write in between all or
// nothing, and everything agrees. The states are made of what was written down of one life (support/disk_history.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine/snapshot.h"
#include "support/database_life.h"
#include "support/disk_history.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace agentmemdb {
namespace {

// The life, and what was acknowledged when.
struct Recording {
  struct Moment {
    size_t events = 0;  // that had happened
    Contents stored;
    Snapshots snapshots;
    bool closed = false;
  };
  std::vector<DiskEvent> events;
  std::vector<Moment> moments;
  std::vector<std::string> complaints;
  DiskState end, end_as_recorded;
  Contents backed_up;
  size_t backed_up_after = 0;  // events
};

Recording Record(Durability durability) {
  Recording recording;
  const TempDir dir;
  const std::string folder = dir.path().string();
  DatabaseLife life(folder + "/a.db", durability);
  RecordDisk(folder);
  recording.moments.push_back({});
  life.Run([&](const Contents& stored, bool closed) {
    recording.moments.push_back({DiskEvents(), stored, life.snapshots(), closed});
    if (life.backed_up() != nullptr && recording.backed_up_after == 0) recording.backed_up_after = DiskEvents();
  });
  recording.events = StopRecordingDisk();
  recording.complaints = life.complaints();
  recording.backed_up = *life.backed_up();
  recording.end = DiskState::ReadFrom(folder);
  recording.end_as_recorded = StateAfter(recording.events, recording.events.size());
  return recording;
}

class PowerLoss : public testing::Test {
 protected:
  void Live(Durability durability) {
    durability_ = durability;
    recording_ = Record(durability);
    ASSERT_EQ(recording_.complaints, std::vector<std::string>());
    ASSERT_EQ(recording_.end, recording_.end_as_recorded)
        << "calls were missed: the states would not be what they seem";
  }

  // Opens what was left after `count` events. `synced_only`: of what was acknowledged, the last may be missing.
  void Open(const DiskState& state, size_t count, bool synced_only) {
    const TempDir dir(TempDir::Where::kMemory);
    const std::string folder = dir.path().string(), path = folder + "/a.db";
    WithoutSharedMemory(state).WriteTo(folder);
    FailDisk({folder});  // None, and nothing is synced for nothing.
    ExpectSound(path, durability_, Allowed(count, synced_only), AllowedSnapshots(count));
    if (state.files.contains("a.db-copy")) {
      const TestDatabase copy(path + "-copy");
      EXPECT_EQ(Require(ReadContents(copy.get())), recording_.backed_up);
    } else {
      EXPECT_LT(count, recording_.backed_up_after) << "a backup that was acknowledged is gone";
    }
    HealDisk();
  }

  const std::vector<DiskEvent>& events() const { return recording_.events; }

 private:
  // Memory that processes shared: it ends with them.
  static DiskState WithoutSharedMemory(DiskState state) {
    std::erase_if(state.files, [](const auto& file) { return file.first.ends_with("-shm"); });
    return state;
  }

  // What may be stored: all that was acknowledged, and the write that was under way or not.
  std::vector<Contents> Allowed(size_t count, bool synced_only) const {
    std::vector<Contents> allowed;
    for (const Recording::Moment& moment : recording_.moments) {
      // Closing copies everything into the file, and waits until it is there.
      const bool certain = moment.events <= count && (!synced_only || moment.closed);
      if (certain) allowed.clear();
      allowed.push_back(moment.stored);
      if (moment.events > count) break;
    }
    return allowed;
  }

  // Those that were acknowledged, and the one that was being made or deleted or not: they are synced whatever the durability.
  Snapshots AllowedSnapshots(size_t count) const {
    const auto after = std::find_if(recording_.moments.begin(), recording_.moments.end(),
                                    [&](const Recording::Moment& moment) { return moment.events > count; });
    Snapshots allowed = std::prev(after)->snapshots;
    if (after == recording_.moments.end()) return allowed;
    for (auto& [name, snapshot] : allowed) snapshot.may_be_absent = !after->snapshots.contains(name);
    for (const auto& [name, snapshot] : after->snapshots) allowed.try_emplace(name, snapshot.possible, true);
    return allowed;
  }

  Durability durability_ = Durability::kFull;
  Recording recording_;
};

// Under a sanitizer a sample: every so many.
constexpr size_t kStep = kSanitized ? 7 : 1;
constexpr int kStates = kSanitized ? 100 : 1000;

TEST_F(PowerLoss, AKilledProcessLeavesAllThatWasAcknowledged) {
  for (const Durability durability : {Durability::kFull, Durability::kNormal}) {
    Live(durability);
    if (HasFailure()) return;
    int points = 0;
    for (size_t count = 0; count <= events().size(); count += kStep, ++points) {
      SCOPED_TRACE("after " + std::to_string(count) + " of " + std::to_string(events().size()) + " events");
      Open(StateAfter(events(), count), count, /*synced_only=*/false);
      if (HasFailure()) return;
    }
    std::printf("  killed after each of %zu changes of the disk: %d states opened\n", events().size(), points);
  }
}

TEST_F(PowerLoss, WithDurabilityFullNothingAcknowledgedIsLost) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  Live(Durability::kFull);
  for (int i = 0; i < kStates && !HasFailure(); ++i) {
    const auto count = static_cast<size_t>(random.Below(events().size() + 1));
    SCOPED_TRACE("state " + std::to_string(i) + ", after " + std::to_string(count) + " events");
    Open(StateAfterPowerLoss(events(), count, &random), count, /*synced_only=*/false);
  }
  std::printf("  power lost: %d states opened, made of %zu changes of the disk\n", kStates, events().size());
}

TEST_F(PowerLoss, WithDurabilityNormalTheLastWritesMayBeMissingAndNothingElse) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  Live(Durability::kNormal);
  for (int i = 0; i < kStates && !HasFailure(); ++i) {
    const auto count = static_cast<size_t>(random.Below(events().size() + 1));
    SCOPED_TRACE("state " + std::to_string(i) + ", after " + std::to_string(count) + " events");
    Open(StateAfterPowerLoss(events(), count, &random), count, /*synced_only=*/true);
  }
  std::printf("  power lost: %d states opened, made of %zu changes of the disk\n", kStates, events().size());
}

// Its folder was made, and the sync of the folder's name failed.
TEST(SnapshotFolder, IsSyncedByTheFirstSnapshotThatIsAcknowledged) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  const TempDir dir;
  const std::string folder = dir.path().string();
  RecordDisk(folder);
  TestDatabase db(folder + "/a.db");
  FailDisk({folder, kDiskSync, 1, /*for_good=*/false});
  EXPECT_EQ(CreateSnapshot(db.get(), "s", {}).status().code(), Code::kIo);
  HealDisk();
  Require(CreateSnapshot(db.get(), "s", {}).status());
  const std::vector<DiskEvent> events = StopRecordingDisk();
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(StateAfterPowerLoss(events, events.size(), &random).files.contains("a.db-snapshots/s.db"));
}

}  // namespace
}  // namespace agentmemdb
