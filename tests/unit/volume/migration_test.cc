// SPDX-License-Identifier: Apache-2.0
// Does a data folder of the first form open, keep its contents through a power cut at any moment of its
// migration, and leave its wrapped key nowhere but with its layer? Is a newer one refused in words?
#include <gtest/gtest.h>

#include "base/log.h"
#include "format/volume_manifest_v1.h"
#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 65 << 20;  // two pages of the state map
const Bytes kWrappedKey = to_bytes("the wrapped key of a volume of the first form");
const std::string kFolder = "/volumes/" + kVolumeId;

// A volume of today, its files moved to where the first form had them.
void make_first_form(SimulatedDisk& disk, const Bytes& contents, bool encrypted) {
  NewVolume wanted = new_volume(kSize, encrypted);
  {
    auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
    ASSERT_TRUE(store->create(wanted));
    auto volume = *open_volume(*store, encrypted);
    ASSERT_TRUE(volume->write(3000, contents, false));
    ASSERT_TRUE(volume->write((64 << 20) - 5000, contents, false));
    ASSERT_TRUE(volume->flush());
  }
  const std::string layer = "/volumes/" + kLayerId;
  ASSERT_TRUE(disk.rename(layer + "/data.000", kFolder + "/" + kLayerId + ".000"));
  ASSERT_TRUE(disk.rename(layer + "/map", kFolder + "/" + kLayerId + ".map"));
  ASSERT_TRUE(disk.remove(layer + "/record"));
  ASSERT_TRUE(!encrypted || disk.remove(layer + "/key"));
  ASSERT_TRUE(disk.remove(layer));
  ASSERT_TRUE(disk.remove(kFolder + "/volume"));
  format::VolumeManifestV1 manifest{kVolumeId, kSize, 2, kHostId, {{kLayerId, std::nullopt}}};
  if (encrypted) manifest.layers[0].wrapped_key = kWrappedKey;
  ASSERT_TRUE(replace_file(disk, kFolder + "/manifest", format::write_manifest_v1(manifest)));
  ASSERT_TRUE(disk.flush_all("/"));
}

void check(VolumeStore& store, const Bytes& contents, bool encrypted) {
  EXPECT_EQ(*store.list(), std::vector<std::string>{kVolumeId});
  EXPECT_EQ(store.information(kVolumeId)->size_bytes, kSize);
  EXPECT_EQ(store.information(kVolumeId)->layer_id, kLayerId);
  if (encrypted) {
    const auto layers = *store.layers_of(kVolumeId);
    ASSERT_EQ(layers.size(), 1u);
    EXPECT_EQ(layers[0].wrapped_key, kWrappedKey);
    EXPECT_EQ(layers[0].key_context, kVolumeId);
  }
  auto volume = open_volume(store, encrypted);
  ASSERT_TRUE(volume) << volume.error().message;
  EXPECT_EQ(read_back(**volume, 3000, contents.size()), contents);
  EXPECT_EQ(read_back(**volume, (64 << 20) - 5000, contents.size()), contents);
  EXPECT_EQ(read_back(**volume, 1 << 20, 4096), Bytes(4096));
}

class MigrationTest : public testing::TestWithParam<bool> {
 protected:
  std::mt19937_64 random_{3};
  const Bytes contents_ = random_contents(random_, 30000);
};
INSTANTIATE_TEST_SUITE_P(Plain, MigrationTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, MigrationTest, testing::Values(true));

TEST_P(MigrationTest, KeepsItAllThroughAPowerCutAtAnyOperation) {
  set_log_level(LogLevel::kError);
  bool cut = true;
  uint64_t cuts = 0;
  for (uint64_t operation = 1; cut; ++operation) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      SimulatedDisk disk(seed * 1000 + operation);
      make_first_form(disk, contents_, GetParam());
      if (HasFatalFailure()) return;
      disk.count_from_here();
      disk.cut_power_at(operation);
      const bool opened = VolumeStore::open_store(disk, "/volumes", kHostId).has_value();
      cut = disk.power_is_off();
      ASSERT_EQ(opened, !cut);
      cuts += cut;
      disk.restart();
      if (cut && seed % 2 == 1) {  // and again
        disk.cut_power_at(1 + (operation * 7 + seed) % 40);
        (void)VolumeStore::open_store(disk, "/volumes", kHostId);
        disk.restart();
      }
      SCOPED_TRACE(testing::Message() << "operation " << operation << ", seed " << seed);
      auto store = VolumeStore::open_store(disk, "/volumes", kHostId);
      ASSERT_TRUE(store) << store.error().message;
      check(**store, contents_, GetParam());
      if (HasFailure()) return;
      // Where it stands now, and nowhere else: erased with the volume, it is gone.
      ASSERT_EQ(disk.holds(kWrappedKey), GetParam());
      ASSERT_TRUE((*store)->remove(kVolumeId));
      ASSERT_FALSE(disk.holds(kWrappedKey));
    }
  }
  EXPECT_GT(cuts, 100u);
}

TEST_P(MigrationTest, HappensOnceAndTheNextStartFindsTodaysForm) {
  SimulatedDisk disk(1);
  make_first_form(disk, contents_, GetParam());
  for (int i = 0; i < 3; ++i)
    check(**VolumeStore::open_store(disk, "/volumes", kHostId), contents_, GetParam());
  EXPECT_FALSE(*disk.exists(kFolder + "/manifest"));
  EXPECT_TRUE(*disk.exists(kFolder + "/volume"));
  EXPECT_EQ(disk.list(kFolder)->size(), 1u);
}

TEST_P(MigrationTest, ANewerFormIsRefusedInWordsAndNothingIsErased) {
  for (const std::string name : {"volume", "manifest"}) {
    SimulatedDisk disk(1);
    make_first_form(disk, contents_, GetParam());
    if (name == "volume") (void)VolumeStore::open_store(disk, "/volumes", kHostId);
    const std::string path = kFolder + "/" + name;
    const Bytes manifest = *read_file(disk, path);
    Bytes newer = manifest;
    newer[8] += 1;
    ASSERT_TRUE(replace_file(disk, path, newer));
    {
      auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
      const auto opened = open_volume(*store, GetParam());
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().kind, ErrorKind::kTooNew) << opened.error().message;
      EXPECT_NE(opened.error().message.find("version"), std::string::npos) << opened.error().message;
      EXPECT_FALSE(store->remove(kVolumeId));
    }
    ASSERT_TRUE(replace_file(disk, path, manifest));
    check(**VolumeStore::open_store(disk, "/volumes", kHostId), contents_, GetParam());
  }
}

}  // namespace
}  // namespace coffer::volume
