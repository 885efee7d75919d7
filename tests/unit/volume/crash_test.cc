// SPDX-License-Identifier: Apache-2.0
// Is what a flush acknowledged there after a power cut, and what was not, old or new? Random operations on a
// disk that loses, reorders and tears what was not flushed, against an oracle. COFFER_CUTS: how many power
// cuts (default: seconds' worth). COFFER_SEED: the first of the seeds, one a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "tests/unit/volume/expected_contents.h"
#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kVolumeSize = 65 << 20;  // two pages of the state map
constexpr uint64_t kWindow = 96 << 10;
constexpr std::array<uint64_t, 4> kWindows = {0, (1 << 20) - kWindow / 2, (64 << 20) - kWindow / 2,
                                              kVolumeSize - kWindow};

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// One volume and its oracle, through many ends of the world.
class CrashRun {
 public:
  CrashRun(uint64_t seed, bool encrypted) : random_(seed), disk_(seed + 1), encrypted_(encrypted) {
    set_log_level(LogLevel::kError);  // a power cut while holes are punched is worth no line here
  }

  SimulatedDisk& disk() { return disk_; }
  const std::string& failure() const { return failure_; }

  bool create() {
    store_ = *VolumeStore::open_store(disk_, "/volumes", kHostId);
    (void)disk_.flush_directory("/");
    return require(store_->create(new_volume(kVolumeSize, encrypted_))) && reopen();
  }

  // Operations until the power is cut, or the process killed; then the volume is opened again and checked.
  bool round() {
    const bool kill = random_() % 8 == 0;
    disk_.count_from_here();
    if (!kill) disk_.cut_power_at(1 + random_() % 100);
    disk_.during_flush = [this](const std::string& path) {
      // Another connection writes while this one's data fsync runs.
      if (path.ends_with(".000") && volume_ && random_() % 2 == 0) write(false);
    };
    for (uint64_t left = kill ? random_() % 40 : 10000; left > 0 && !disk_.power_is_off() && failure_.empty();
         --left)
      operate();
    disk_.during_flush = nullptr;
    volume_.reset();
    kill ? disk_.kill_process() : disk_.restart();
    if (!kill && random_() % 4 == 0) {  // and again while it is being opened
      disk_.cut_power_at(1 + random_() % 12);
      (void)open_volume(*store_, encrypted_);
      disk_.restart();
    }
    return failure_.empty() && reopen() && check_all(!kill);
  }

 private:
  bool require(const Status& status) {
    if (!status && failure_.empty()) failure_ = status.error().message;
    return failure_.empty();
  }
  bool require(const std::string& wrong) {
    if (failure_.empty()) failure_ = wrong;
    return failure_.empty();
  }
  // An operation may fail only because the power is off.
  bool succeeded(const Status& status) {
    if (!status && !disk_.power_is_off()) require(status);
    return status.has_value();
  }

  bool reopen() {
    auto opened = open_volume(*store_, encrypted_);
    if (!opened) return require("open: " + opened.error().message);
    volume_ = std::move(*opened);
    return true;
  }

  bool check_all(bool durable) {
    for (const uint64_t window : kWindows) {
      Bytes got(kWindow);
      if (!require(volume_->read(window, got)) || !require(expected_.check_after_crash(window, got)))
        return false;
      expected_.observe(window, got, durable);
    }
    return true;
  }

  struct Range {
    uint64_t offset, length;
  };
  Range any_range() {
    const uint64_t window = kWindows[random_() % kWindows.size()];
    uint64_t offset = random_() % kWindow, length = 1 + random_() % 20000;
    if (random_() % 2 == 0) offset &= ~uint64_t{4095}, length = (length + 4095) & ~uint64_t{4095};
    return {window + offset, std::min(length, kWindow - offset)};
  }

  void operate() {
    switch (random_() % 16) {
      case 0:
      case 1:
        return flush();
      case 2:
      case 3:
        return discard();
      case 4:
      case 5:
        return write_zeroes();
      case 6:
      case 7:
        return read();
      case 8:
        return write(true);
      default:
        return write(false);
    }
  }

  void write(bool durable) {
    const Range range = any_range();
    const Bytes data = random_contents(random_, range.length);
    expected_.write(range.offset, data);
    const auto moment = expected_.now(range.offset, range.length);
    if (succeeded(volume_->write(range.offset, data, durable)) && durable) expected_.acknowledge(moment);
  }

  void flush() {
    const auto moment = expected_.now();
    if (succeeded(volume_->flush())) expected_.acknowledge(moment);
  }

  void discard() {
    const Range range = any_range();
    const uint64_t first = (range.offset + 4095) & ~uint64_t{4095};
    const uint64_t end = (range.offset + range.length) & ~uint64_t{4095};
    if (first < end) expected_.zero(first, end - first);
    const bool durable = random_() % 8 == 0;
    const auto moment = expected_.now(first, first < end ? end - first : 0);
    if (succeeded(volume_->discard(range.offset, range.length, durable)) && durable)
      expected_.acknowledge(moment);
  }

  void write_zeroes() {
    const Range range = any_range();
    const bool durable = random_() % 8 == 0;
    // Keeping the space may flush first, and so let other writes in before the zeroes.
    const auto earlier = std::exchange(disk_.during_flush, nullptr);
    expected_.zero(range.offset, range.length);
    const auto moment = expected_.now(range.offset, range.length);
    if (succeeded(volume_->write_zeroes(range.offset, range.length, random_() % 2 == 0, durable)) && durable)
      expected_.acknowledge(moment);
    disk_.during_flush = earlier;
  }

  void read() {
    Range range = any_range();
    range.offset &= ~uint64_t{511};
    Bytes got(std::max<uint64_t>(512, range.length & ~uint64_t{511}));
    if (succeeded(volume_->read(range.offset, got))) require(expected_.check_newest(range.offset, got));
  }

  std::mt19937_64 random_;
  SimulatedDisk disk_;
  const bool encrypted_;
  std::unique_ptr<VolumeStore> store_;
  std::unique_ptr<Volume> volume_;
  ExpectedContents expected_;
  std::string failure_;
};

TEST(CrashTest, NoPowerCutLosesWhatWasAcknowledgedOrMakesAThirdValue) {
  const uint64_t cuts = number_from_environment("COFFER_CUTS", 600);
  uint64_t seed = number_from_environment("COFFER_SEED", 1);
  std::cout << "seeds from " << seed << ", " << cuts << " cuts\n";
  constexpr uint64_t kRoundsPerVolume = 50;
  for (uint64_t done = 0; done < cuts; ++seed) {
    CrashRun run(seed, seed % 4 != 0);
    ASSERT_TRUE(run.create()) << run.failure();
    for (uint64_t i = 0; i < kRoundsPerVolume && done < cuts; ++i, ++done)
      ASSERT_TRUE(run.round()) << "seed " << seed << ", round " << i << ": " << run.failure();
  }
}

// Could the test above fail? It must, when a flush does not keep to the order of the crash rule.
class PlantedBugTest : public testing::TestWithParam<SimulatedDisk::Bug> {};
INSTANTIATE_TEST_SUITE_P(MapBeforeData, PlantedBugTest, testing::Values(SimulatedDisk::Bug::kMapBeforeData));
INSTANTIATE_TEST_SUITE_P(LateFreeze, PlantedBugTest, testing::Values(SimulatedDisk::Bug::kLateFreeze));

TEST_P(PlantedBugTest, IsSeenByTheOracle) {
  std::string failure;
  uint64_t cuts = 0;
  for (uint64_t seed = 1; failure.empty() && seed < 20; ++seed) {
    CrashRun run(seed, true);
    ASSERT_TRUE(run.create()) << run.failure();
    run.disk().bug = GetParam();
    for (uint64_t i = 0; i < 50 && run.round(); ++i) ++cuts;
    failure = run.failure();
  }
  EXPECT_NE(failure.find("none of the"), std::string::npos) << failure;
  std::cout << "seen after " << cuts << " cuts: " << failure << "\n";
}

// A power cut at each operation of a creation or a deletion leaves a volume that is there whole, or not at
// all.
TEST(CrashTest, CreationAndDeletionAreWholeOrNotAtAll) {
  for (const bool deleting : {false, true}) {
    bool cut = true;
    for (uint64_t operation = 1; cut; ++operation) {
      SimulatedDisk disk(operation);
      auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
      ASSERT_TRUE(disk.flush_directory("/"));
      ASSERT_TRUE(!deleting || store->create(new_volume(1 << 20, true)));
      disk.count_from_here();
      disk.cut_power_at(operation);
      const Status done = deleting ? store->remove(kVolumeId) : store->create(new_volume(1 << 20, true));
      cut = disk.power_is_off();
      ASSERT_EQ(done.has_value(), !cut) << operation;
      disk.restart();

      const bool there = !store->list()->empty();
      EXPECT_TRUE(cut || there == !deleting);
      EXPECT_EQ(open_volume(*store, true).has_value(), there) << operation;
      const auto manifest = store->manifest(kVolumeId);
      EXPECT_TRUE(there || manifest.error().kind == ErrorKind::kNotFound) << operation;
      ASSERT_TRUE(deleting ? store->remove(kVolumeId) : store->create(new_volume(1 << 20, true)))
          << operation;
      EXPECT_EQ(store->list()->size(), deleting ? 0u : 1u);
      EXPECT_EQ(open_volume(*store, true).has_value(), !deleting) << operation;
      disk.restart();
      EXPECT_EQ(store->list()->size(), deleting ? 0u : 1u) << operation;
    }
  }
}

TEST(CrashTest, ADeletedVolumeLeavesNoWrappedKeyBehind) {
  bool cut = true;
  for (uint64_t operation = 1; cut; ++operation) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      SimulatedDisk disk(seed);
      auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
      ASSERT_TRUE(disk.flush_directory("/"));
      const Bytes wrapped_key = *new_volume(1 << 20, true).wrapped_key;
      ASSERT_TRUE(store->create(new_volume(1 << 20, true)));
      ASSERT_TRUE(disk.holds(wrapped_key));  // the search can hit
      disk.count_from_here();
      disk.cut_power_at(operation);
      const Status removed = store->remove(kVolumeId);
      cut = disk.power_is_off();
      ASSERT_EQ(removed.has_value(), !cut);
      disk.restart();
      EXPECT_FALSE(store->list()->empty() && disk.holds(wrapped_key))
          << "seed " << seed << ", cut " << operation;
    }
  }
}

}  // namespace
}  // namespace coffer::volume
