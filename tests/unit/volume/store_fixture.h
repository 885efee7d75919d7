// SPDX-License-Identifier: Apache-2.0
// A store on real files, and what its tests do over and over.
#pragma once
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/unit/volume/temporary_folder.h"
#include "tests/unit/volume/test_store.h"

namespace coffer::volume {

class StoreFixture : public testing::TestWithParam<bool> {
 protected:
  explicit StoreFixture(const std::filesystem::path& parent = std::filesystem::temp_directory_path())
      : folder_(parent) {}
  static constexpr uint64_t kSize = 6 << 20;

  void SetUp() override {
    set_log_level(LogLevel::kError);
    restart();
  }
  void restart() {
    volumes_.clear();
    auto store = VolumeStore::open_store(system_disk(), folder_.path(), kHostId);
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
  }

  // The first layer's number is the volume's.
  void create(uint64_t volume) {
    ASSERT_TRUE(store_->create({volume_id(volume), kSize, new_layer(volume, GetParam()), {}, false}));
  }
  Status clone(uint64_t volume, uint64_t snapshot, uint64_t layer, uint64_t size = kSize) {
    return store_->create(
        {volume_id(volume), size, new_layer(layer, GetParam()), snapshot_id(snapshot), false});
  }
  void snapshot(uint64_t snapshot, uint64_t volume, uint64_t new_top, bool encrypted) {
    const NewLayer top = new_layer(new_top, encrypted);
    const Status made =
        store_->create_snapshots({{snapshot_id(snapshot), volume_id(volume), top}}, keys_of({top}));
    ASSERT_TRUE(made) << made.error().message;
  }
  void snapshot(uint64_t number, uint64_t volume, uint64_t new_top) {
    snapshot(number, volume, new_top, GetParam());
  }

  std::shared_ptr<Volume> open(uint64_t volume) {
    auto& device = volumes_[volume];
    if (!device) {
      auto opened = store_->open(volume_id(volume), keys_for(*store_, volume_id(volume)));
      EXPECT_TRUE(opened) << opened.error().message;
      if (opened) device = std::move(*opened);
    }
    return device;
  }
  Bytes contents(uint64_t volume) { return read_back(*open(volume), 0, open(volume)->size()); }
  Bytes snapshot_contents(uint64_t snapshot) {
    const auto access =
        store_->open_snapshot(snapshot_id(snapshot), keys_for(*store_, snapshot_id(snapshot)));
    if (!access) return to_bytes(access.error().message);
    Bytes bytes((*access)->size(), 0xee);
    const Status read = (*access)->read(0, bytes);
    return read ? bytes : to_bytes(read.error().message);
  }
  void write_somewhere(uint64_t volume) {
    const uint64_t size = open(volume)->size(), offset = random_() % size;
    const Bytes data = random_contents(random_, 1 + random_() % std::min<uint64_t>(size - offset, 100000));
    ASSERT_TRUE(open(volume)->write(offset, data, random_() % 8 == 0));
  }

  void discard_somewhere(uint64_t volume) {
    const uint64_t size = open(volume)->size(), offset = random_() % size;
    ASSERT_TRUE(open(volume)->discard(offset, std::min<uint64_t>(size - offset, 300 << 10), false));
  }

  // Whether these bytes are in any file of the store.
  bool stored(ByteView wanted) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_regular_file()) continue;
      const Bytes bytes = *read_file(system_disk(), entry.path().string(), 1 << 30);
      if (std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end()) return true;
    }
    return false;
  }
  bool layer_exists(uint64_t number) {
    return std::filesystem::exists(folder_.path() + "/" + layer_id(number));
  }

  TemporaryFolder folder_;
  std::unique_ptr<VolumeStore> store_;
  std::map<uint64_t, std::shared_ptr<Volume>> volumes_;
  std::mt19937_64 random_{11};
};

}  // namespace coffer::volume
