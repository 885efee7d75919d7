// SPDX-License-Identifier: Apache-2.0
// Do volumes and snapshots on real files stay the same as arrays of bytes, through random I/O, snapshots,
// clones, copies, re-keys, growth, merges, deletions and reopens? COFFER_OPERATIONS: how many (default: two
// seconds' worth). COFFER_SEED: of the workload.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/unit/volume/store_fixture.h"

namespace coffer::volume {
namespace {

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Expected {
  Bytes bytes;
  bool encrypted = false;
  bool complete = true;
  bool copy = false;  // that is not done
};

class RandomTreeTest : public StoreFixture {
 protected:
  static constexpr uint64_t kVolumeSize = 1 << 20, kMostVolumes = 4, kMostSnapshots = 6;
  RandomTreeTest() : StoreFixture("/dev/shm") {}  // a million operations; what crashes do is asked elsewhere

  using All = std::map<uint64_t, Expected>;
  All::iterator any(All& all) {
    auto at = all.begin();
    if (!all.empty()) std::advance(at, random_() % all.size());
    return at;
  }

  void operate() {
    const uint64_t what = random_() % 400;
    if (what < 330) return transfer();
    if (what < 340) return snapshot();
    if (what < 350) return (void)complete();
    if (what < 357) return remove_snapshot();
    if (what < 361) return create_volume();
    if (what < 363) return remove_volume();
    if (what < 367) return copy();
    if (what < 369) return rekey();
    if (what < 371) return grow();
    if (what < 374) return reopen();
    if (what < 375) return check_blocks();
    step();
  }

  void transfer() {
    const auto at = any(volumes_expected_);
    if (at == volumes_expected_.end()) return create_volume();
    auto& [number, volume] = *at;
    const uint64_t size = volume.bytes.size();
    uint64_t offset = random_() % size;
    uint64_t length = 1 + random_() % std::min<uint64_t>(size - offset, random_() % 8 == 0 ? 300000 : 20000);
    if (random_() % 3 == 0) {
      offset &= ~uint64_t{4095};
      length = std::min(size - offset, (length + 4095) & ~uint64_t{4095});
    }
    const auto begin = volume.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    Volume& device = *open(number);
    const bool durable = random_() % 32 == 0;
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2: {
        const Bytes data(length, static_cast<uint8_t>(random_()));
        ASSERT_TRUE(device.write(offset, data, durable));
        std::copy(data.begin(), data.end(), begin);
        break;
      }
      case 3: {
        ASSERT_TRUE(device.discard(offset, length, durable));
        const uint64_t first = (offset + 4095) & ~uint64_t{4095}, stop = (offset + length) & ~uint64_t{4095};
        if (first < stop)
          std::fill(volume.bytes.begin() + static_cast<std::ptrdiff_t>(first),
                    volume.bytes.begin() + static_cast<std::ptrdiff_t>(stop), 0);
        break;
      }
      case 4:
        ASSERT_TRUE(device.write_zeroes(offset, length, random_() % 2 == 0, durable));
        std::fill(begin, end, 0);
        break;
      case 5:
        ASSERT_TRUE(random_() % 4 != 0 || device.flush());
        break;
      case 6: {
        const auto extent = *device.extent(offset, length);
        ASSERT_TRUE(extent.length > 0 && extent.length <= length);
        ASSERT_TRUE(!extent.zero || std::count(begin, begin + static_cast<std::ptrdiff_t>(extent.length),
                                               0) == std::ptrdiff_t(extent.length));
        break;
      }
      default:
        ASSERT_EQ(read_back(device, offset, length), Bytes(begin, end)) << volume_id(number);
    }
  }

  void snapshot() {
    if (snapshots_.size() + volumes_expected_.size() > kMostSnapshots + 1) return;
    std::vector<NewSnapshot> wanted;
    LayerKeys keys;
    const bool all = random_() % 3 == 0;
    for (const auto& [number, volume] : volumes_expected_) {
      if (!all && !wanted.empty()) break;
      wanted.push_back({snapshot_id(next_), volume_id(number), new_layer(next_, volume.encrypted)});
      if (volume.encrypted) keys.push_back(key_of(wanted.back().new_top.layer_id));
      snapshots_[next_++] = {volume.bytes, volume.encrypted, false, false};
    }
    ASSERT_TRUE(store_->create_snapshots(wanted, keys));
  }
  All::iterator complete() {
    const auto at = any(snapshots_);
    if (at == snapshots_.end() || at->second.copy) return snapshots_.end();
    EXPECT_TRUE(store_->complete_snapshot(snapshot_id(at->first)));
    at->second.complete = true;
    return at;
  }
  void remove_snapshot() {
    const auto at = any(snapshots_);
    if (at == snapshots_.end()) return;
    jobs_.clear();
    ASSERT_TRUE(store_->remove_snapshot(snapshot_id(at->first)));
    snapshots_.erase(at);
  }
  void create_volume() {
    if (volumes_expected_.size() >= kMostVolumes) return;
    Expected volume{Bytes(kVolumeSize), random_() % 3 != 0};
    std::string base;
    if (random_() % 4 != 0)
      if (const auto at = complete(); at != snapshots_.end()) {
        volume.bytes = at->second.bytes;
        volume.encrypted = volume.encrypted || at->second.encrypted;
        base = snapshot_id(at->first);
      }
    ASSERT_TRUE(store_->create({volume_id(next_), volume.bytes.size(), new_layer(next_, volume.encrypted),
                                base, random_() % 2 == 0}));
    volumes_expected_[next_++] = std::move(volume);
  }
  void remove_volume() {
    const auto at = any(volumes_expected_);
    if (volumes_expected_.size() < 2) return;
    ASSERT_TRUE(open(at->first)->flush());
    volumes_.erase(at->first);
    ASSERT_TRUE(store_->remove(volume_id(at->first)));
    volumes_expected_.erase(at);
  }
  void copy() {
    if (snapshots_.size() >= kMostSnapshots) return;
    const auto at = complete();
    if (at == snapshots_.end()) return;
    const bool encrypted = at->second.encrypted || random_() % 2 == 0;
    ASSERT_TRUE(store_->create_detached_snapshot({snapshot_id(next_),
                                                  at->second.bytes.size(),
                                                  new_layer(next_, encrypted),
                                                  snapshot_id(at->first),
                                                  {}}));
    snapshots_[next_++] = {at->second.bytes, encrypted, false, true};
  }
  void rekey() {
    const auto at = any(volumes_expected_);
    if (at == volumes_expected_.end()) return;
    const NewLayer layer = new_layer(next_++, true);
    ASSERT_TRUE(store_->rekey(volume_id(at->first), layer, keys_of({layer})));
    at->second.encrypted = true;
  }
  void grow() {
    const auto at = any(volumes_expected_);
    if (at == volumes_expected_.end() || at->second.bytes.size() > 2 * kVolumeSize) return;
    at->second.bytes.resize(at->second.bytes.size() + 4096 * (1 + random_() % 40));
    ASSERT_TRUE(store_->grow(volume_id(at->first), at->second.bytes.size()));
  }
  void reopen() {
    if (random_() % 4 != 0) {
      const auto at = any(volumes_expected_);
      if (at == volumes_expected_.end()) return;
      ASSERT_TRUE(open(at->first)->flush());
      volumes_.erase(at->first);
      return;
    }
    for (const auto& [number, volume] : volumes_) ASSERT_TRUE(volume->flush());
    for (auto& [number, expected] : snapshots_)
      if (!expected.copy) {
        ASSERT_TRUE(store_->complete_snapshot(snapshot_id(number)));
        expected.complete = true;
      }
    jobs_.clear();
    restart();
  }
  void check_blocks() {
    const auto one = any(snapshots_), other = any(snapshots_);
    if (one == snapshots_.end() || one->second.copy || other->second.copy) return;
    const auto blocks = *store_->list_blocks(snapshot_id(one->first), snapshot_id(other->first), 0, 1000);
    Bytes before = other->second.bytes;
    const Bytes& after = one->second.bytes;
    before.resize(after.size());
    for (uint64_t at = 0; at < after.size(); ++at)
      ASSERT_TRUE(before[at] == after[at] ||
                  std::ranges::find(blocks, at / kSnapshotBlockSize) != blocks.end())
          << at;
  }
  void step() {
    const auto pending = store_->pending_jobs();
    if (jobs_.size() < 2 && !pending.empty()) {
      const std::string subject = pending[random_() % pending.size()].subject_id;
      auto job =
          store_->open_job(subject, keys_for(*store_, subject), {uint64_t{4096} << random_() % 6, 65536});
      if (job) jobs_.emplace_back(subject, std::move(*job));
      ASSERT_TRUE(job || job.error().kind == ErrorKind::kConflict) << job.error().message;
    }
    if (jobs_.empty()) return;
    const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(random_() % jobs_.size());
    const auto progress = at->second->step();
    ASSERT_TRUE(progress) << progress.error().message;
    if (progress->done)
      for (auto& [number, expected] : snapshots_)
        if (snapshot_id(number) == at->first) expected.copy = false, expected.complete = true;
    if (progress->done || random_() % 32 == 0) jobs_.erase(at);
  }

  void check_all() {
    for (const auto& [number, expected] : volumes_expected_)
      ASSERT_EQ(contents(number), expected.bytes) << number;
    for (const auto& [number, expected] : snapshots_)
      ASSERT_TRUE(expected.copy || snapshot_contents(number) == expected.bytes) << snapshot_id(number);
  }

  All volumes_expected_, snapshots_;
  std::vector<std::pair<std::string, std::unique_ptr<Job>>> jobs_;
  uint64_t next_ = 1;
};
INSTANTIATE_TEST_SUITE_P(Mixed, RandomTreeTest, testing::Values(true));

TEST_P(RandomTreeTest, KeepsWhatArraysOfBytesKeep) {
  const uint64_t seed = number_from_environment("COFFER_SEED", 1);
  const uint64_t operations = number_from_environment("COFFER_OPERATIONS", 4000);
  std::cout << "seed " << seed << ", " << operations << " operations\n";
  random_.seed(seed);
  for (uint64_t i = 0; i < operations; ++i) {
    operate();
    if (i % 500 == 499) check_all();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", operation " << i;
  }
  jobs_.clear();
  ASSERT_TRUE(run_jobs(*store_));
  for (auto& [number, expected] : snapshots_) expected.copy = false;
  check_all();
}

}  // namespace
}  // namespace coffer::volume
