// SPDX-License-Identifier: Apache-2.0
// Is nothing lost, and does every snapshot stay what it was, when the power goes, a process dies or the disk
// fails anywhere in snapshots, clones, merges, copies, re-keys and growth? COFFER_CUTS: how many ends of the
// world (default: seconds' worth). COFFER_SEED: the first of the seeds, one a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "tests/unit/volume/tree_workload.h"

namespace coffer::volume {
namespace {

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

enum class Faults { kPowerCuts, kFailures };

class TreeCrashRun {
 public:
  explicit TreeCrashRun(uint64_t seed, Faults faults = Faults::kPowerCuts)
      : random_(seed), disk_(seed + 1), workload_(seed + 2, disk_), faults_(faults) {
    set_log_level(LogLevel::kError);
  }

  SimulatedDisk& disk() { return disk_; }
  TreeWorkload& workload() { return workload_; }
  const std::string& failure() const { return workload_.failure(); }

  bool start() {
    store_ = *VolumeStore::open_store(disk_, "/volumes", kHostId);
    (void)disk_.flush_directory("/");
    workload_.use(store_.get());
    return true;
  }

  // Operations until the power is cut, or the process killed; then everything is opened again and checked.
  bool round() {
    const bool kill = random_() % 6 == 0;
    disk_.count_from_here();
    const uint64_t cut = 1 + random_() % (random_() % 4 == 0 ? 1500 : 300);
    if (!kill) disk_.cut_power_at(cut);
    if (faults_ == Faults::kFailures)
      disk_.fail_at(1 + random_() % cut, random_() % 3 == 0 ? ErrorKind::kNoSpace : ErrorKind::kIo);
    for (uint64_t left = kill ? random_() % 60 : 10000;
         left > 0 && !disk_.power_is_off() && failure().empty(); --left)
      workload_.operate();
    const bool ghosts = disk_.fault_struck();
    end_process();
    // A kernel that goes on after a failed flush keeps what it lost in its cache: nobody can know.
    kill && !ghosts ? disk_.kill_process() : disk_.restart();
    disk_.count_from_here();
    if (random_() % 3 == 0) {  // and again while it is being opened
      disk_.cut_power_at(1 + random_() % 60);
      if (auto store = VolumeStore::open_store(disk_, "/volumes", kHostId)) {
        workload_.use(store->get());
        for (auto& [id, volume] : workload_.model().volumes)
          if (volume.existence == Existence::kYes && !disk_.power_is_off()) workload_.open(id, volume);
        workload_.close();
      }
      disk_.restart();
    }
    return failure().empty() && reopen(ghosts);
  }

  // Everything done and completed, everything still there; then everything deleted, and nothing left.
  bool finish() {
    for (auto& [id, snapshot] : workload_.model().snapshots) {
      if (!snapshot.volume_id.empty()) require(store_->complete_snapshot(id), "complete");
      snapshot.contents.acknowledge(snapshot.contents.now());
    }
    require(run_jobs(*store_, {64 << 10, 128 << 10}), "jobs");
    workload_.check_everything(false);
    for (auto& [id, volume] : workload_.model().volumes) {
      volume.device.reset();
      require(store_->remove(id), "remove");
    }
    if (!workload_.model().snapshots.empty() && !disk_.holds(to_bytes("the wrapped key of ")) &&
        any_encrypted())
      workload_.fail("the search for wrapped keys finds nothing");
    for (auto& [id, snapshot] : workload_.model().snapshots) require(store_->remove_snapshot(id), "remove");
    if (const auto left = disk_.list("/volumes"); !left || !left->empty())
      workload_.fail("something is left over");
    require(disk_.flush_all("/"), "flush");
    // (Without space to overwrite a key, it is removed as it is.)
    if (faults_ == Faults::kPowerCuts && disk_.holds(to_bytes("the wrapped key of ")))
      workload_.fail("a wrapped key is left over");
    return failure().empty();
  }

 private:
  void require(const Status& status, const std::string& what) {
    if (!status) workload_.fail(what + ": " + status.error().message);
  }
  bool any_encrypted() {
    for (const auto& [id, snapshot] : workload_.model().snapshots)
      if (snapshot.encrypted) return true;
    return false;
  }

  void end_process() {
    workload_.close();
    store_.reset();
  }

  bool reopen(bool ghosts) {
    auto store = VolumeStore::open_store(disk_, "/volumes", kHostId);
    if (!store) workload_.fail("open the store: " + store.error().message);
    if (!failure().empty()) return false;
    store_ = std::move(*store);
    workload_.use(store_.get());
    reconcile_volumes(ghosts);
    reconcile_snapshots(ghosts);
    if (failure().empty()) workload_.check_everything(true);
    return failure().empty();
  }

  void reconcile_volumes(bool ghosts) {
    auto& volumes = workload_.model().volumes;
    for (auto at = volumes.begin(); at != volumes.end();) {
      const auto found = store_->information(at->first);
      if (!found && (at->second.existence == Existence::kYes || found.error().kind != ErrorKind::kNotFound))
        return workload_.fail(at->first + " is lost: " + found.error().message);
      if (!found) {
        at = volumes.erase(at);
        continue;
      }
      ModelVolume& volume = at->second;
      if (found->size_bytes != volume.size && found->size_bytes != volume.wanted_size)
        return workload_.fail(at->first + " has another size");
      volume.size = volume.wanted_size = found->size_bytes;
      volume.encrypted = found->encrypted;
      volume.existence = Existence::kYes;
      volume.failed = false;
      ++at;
    }
    const auto listed = store_->list();
    for (const std::string& id : *listed)
      if (!volumes.contains(id))
        ghosts ? require(store_->remove(id), "remove") : workload_.fail(id + " is there");
  }

  void reconcile_snapshots(bool ghosts) {
    auto& snapshots = workload_.model().snapshots;
    std::map<std::string, SnapshotState> found;
    const auto listed = store_->snapshots();
    for (const SnapshotState& state : *listed) found[state.snapshot_id] = state;
    for (auto at = snapshots.begin(); at != snapshots.end();) {
      if (!found.contains(at->first)) {
        if (at->second.existence == Existence::kYes) return workload_.fail(at->first + " is lost");
        at = snapshots.erase(at);
        continue;
      }
      at->second.existence = Existence::kYes;
      if (found[at->first].complete) {
        at->second.contents.acknowledge(at->second.contents.now());  // exactly what it was at its instant
        at->second.complete = true;
      } else if (at->second.complete) {
        return workload_.fail(at->first + " is not complete any more");
      }
      ++at;
    }
    for (const auto& [id, state] : found)
      if (!snapshots.contains(id))
        ghosts ? require(store_->remove_snapshot(id), "remove") : workload_.fail(id + " is there");
  }

  std::mt19937_64 random_;
  SimulatedDisk disk_;
  std::unique_ptr<VolumeStore> store_;
  TreeWorkload workload_;
  const Faults faults_;
};

void live_through(uint64_t cuts, Faults faults) {
  uint64_t seed = number_from_environment("COFFER_SEED", 1);
  std::cout << "seeds from " << seed << ", " << cuts << " ends\n";
  constexpr uint64_t kRoundsPerStore = 30;
  std::map<std::string, uint64_t> done;
  for (uint64_t made = 0; made < cuts; ++seed) {
    TreeCrashRun run(seed, faults);
    ASSERT_TRUE(run.start());
    for (uint64_t i = 0; i < kRoundsPerStore && made < cuts; ++i, ++made)
      ASSERT_TRUE(run.round()) << "seed " << seed << ", round " << i << ": " << run.failure();
    ASSERT_TRUE(run.finish()) << "seed " << seed << ": " << run.failure();
    for (const char* what :
         {"change", "snapshot", "complete", "create", "copy", "rekey", "grow", "finish", "remove"})
      done[what] += run.workload().operations_done(what);
  }
  for (const auto& [what, count] : done) {
    std::cout << what << " " << count << "  ";
    EXPECT_GT(count, 0u) << what;
  }
  std::cout << "\n";
}

TEST(TreeCrashTest, NoPowerCutLosesAnythingOrChangesASnapshot) {
  live_through(number_from_environment("COFFER_CUTS", 600), Faults::kPowerCuts);
}

TEST(TreeCrashTest, NorDoesAFailureOfTheDiskAnywhereAndAPowerCutAfterIt) {
  live_through(number_from_environment("COFFER_CUTS", 1200) / 2, Faults::kFailures);
}

// A discard in a layer that was sealed, deleted and merged before any flush: its zero is in nobody's durable
// map.
TEST(TreeCrashTest, AMergeDoesNotPunchWhatTheParentsDurableMapStillCallsData) {
  const Bytes old(4096, 7);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimulatedDisk disk(seed);
    auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
    ASSERT_TRUE(disk.flush_directory("/"));
    ASSERT_TRUE(store->create({volume_id(1), 4 << 20, new_layer(1, true), {}, false}));
    auto volume = *store->open(volume_id(1), keys_for(*store, volume_id(1)));
    for (const uint64_t offset : {0, 1 << 20, 2 << 20}) ASSERT_TRUE(volume->write(offset, old, true));
    ASSERT_TRUE(volume->discard(0, 4096, false));
    const NewLayer top = new_layer(2, true);
    ASSERT_TRUE(store->create_snapshots({{snapshot_id(1), volume_id(1), top}}, keys_of({top})));
    ASSERT_TRUE(store->remove_snapshot(snapshot_id(1)));
    auto job = *store->open_job(top.layer_id, keys_for(*store, volume_id(1)), {4096, 4096});
    ASSERT_FALSE(job->step()->done);
    job.reset(), volume.reset();
    disk.restart();
    store = *VolumeStore::open_store(disk, "/volumes", kHostId);
    volume = *store->open(volume_id(1), keys_for(*store, volume_id(1)));
    const Bytes got = read_back(*volume, 0, 4096);
    EXPECT_TRUE(got == old || got == Bytes(4096)) << "seed " << seed;
    EXPECT_EQ(read_back(*volume, 1 << 20, 4096), old);
  }
}

// Could the tests above fail? They must, when the store does not keep to the order of things.
std::string failure_with(const std::function<void(TreeCrashRun&)>& plant) {
  uint64_t ends = 0;
  for (uint64_t seed = 1; seed < 40; ++seed) {
    TreeCrashRun run(seed);
    (void)run.start();
    plant(run);
    for (uint64_t i = 0; i < 30 && run.round(); ++i) ++ends;
    if (run.failure().empty()) continue;
    std::cout << "seen after " << ends << " ends: " << run.failure() << "\n";
    return run.failure();
  }
  return {};
}

TEST(TreePlantedBugTest, ASealedLayerThatIsNotFlushedIsSeen) {
  EXPECT_NE(failure_with([](TreeCrashRun& run) {
              run.workload().on_sealed = [&run](const std::string& layer) {
                for (const char* file : {"/data.000", "/map"})
                  run.disk().unflushable.insert("/volumes/" + layer + file);
              };
            }).find("none of the"),
            std::string::npos);
}

TEST(TreePlantedBugTest, AParentPunchedBeforeTheChildsMapIsDurableIsSeen) {
  EXPECT_NE(failure_with([](TreeCrashRun& run) {
              run.disk().bug = SimulatedDisk::Bug::kPunchBeforeMap;
            }).find("none of the"),
            std::string::npos);
}

TEST(TreePlantedBugTest, AManifestBeforeItsLayerIsSeen) {
  EXPECT_NE(
      failure_with([](TreeCrashRun& run) { run.disk().bug = SimulatedDisk::Bug::kManifestBeforeLayer; }), "");
}

}  // namespace
}  // namespace coffer::volume
