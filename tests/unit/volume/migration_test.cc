// SPDX-License-Identifier: Apache-2.0
// Does a volume of the first data folders (docs/format/manifest.md) survive being brought to today's form,
// wherever the power is cut?
#include <gtest/gtest.h>

#include "format/volume_manifest_v1.h"
#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 3 << 20;
const std::string kFolder = "/volumes/" + kVolumeId, kLayerFolder = "/volumes/" + kLayerId;

Status copy_file(Disk& disk, const std::string& from, const std::string& to) {
  COFFER_TRY(contents, read_file(disk, from));
  COFFER_TRY(file, disk.open(to, {.create = true}));
  COFFER_CHECK(file->write(0, contents));
  return file->flush();
}

// A volume as the first releases left it: made by this one, and put where they put it.
Status make_first_form(Disk& disk, bool encrypted, ByteView contents) {
  {
    COFFER_TRY(store, VolumeStore::open_store(disk, "/volumes", kHostId));
    COFFER_CHECK(disk.flush_directory("/"));
    COFFER_CHECK(store->create(new_volume(kSize, encrypted)));
    COFFER_TRY(volume, open_volume(*store, encrypted));
    COFFER_CHECK(volume->write(8192, contents, true));
  }
  COFFER_CHECK(copy_file(disk, kLayerFolder + "/data.000", kFolder + "/" + kLayerId + ".000"));
  COFFER_CHECK(copy_file(disk, kLayerFolder + "/map", kFolder + "/" + kLayerId + ".map"));
  COFFER_TRY(names, disk.list(kLayerFolder));
  for (const std::string& name : names) {
    // The disk remembers what lies in files that are gone.
    if (name == "key") {
      COFFER_TRY(key, disk.open(kLayerFolder + "/key", {}));
      COFFER_CHECK(key->write(0, Bytes(1024)));
      COFFER_CHECK(key->flush());
    }
    COFFER_CHECK(disk.remove(kLayerFolder + "/" + name));
  }
  COFFER_CHECK(disk.flush_directory(kLayerFolder));
  COFFER_CHECK(disk.remove(kLayerFolder));
  COFFER_CHECK(disk.remove(kFolder + "/volume"));
  format::VolumeManifestV1 manifest{kVolumeId, kSize, 1, kHostId, {{kLayerId, std::nullopt}}};
  manifest.layers[0].wrapped_key = new_volume(kSize, encrypted).layer.wrapped_key;
  COFFER_CHECK(replace_file(disk, kFolder + "/manifest", format::write_manifest_v1(manifest)));
  return disk.flush_directory("/volumes");
}

class MigrationTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Plain, MigrationTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, MigrationTest, testing::Values(true));

TEST_P(MigrationTest, KeepsContentsKeyAndSize) {
  SimulatedDisk disk(1);
  std::mt19937_64 random(1);
  const Bytes contents = random_contents(random, 20000);
  ASSERT_TRUE(make_first_form(disk, GetParam(), contents));
  const auto store = *VolumeStore::open_store(disk, "/volumes", kHostId);
  EXPECT_EQ(store->information(kVolumeId)->size_bytes, kSize);
  const auto layers = *store->layers_of(kVolumeId);
  ASSERT_EQ(layers.size(), GetParam() ? 1u : 0u);
  if (GetParam()) {
    EXPECT_EQ(layers[0].wrapped_key, new_volume(kSize, true).layer.wrapped_key);
    EXPECT_EQ(layers[0].key_context, kVolumeId);
    // The wrapped key is where it will be erased, and nowhere else: the positive control, then the claim.
    const Bytes wrapped = *layers[0].wrapped_key;
    EXPECT_TRUE(disk.holds(wrapped));
    ASSERT_TRUE(store->remove(kVolumeId));
    EXPECT_FALSE(disk.holds(wrapped));
  } else {
    EXPECT_EQ(read_back(**open_volume(*store, false), 8192, contents.size()), contents);
  }
}

TEST_P(MigrationTest, SurvivesAPowerCutAtEveryOperation) {
  uint64_t cuts = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    for (uint64_t operation = 1;; ++operation) {
      SimulatedDisk disk(seed * 1000 + operation);
      std::mt19937_64 random(seed);
      const Bytes contents = random_contents(random, 20000);
      ASSERT_TRUE(make_first_form(disk, GetParam(), contents));
      disk.count_from_here();
      disk.cut_power_at(operation);
      (void)VolumeStore::open_store(disk, "/volumes", kHostId);
      if (!disk.power_is_off()) break;
      disk.restart();
      ++cuts;
      const auto store = VolumeStore::open_store(disk, "/volumes", kHostId);
      ASSERT_TRUE(store) << store.error().message << ", seed " << seed << ", operation " << operation;
      const auto volume = open_volume(**store, GetParam());
      ASSERT_TRUE(volume) << volume.error().message << ", seed " << seed << ", operation " << operation;
      ASSERT_EQ(read_back(**volume, 8192, contents.size()), contents)
          << "seed " << seed << ", operation " << operation;
    }
  }
  EXPECT_GT(cuts, 50u);
}

}  // namespace
}  // namespace coffer::volume
