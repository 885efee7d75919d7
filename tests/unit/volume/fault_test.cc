// SPDX-License-Identifier: Apache-2.0
// When an operation of the disk fails, does the volume say so, and keep what it acknowledged?
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/unit/volume/expected_contents.h"
#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_store.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kVolumeSize = 65 << 20;
constexpr uint64_t kPage = 64 << 20;  // where the second page of the map begins

class FaultTest : public testing::Test {
 protected:
  void start(uint64_t seed, uint64_t size = kVolumeSize) {
    set_log_level(LogLevel::kError);
    volume_.reset();
    disk_ = std::make_unique<SimulatedDisk>(seed);
    store_ = *VolumeStore::open_store(*disk_, "/volumes", kHostId);
    ASSERT_TRUE(disk_->flush_directory("/"));
    ASSERT_TRUE(store_->create(new_volume(size, true)));
    reopen();
    expected_ = {};
  }
  void reopen() {
    volume_.reset();
    auto store = VolumeStore::open_store(*disk_, "/volumes", kHostId);
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    auto opened = open_volume(*store_, true);
    ASSERT_TRUE(opened) << opened.error().message;
    volume_ = std::move(*opened);
  }

  void write(uint64_t offset, uint64_t length, bool durable = false) {
    const Bytes data = random_contents(random_, length);
    expected_.write(offset, data);
    const auto moment = expected_.now(offset, length);
    const Status status = volume_->write(offset, data, durable);
    if (status && durable) expected_.acknowledge(moment);
    if (!status) observe(offset, length);
  }
  void discard(uint64_t offset, uint64_t length) {
    expected_.zero(offset, length);
    if (!volume_->discard(offset, length, false)) observe(offset, length);
  }
  void zero(uint64_t offset, uint64_t length, bool keep) {
    expected_.zero(offset, length);
    if (!volume_->write_zeroes(offset, length, keep, false)) observe(offset, length);
  }
  Status flush() {
    const auto moment = expected_.now();
    const Status status = volume_->flush();
    if (status) expected_.acknowledge(moment);
    return status;
  }
  // A change that failed left each unit old or new: which, is what can be read now.
  void observe(uint64_t offset, uint64_t length) {
    const uint64_t start = offset / 512 * 512;
    Bytes got((offset + length - start + 511) / 512 * 512);
    ASSERT_TRUE(volume_->read(start, got));
    ASSERT_EQ(expected_.check_after_crash(start, got), "");
    expected_.observe(start, got, false);
  }

  void fixed_workload() {
    write(0, 40000);
    write(kPage - 5000, 10000);
    (void)flush();
    write(4096, 8192);
    discard(12288, 16384);
    write(100, 3000, true);
    zero(kPage - 4096 - 100, 6000, false);
    (void)flush();
    write(12288 + 50, 5000);
    zero(1000, 9000, true);
    write(kVolumeSize - 4096, 4096, true);
    (void)flush();
    write(20000, 3000);
    (void)flush();
  }

  void check_after_power_cut() {
    volume_.reset();
    disk_->count_from_here();
    disk_->restart();
    reopen();
    for (const auto& [offset, length] :
         {std::pair{uint64_t{0}, uint64_t{64 << 10}}, std::pair{kPage - (16 << 10), uint64_t{32 << 10}},
          std::pair{kVolumeSize - (8 << 10), uint64_t{8 << 10}}})
      ASSERT_EQ(expected_.check_after_crash(offset, read_back(*volume_, offset, length)), "");
  }

  std::mt19937_64 random_{5};
  std::unique_ptr<SimulatedDisk> disk_;
  std::unique_ptr<VolumeStore> store_;
  std::shared_ptr<Volume> volume_;
  ExpectedContents expected_;
};

TEST_F(FaultTest, AFailureAtAnyOperationLosesNothingThatWasAcknowledged) {
  start(1);
  disk_->count_from_here();
  fixed_workload();
  const uint64_t operations = disk_->operations();
  ASSERT_GT(operations, 30u);
  for (const ErrorKind kind : {ErrorKind::kIo, ErrorKind::kNoSpace})
    for (uint64_t operation = 1; operation <= operations; ++operation) {
      SCOPED_TRACE(testing::Message() << "operation " << operation << ", " << to_string(kind));
      start(operation);
      disk_->count_from_here();
      disk_->fail_at(operation, kind);
      fixed_workload();
      check_after_power_cut();
      if (HasFatalFailure()) return;
    }
}

TEST_F(FaultTest, AFlushThatFailedIsFinalAndReadsGoOn) {
  start(1);
  write(0, 8192);
  ASSERT_TRUE(flush());
  write(4096, 4096);
  const Bytes before = read_back(*volume_, 0, 8192);
  disk_->count_from_here();
  disk_->fail_at(2, ErrorKind::kIo);  // after the fence, the data's flush
  EXPECT_EQ(volume_->failure(), "");
  EXPECT_EQ(volume_->flush().error().kind, ErrorKind::kIo);
  EXPECT_NE(volume_->failure().find("a planted failure"), std::string::npos) << volume_->failure();
  EXPECT_EQ(volume_->flush().error().kind, ErrorKind::kIo) << "the disk would say yes now, and mean nothing";
  EXPECT_EQ(volume_->write(0, Bytes(4096), false).error().kind, ErrorKind::kIo);
  EXPECT_EQ(volume_->discard(0, 4096, false).error().kind, ErrorKind::kIo);
  EXPECT_EQ(volume_->write_zeroes(0, 4096, false, false).error().kind, ErrorKind::kIo);
  EXPECT_EQ(read_back(*volume_, 0, 8192), before);
}

TEST_F(FaultTest, AFullDiskIsSaidAtTheWriteAndNeverAtTheFlush) {
  constexpr uint64_t kCapacity = 40 * 4096;
  start(1, uint64_t{8} << 30);  // 128 pages of map, so that the space of the map matters
  disk_->set_capacity(kCapacity);
  uint64_t accepted = 0, refused = 0;
  for (uint64_t i = 0; i < 128; ++i) {
    const Status status = volume_->write(i * kPage, Bytes(4096, 1), i % 3 == 0);
    status ? ++accepted : ++refused;
    EXPECT_TRUE(status || status.error().kind == ErrorKind::kNoSpace) << status.error().message;
    ASSERT_TRUE(volume_->flush()) << i;
  }
  EXPECT_GT(accepted, 10u);
  EXPECT_GT(refused, 10u);
  EXPECT_EQ(volume_->write_zeroes(kPage + (1 << 20), 1 << 20, true, false).error().kind, ErrorKind::kNoSpace);
  // Space that a discard gave back can be written again.
  ASSERT_TRUE(volume_->discard(0, 4096, true));
  EXPECT_TRUE(volume_->write(8192, Bytes(4096, 1), true));
  volume_.reset();
  EXPECT_TRUE(store_->remove(kVolumeId));
  EXPECT_TRUE(store_->list()->empty());
}

// What was lifted gives back the room for the rest, though much less than a window of it is free.
TEST_F(FaultTest, ADeletedSnapshotMergesOnADiskThatIsNearlyFull) {
  constexpr uint64_t kMiB = 1 << 20;
  SimulatedDisk disk(1);
  auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
  ASSERT_TRUE(store->create({volume_id(1), 16 * kMiB, new_layer(1, true), {}, false}));
  auto volume = *store->open(volume_id(1), keys_for(*store, volume_id(1)));
  const Bytes data = random_contents(random_, 8 * kMiB);
  ASSERT_TRUE(volume->write(kMiB / 2, data, true));
  const NewLayer top = new_layer(2, true);
  ASSERT_TRUE(store->create_snapshots({{snapshot_id(1), volume_id(1), top}}, keys_of({top})));
  ASSERT_TRUE(store->complete_snapshot(snapshot_id(1)));

  disk.set_capacity(8 * kMiB + 100 * 4096);
  ASSERT_TRUE(store->remove_snapshot(snapshot_id(1)));
  // A chunk is the least that a merge needs.
  disk.set_capacity(8 * kMiB);
  EXPECT_EQ(run_jobs(*store).error().kind, ErrorKind::kNoSpace);
  EXPECT_EQ(read_back(*volume, kMiB / 2, data.size()), data);
  disk.set_capacity(8 * kMiB + 3 * kMiB / 2);
  const Status merged = run_jobs(*store);
  EXPECT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(read_back(*volume, kMiB / 2, data.size()), data);
  EXPECT_FALSE(*disk.exists("/volumes/" + layer_id(1)));
  EXPECT_FALSE(disk.holds(wrapped_key_of(layer_id(1))));
}

// Not a byte is free: what the layer above holds itself is given back first.
TEST_F(FaultTest, AMergeOnAFullDiskBeginsWithWhatNobodyReads) {
  constexpr uint64_t kMiB = 1 << 20;
  SimulatedDisk disk(1);
  auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
  ASSERT_TRUE(store->create({volume_id(1), 16 * kMiB, new_layer(1, true), {}, false}));
  auto volume = *store->open(volume_id(1), keys_for(*store, volume_id(1)));
  Bytes data = random_contents(random_, 8 * kMiB);
  ASSERT_TRUE(volume->write(0, data, true));
  const NewLayer top = new_layer(2, true);
  ASSERT_TRUE(store->create_snapshots({{snapshot_id(1), volume_id(1), top}}, keys_of({top})));
  ASSERT_TRUE(store->complete_snapshot(snapshot_id(1)));
  const Bytes newer = random_contents(random_, 2 * kMiB);
  ASSERT_TRUE(volume->write(6 * kMiB, newer, true));
  std::ranges::copy(newer, data.begin() + 6 * kMiB);

  disk.fill_up();
  ASSERT_TRUE(store->remove_snapshot(snapshot_id(1)));
  const Status merged = run_jobs(*store);
  EXPECT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(read_back(*volume, 0, data.size()), data);
  EXPECT_FALSE(*disk.exists("/volumes/" + layer_id(1)));
  EXPECT_TRUE(volume->write(8 * kMiB, newer, true)) << "the space is there again";
}

// A document that could not be begun is no reason to erase nothing.
TEST_F(FaultTest, ASnapshotThatAFullDiskKeepsPendingDoesNotKeepOthersFromGoing) {
  SimulatedDisk disk(1);
  auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
  for (const uint64_t number : {1, 2})
    ASSERT_TRUE(store->create({volume_id(number), 1 << 20, new_layer(number, true), {}, false}));
  const NewLayer top = new_layer(3, true);
  ASSERT_TRUE(store->create_snapshots({{snapshot_id(1), volume_id(1), top}}, {}));
  disk.fill_up();
  ASSERT_EQ(store->complete_snapshot(snapshot_id(1)).error().kind, ErrorKind::kNoSpace);
  const Status removed = store->remove(volume_id(2));
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(disk.holds(wrapped_key_of(layer_id(2))));
  EXPECT_TRUE(store->complete_snapshot(snapshot_id(1))) << "there is room now";
}

}  // namespace
}  // namespace coffer::volume
