// SPDX-License-Identifier: Apache-2.0
// Are volumes created, listed, opened and deleted as the header says, and damaged ones refused?
#include "volume/volume_store.h"

#include <gtest/gtest.h>

#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 1 << 20;

class VolumeStoreTest : public testing::Test {
 protected:
  Bytes file(const std::string& name) { return *read_file(disk_, path(name)); }
  std::string path(const std::string& name) {
    return "/volumes/" + (name == "volume" ? kVolumeId : kLayerId) + "/" + name;
  }
  void restart() { store_ = *VolumeStore::open_store(disk_, "/volumes", kHostId); }
  ErrorKind open_error(bool encrypted = true) {
    const auto opened = open_volume(*store_, encrypted);
    return opened ? ErrorKind::kInternal : opened.error().kind;
  }

  SimulatedDisk disk_{1};
  std::unique_ptr<VolumeStore> store_ = *VolumeStore::open_store(disk_, "/volumes", kHostId);
};

TEST_F(VolumeStoreTest, CreatingTwiceIsOnceAndAnotherLayerIsAConflict) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  EXPECT_TRUE(store_->create(new_volume(kSize, true)));
  NewVolume other = new_volume(kSize, true);
  other.layer.layer_id = "layer-11111111111111111";
  EXPECT_EQ(store_->create(other).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(*store_->list(), std::vector<std::string>{kVolumeId});
  EXPECT_EQ(store_->layers_of(kVolumeId)->at(0).wrapped_key, new_volume(kSize, true).layer.wrapped_key);
}

TEST_F(VolumeStoreTest, RefusesIdsThatAreNoneAndSizesThatAreNoVolumes) {
  for (const std::string id :
       {"", "vol-", "../vol-0123456789abcdef0", "vol-0123456789abcdef0/x", "layer-0"}) {
    NewVolume volume = new_volume(kSize, true);
    volume.volume_id = id;
    EXPECT_EQ(store_->create(volume).error().kind, ErrorKind::kInvalidArgument) << id;
    EXPECT_EQ(store_->remove(id).error().kind, ErrorKind::kInvalidArgument) << id;
    EXPECT_EQ(store_->information(id).error().kind, ErrorKind::kInvalidArgument) << id;
  }
  for (const uint64_t size : {uint64_t{0}, kSize + 1, kLargestVolume + 4096})
    EXPECT_EQ(store_->create(new_volume(size, true)).error().kind, ErrorKind::kInvalidArgument) << size;
}

TEST_F(VolumeStoreTest, DeletingIsIdempotentAndMakesRoomForTheSameId) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  ASSERT_TRUE(store_->remove(kVolumeId));
  EXPECT_TRUE(store_->remove(kVolumeId));
  EXPECT_EQ(open_error(), ErrorKind::kNotFound);
  EXPECT_TRUE(store_->create(new_volume(kSize, false)));
  EXPECT_TRUE(open_volume(*store_, false));
}

TEST_F(VolumeStoreTest, WantsExactlyTheKeysThatTheLayersNeed) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  EXPECT_EQ(open_error(false), ErrorKind::kInvalidArgument);
  std::vector<LayerKey> short_key;
  short_key.push_back({kLayerId, secret::SecretBytes(32)});
  EXPECT_FALSE(store_->open(kVolumeId, short_key));
  EXPECT_TRUE(open_volume(*store_, true));
  ASSERT_TRUE(store_->remove(kVolumeId));
  ASSERT_TRUE(store_->create(new_volume(kSize, false)));
  EXPECT_TRUE(open_volume(*store_, false));
}

// A record that lost its cipher must not turn an encrypted volume into one that takes plaintext.
TEST_F(VolumeStoreTest, RefusesARecordThatDoesNotFitTheLayer) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  auto record = *format::parse_layer_record(file("record"));
  record.cipher = format::LayerCipher::kNone;
  ASSERT_TRUE(replace_file(disk_, path("record"), format::write_layer_record(record)));
  restart();
  EXPECT_EQ(open_error(false), ErrorKind::kCorrupt);
}

TEST_F(VolumeStoreTest, RefusesADamagedManifestAndErasesNothingMeanwhile) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  const Bytes manifest = file("volume");
  Bytes damaged = manifest;
  damaged[20] ^= 1;
  ASSERT_TRUE(replace_file(disk_, path("volume"), damaged));
  restart();
  EXPECT_EQ(open_error(), ErrorKind::kCorrupt);
  EXPECT_EQ(store_->create(new_volume(kSize, true)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(*store_->list(), std::vector<std::string>{kVolumeId});
  EXPECT_EQ(store_->remove(kVolumeId).error().kind, ErrorKind::kCorrupt);
  ASSERT_TRUE(replace_file(disk_, path("volume"), manifest));
  restart();
  EXPECT_EQ(open_error(), ErrorKind::kInternal) << "mended";
}

TEST_F(VolumeStoreTest, KeepsALayerWhoseRecordWasLostAndAVolumeStandsOn) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  const Bytes record = file("record");
  ASSERT_TRUE(disk_.remove(path("record")));
  restart();
  EXPECT_EQ(open_error(), ErrorKind::kCorrupt);
  ASSERT_TRUE(replace_file(disk_, path("record"), record));
  restart();
  EXPECT_EQ(open_error(), ErrorKind::kInternal) << "mended";
}

TEST_F(VolumeStoreTest, RefusesADamagedHeaderAndATruncatedDataFile) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  const Bytes map = file("map");
  Bytes damaged = map;
  damaged[30] ^= 1;
  ASSERT_TRUE(replace_file(disk_, path("map"), damaged));
  EXPECT_EQ(open_error(), ErrorKind::kCorrupt);
  ASSERT_TRUE(replace_file(disk_, path("map"), map));
  ASSERT_TRUE((*disk_.open(path("data.000"), {}))->truncate(kSize - 4096));
  EXPECT_EQ(open_error(), ErrorKind::kCorrupt);
  EXPECT_TRUE(store_->remove(kVolumeId));
}

TEST_F(VolumeStoreTest, EachOpeningHasAHigherEpoch) {
  ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  const auto epoch = [&] {
    return format::parse_layer_header(ByteView(file("map")).first(format::kLayerHeaderSize))->epoch;
  };
  const uint64_t created = epoch();
  ASSERT_TRUE(open_volume(*store_, true));
  EXPECT_EQ(epoch(), created + 1);
  ASSERT_TRUE(open_volume(*store_, true));
  EXPECT_EQ(epoch(), created + 2);
}

}  // namespace
}  // namespace coffer::volume
