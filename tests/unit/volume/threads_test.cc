// SPDX-License-Identifier: Apache-2.0
// Do real threads that read, write, flush, snapshot, merge, copy, re-key, grow and detach at once agree about
// what is there? Built with the thread sanitizer, it also asks for data races (long/tsan). COFFER_SECONDS:
// how long (default 1).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "tests/unit/volume/store_fixture.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kWriters = 3, kVolumes = 2;
constexpr uint64_t kShare = (2 << 20) - 4096 * 3;  // of a volume, for each writer; chunks are shared

class ThreadsTest : public StoreFixture {
 protected:
  struct Shared {
    WriterFirstMutex gate;  // held shared to use the device, exclusively to detach it
    std::shared_ptr<Volume> device;
  };

  // One thread's part of one volume.
  void write_and_read(uint64_t volume, uint64_t writer) {
    std::mt19937_64 random(volume * 100 + writer);
    Bytes expected(kShare);
    const uint64_t base = writer * kShare;
    while (!stop_) {
      const std::shared_lock gate(volumes_of_[volume].gate);
      Volume& device = *volumes_of_[volume].device;
      const uint64_t offset = random() % kShare,
                     length = 1 + random() % std::min<uint64_t>(kShare - offset, 40000);
      const auto at = expected.begin() + static_cast<std::ptrdiff_t>(offset);
      const auto end = at + static_cast<std::ptrdiff_t>(length);
      switch (random() % 8) {
        case 0:
          require(device.flush(), "flush");
          break;
        case 1:
          require(device.write_zeroes(base + offset, length, random() % 2 == 0, false), "zeroes");
          std::fill(at, end, 0);
          break;
        case 2: {
          const auto extent = device.extent(base + offset, length);
          require(extent ? Status() : tl::unexpected(extent.error()), "extent");
          break;
        }
        case 3:
        case 4: {
          Bytes got(length);
          require(device.read(base + offset, got), "read");
          if (!std::equal(at, end, got.begin())) complain("a read differs");
          break;
        }
        default: {
          const Bytes data = random_contents(random, length);
          require(device.write(base + offset, data, random() % 16 == 0), "write");
          std::copy(data.begin(), data.end(), at);
        }
      }
      ++operations_;
    }
    const std::shared_lock gate(volumes_of_[volume].gate);
    Bytes got(kShare);
    require(volumes_of_[volume].device->read(base, got), "read");
    if (got != expected) complain("the end differs");
  }

  void manage() {
    std::mt19937_64 random(7);
    std::vector<uint64_t> snapshots;
    while (!stop_) {
      const uint64_t volume = random() % kVolumes, number = next_++;
      switch (random() % 8) {
        case 0:
        case 1: {
          std::vector<NewSnapshot> wanted;
          LayerKeys keys;
          for (uint64_t i = 0; i < kVolumes; ++i) {
            const NewLayer top = new_layer(1000 + next_, true);
            wanted.push_back({snapshot_id(next_), volume_id(i + 1), top});
            keys.push_back(key_of(top.layer_id));
            snapshots.push_back(next_++);
          }
          require(store_->create_snapshots(wanted, keys), "snapshot");
          require(store_->complete_snapshot(wanted[0].snapshot_id), "complete");
          require(store_->complete_snapshot(wanted[1].snapshot_id), "complete");
          break;
        }
        case 2:
        case 3:
          if (snapshots.empty()) break;
          std::swap(snapshots[random() % snapshots.size()], snapshots.back());
          require(store_->remove_snapshot(snapshot_id(snapshots.back())), "remove");
          snapshots.pop_back();
          break;
        case 4: {
          const NewLayer layer = new_layer(1000 + number, true);
          if (random() % 3 == 0)
            require(store_->rekey(volume_id(volume + 1), layer, keys_of({layer})), "rekey");
          break;
        }
        case 5:
          require(store_->grow(volume_id(volume + 1),
                               store_->information(volume_id(volume + 1))->size_bytes + (8 << 20)),
                  "grow");
          break;
        case 6: {
          if (snapshots.empty()) break;
          const std::string source = snapshot_id(snapshots[random() % snapshots.size()]);
          for (const SnapshotState& state : snapshots_now())
            if (state.snapshot_id == source && state.complete)
              require(
                  store_->create_detached_snapshot(
                      {snapshot_id(number), state.size_bytes, new_layer(1000 + number, true), source, {}}),
                  "copy"),
                  snapshots.push_back(number);
          break;
        }
        default: {  // detach and attach again
          Shared& shared = volumes_of_[volume];
          const std::unique_lock gate(shared.gate);
          require(shared.device->flush(), "flush");
          shared.device.reset();
          attach(volume);
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  void work() {
    while (!stop_) {
      bool idle = true;
      for (const PendingJob& pending : store_->pending_jobs()) {
        auto job = store_->open_job(pending.subject_id, keys_for(*store_, pending.subject_id),
                                    {256 << 10, 512 << 10});
        if (!job) continue;  // another works there, or it went away
        for (idle = false; !stop_;) {
          const auto progress = (*job)->step();
          require(progress ? Status() : tl::unexpected(progress.error()), "step");
          if (!progress || progress->done) break;
        }
        if (!stop_) ++jobs_;
      }
      if (idle) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // A snapshot reads the same each time.
  void read_snapshots() {
    while (!stop_) {
      const auto states = snapshots_now();
      for (const SnapshotState& state : states) {
        const auto access = store_->open_snapshot(state.snapshot_id, keys_for(*store_, state.snapshot_id));
        if (!access || !state.complete) continue;
        Bytes first(512 << 10), second(512 << 10);
        const bool read = (*access)->read(1 << 20, first).has_value();
        std::this_thread::yield();
        if (read && (*access)->read(1 << 20, second) && first != second) complain("a snapshot changed");
        (void)store_->list_blocks(state.snapshot_id, "", 0, 100);
      }
    }
  }

  std::vector<SnapshotState> snapshots_now() {
    auto states = store_->snapshots();
    return states ? std::move(*states) : std::vector<SnapshotState>();
  }
  void attach(uint64_t volume) {
    auto opened = store_->open(volume_id(volume + 1), keys_for(*store_, volume_id(volume + 1)));
    require(opened ? Status() : tl::unexpected(opened.error()), "open");
    volumes_of_[volume].device = std::move(*opened);
  }
  void require(const Status& status, const std::string& what) {
    if (!status) complain(what + ": " + status.error().message);
  }
  void complain(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (complaint_.empty()) complaint_ = what;
    stop_ = true;
  }

  std::array<Shared, kVolumes> volumes_of_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> operations_ = 0, jobs_ = 0;
  uint64_t next_ = 1;  // of the managing thread
  std::mutex mutex_;
  std::string complaint_;
};
INSTANTIATE_TEST_SUITE_P(Encrypted, ThreadsTest, testing::Values(true));

TEST_P(ThreadsTest, AgreeWhateverGoesOnAtOnce) {
  const char* seconds = std::getenv("COFFER_SECONDS");
  for (uint64_t volume = 0; volume < kVolumes; ++volume) {
    create(volume + 1);
    attach(volume);
  }
  std::vector<std::thread> threads;
  for (uint64_t volume = 0; volume < kVolumes; ++volume)
    for (uint64_t writer = 0; writer < kWriters; ++writer)
      threads.emplace_back([=, this] { write_and_read(volume, writer); });
  threads.emplace_back([this] { manage(); });
  threads.emplace_back([this] { work(); });
  threads.emplace_back([this] { work(); });
  threads.emplace_back([this] { read_snapshots(); });
  for (int64_t left = 100 * (seconds == nullptr ? 1 : std::strtol(seconds, nullptr, 10)); left > 0 && !stop_;
       --left)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  stop_ = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(complaint_, "");
  EXPECT_GT(operations_, 10u);
  EXPECT_GT(next_, 10u);
  std::cout << operations_ << " operations, " << next_ << " changes, " << jobs_ << " jobs\n";
  for (Shared& shared : volumes_of_) shared.device.reset();
}

}  // namespace
}  // namespace coffer::volume
