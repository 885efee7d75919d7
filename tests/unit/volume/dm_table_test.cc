// SPDX-License-Identifier: Apache-2.0
// Does the documented device-mapper table, made by the script of docs/format and by `coffer volume dm-table`,
// give the contents of a volume or a snapshot to somebody who has its keys and not Coffer? (Python's
// cryptography stands in for the kernel; tests/interop asks the kernel.)
#include <gtest/gtest.h>

#include <cstdio>

#include "cli/stored_chain.h"
#include "format/dm_table.h"
#include "tests/unit/volume/temporary_folder.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

static_assert(format::kDataFileSize == store::kSegmentSize);

constexpr uint64_t kSize = 66 << 20;
const std::string kSnapshot = "snap-0123456789abcdef0";
const std::string kClone = "vol-0123456789abcdef1";

struct Output {
  Bytes bytes;
  int status = 0;
};

Output run(const std::string& command) {
  Output output;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 64 << 10> buffer;
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.bytes.insert(output.bytes.end(), buffer.begin(),
                        buffer.begin() + static_cast<std::ptrdiff_t>(got));
  output.status = ::pclose(pipe);
  return output;
}

class DmTableTest : public testing::Test {
 protected:
  DmTableTest() : store_(*VolumeStore::open_store(system_disk(), volumes(), kHostId)) {}

  std::string volumes() const { return folder_.path() + "/volumes"; }

  // A layer with a key of its own, if any.
  NewLayer new_layer(bool encrypted) {
    NewLayer layer{fmt::format("layer-{:017x}", ++layers_), std::nullopt, kVolumeId};
    if (!encrypted) return layer;
    layer.wrapped_key = to_bytes("wrapped " + layer.layer_id);
    const Bytes key = random_contents(random_, crypto::kXtsKeySize);
    keys_.emplace_back(layer.layer_id, key);
    EXPECT_TRUE(replace_file(system_disk(), folder_.path() + "/" + layer.layer_id, key));
    return layer;
  }
  LayerKeys keys() const {
    LayerKeys keys;
    for (const auto& [layer, key] : keys_) keys.push_back({layer, secret::SecretBytes::copy_of(key)});
    return keys;
  }
  std::shared_ptr<Volume> create(const std::string& id, bool encrypted, uint64_t size = kSize,
                                 const std::string& snapshot = {}) {
    EXPECT_TRUE(store_->create({id, size, new_layer(encrypted), snapshot, false}));
    return *store_->open(id, keys());
  }
  void snapshot(const std::string& volume_id, const std::string& id, bool encrypted) {
    const NewLayer next = new_layer(encrypted);
    ASSERT_TRUE(store_->create_snapshots({{id, volume_id, next}}, keys()));
    ASSERT_TRUE(store_->complete_snapshot(id));
  }

  std::string script(const std::string& id, bool with_keys) const {
    std::string command =
        "/usr/bin/python3 " COFFER_SOURCE_DIR "/docs/format/dm_table.py " + volumes() + " " + id;
    const auto chain = cli::read_chain(system_disk(), volumes(), id);
    if (with_keys && chain)
      for (const auto& layer : *chain)
        if (layer.cipher != format::LayerCipher::kNone)
          command += " --key-file " + layer.layer_id + "=" + folder_.path() + "/" + layer.layer_id;
    return command + " 2>" + folder_.path() + "/complaint";
  }
  Result<std::string> table(const std::string& id) const {
    return cli::stored_dm_table(system_disk(), volumes(), id, {});
  }
  // What the table of the script maps; the command's table must be the same but for the keys.
  Bytes mapped(const std::string& id) const {
    const Output named = run(script(id, false));
    EXPECT_EQ(named.status, 0);
    EXPECT_TRUE(*table(id) == as_text(named.bytes));
    const Output output = run(script(id, true) + " | /usr/bin/python3 " COFFER_SOURCE_DIR
                                                 "/tests/unit/volume/apply_dm_table.py");
    EXPECT_EQ(output.status, 0);
    return output.bytes;
  }
  void expect_refused(const std::string& id, const std::string& word) const {
    EXPECT_NE(run(script(id, false)).status, 0);
    const Bytes complaint = *read_file(system_disk(), folder_.path() + "/complaint");
    EXPECT_NE(as_text(complaint).find(word), std::string::npos) << as_text(complaint);
    const auto refused = table(id);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << refused.error().message;
  }
  void damage(const std::string& file, size_t offset) const {
    const auto opened = *system_disk().open(volumes() + "/" + file, {});
    Bytes byte(1);
    ASSERT_TRUE(opened->read(offset, byte));
    byte[0] ^= 0xc0;
    ASSERT_TRUE(opened->write(offset, byte));
  }

  TemporaryFolder folder_;
  std::unique_ptr<VolumeStore> store_;
  std::mt19937_64 random_{11};
  int layers_ = 0;
  std::vector<std::pair<std::string, Bytes>> keys_;
};

class DmTableOfOneLayer : public DmTableTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Plain, DmTableOfOneLayer, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, DmTableOfOneLayer, testing::Values(true));

TEST_P(DmTableOfOneLayer, MapsTheVolumesContents) {
  const auto volume = create(kVolumeId, GetParam());
  ASSERT_TRUE(volume->write(0, random_contents(random_, 300000), false));
  ASSERT_TRUE(volume->write((64 << 20) - 100000, random_contents(random_, 200000), false));
  ASSERT_TRUE(volume->write(kSize - 4096, random_contents(random_, 4096), false));
  ASSERT_TRUE(volume->discard(20000, 50000, false));
  ASSERT_TRUE(volume->write_zeroes(100000, 50000, true, false));
  ASSERT_TRUE(volume->flush());
  EXPECT_TRUE(mapped(kVolumeId) == read_back(*volume, 0, kSize));
}

TEST_P(DmTableOfOneLayer, AnEmptyVolumeIsOneLineOfZeroes) {
  create(kVolumeId, GetParam());
  EXPECT_EQ(*table(kVolumeId), "0 " + std::to_string(kSize / 512) + " zero\n");
  EXPECT_TRUE(mapped(kVolumeId) == Bytes(kSize));
}

TEST_F(DmTableTest, AChainGivesEachSectorFromTheFirstLayerThatSpeaksOfIt) {
  const auto volume = create(kVolumeId, true);
  ASSERT_TRUE(volume->write(0, random_contents(random_, 2 << 20), false));
  snapshot(kVolumeId, kSnapshot, true);
  ASSERT_TRUE(volume->write(12288, random_contents(random_, 100000), false));
  ASSERT_TRUE(volume->discard(1 << 20, 65536, false));
  snapshot(kVolumeId, "snap-0123456789abcdef1", true);
  ASSERT_TRUE(volume->write((1 << 20) + 8192, random_contents(random_, 4096), false));
  ASSERT_TRUE(volume->write(64 << 20, random_contents(random_, 4096), false));
  ASSERT_TRUE(volume->flush());
  EXPECT_TRUE(mapped(kVolumeId) == read_back(*volume, 0, kSize));
  for (const std::string& id : {kSnapshot, std::string("snap-0123456789abcdef1")}) {
    const auto access = *store_->open_snapshot(id, keys());
    Bytes contents(kSize);
    ASSERT_TRUE(access->read(0, contents));
    EXPECT_TRUE(mapped(id) == contents) << id;
  }
}

TEST_F(DmTableTest, AnEncryptedAndLongerCloneStandsOnAnUnencryptedSnapshot) {
  const auto volume = create(kVolumeId, false);
  ASSERT_TRUE(volume->write(0, random_contents(random_, 1 << 20), false));
  ASSERT_TRUE(volume->write(kSize - 8192, random_contents(random_, 8192), false));
  snapshot(kVolumeId, kSnapshot, false);
  const uint64_t longer = 132 << 20;
  const auto clone = create(kClone, true, longer, kSnapshot);
  ASSERT_TRUE(clone->write(20480, random_contents(random_, 20480), false));
  ASSERT_TRUE(clone->discard(65536, 8192, false));
  ASSERT_TRUE(clone->write(longer - 4096, random_contents(random_, 4096), false));
  ASSERT_TRUE(clone->flush());
  const std::string text = *table(kClone);
  EXPECT_NE(text.find(" crypt "), std::string::npos);
  EXPECT_NE(text.find(" linear "), std::string::npos);
  EXPECT_TRUE(mapped(kClone) == read_back(*clone, 0, longer));
  EXPECT_TRUE(mapped(kVolumeId) == read_back(*volume, 0, kSize));
}

TEST_F(DmTableTest, WhatWasNotFlushedIsNotThere) {
  const auto volume = create(kVolumeId, true);
  ASSERT_TRUE(volume->write(0, random_contents(random_, 4096), false));
  EXPECT_TRUE(mapped(kVolumeId) == Bytes(kSize));
  ASSERT_TRUE(volume->flush());
  EXPECT_TRUE(mapped(kVolumeId) == read_back(*volume, 0, kSize)) << "the positive control";
}

TEST_F(DmTableTest, LinesEndWhereDataFilesDo) {
  format::DmTableLayer layer;
  layer.record = {kLayerId, format::kDataFileSize + (64 << 20), format::LayerCipher::kAes256Xts, {}, false};
  layer.devices = {"/dev/loop0", "/dev/loop1"};
  format::DmTable table({layer});
  const Bytes page(format::kMapPageSize, 0x55);
  const uint64_t boundary = format::kDataFileSize / kSectorSize / format::kSectorsPerMapPage;
  ASSERT_TRUE(table.add_page(boundary - 1, {page}));
  ASSERT_TRUE(table.add_page(boundary, {page}));
  const std::string key = ":64:logon:coffer:" + kLayerId;
  EXPECT_EQ(table.finish(),
            "0 17179738112 zero\n"
            "17179738112 131072 crypt aes-xts-plain64 " +
                key +
                " 17179738112 /dev/loop0 17179738112 2 sector_size:4096 iv_large_sectors\n"
                "17179869184 131072 crypt aes-xts-plain64 " +
                key + " 17179869184 /dev/loop1 0 2 sector_size:4096 iv_large_sectors\n");
}

TEST_F(DmTableTest, DamageIsRefused) {
  const auto volume = create(kVolumeId, true);
  ASSERT_TRUE(volume->write(0, random_contents(random_, 4096), false));
  ASSERT_TRUE(volume->flush());
  ASSERT_TRUE(table(kVolumeId)) << "the positive control";
  const std::string layer = cli::read_chain(system_disk(), volumes(), kVolumeId)->front().layer_id;
  for (const auto& [file, offset] : std::vector<std::pair<std::string, size_t>>{
           {kVolumeId + "/volume", 20}, {layer + "/record", 20}, {layer + "/map", 20}}) {
    damage(file, offset);
    expect_refused(kVolumeId, "damaged");
    damage(file, offset);
  }
  damage(layer + "/map", 4096 + 100);
  expect_refused(kVolumeId, "state");
  damage(layer + "/map", 4096 + 100);
  // The volume ends within the map's second page.
  damage(layer + "/map", 4096 + 4096 + 3000);
  expect_refused(kVolumeId, "state");
  damage(layer + "/map", 4096 + 4096 + 3000);
  ASSERT_TRUE((*system_disk().open(volumes() + "/" + layer + "/map", {}))->truncate(8192));
  expect_refused(kVolumeId, "too short");
}

TEST_F(DmTableTest, WhatIsMissingIsNamed) {
  const auto volume = create(kVolumeId, true);
  expect_refused(kClone, kClone);
  expect_refused(kSnapshot, kSnapshot);
  snapshot(kVolumeId, kSnapshot, true);
  const auto chain = *cli::read_chain(system_disk(), volumes(), kVolumeId);
  ASSERT_EQ(chain.size(), 2u);
  ASSERT_TRUE(system_disk().remove(volumes() + "/" + chain.back().layer_id + "/record"));
  expect_refused(kVolumeId, chain.back().layer_id + " is missing");
}

}  // namespace
}  // namespace coffer::volume
