// SPDX-License-Identifier: Apache-2.0
// Does the documented device-mapper table, made by the script of docs/format, give the volume's contents to
// somebody who has its key and not Coffer? (Python's cryptography stands in for the kernel; tests/interop
// asks the kernel.)
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/unit/volume/temporary_folder.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 66 << 20;

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

std::string dm_table(const std::string& folder, const std::string& key_file) {
  return "/usr/bin/python3 " COFFER_SOURCE_DIR "/docs/format/dm_table.py " + folder + "/" + kVolumeId +
         " --key-file " + key_file;
}

class DmTableTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    store_ = *VolumeStore::open_store(system_disk(), folder_.path(), kHostId);
    ASSERT_TRUE(store_->create(new_volume(kSize, GetParam())));
    volume_ = *open_volume(*store_, GetParam());
    key_file_ = folder_.path() + "/key";
    ASSERT_TRUE(replace_file(system_disk(), key_file_, test_key_bytes()));
  }

  TemporaryFolder folder_;
  std::string key_file_;
  std::unique_ptr<VolumeStore> store_;
  std::shared_ptr<Volume> volume_;
  std::mt19937_64 random_{11};
};
INSTANTIATE_TEST_SUITE_P(Plain, DmTableTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, DmTableTest, testing::Values(true));

TEST_P(DmTableTest, MapsTheVolumesContents) {
  ASSERT_TRUE(volume_->write(0, random_contents(random_, 300000), false));
  ASSERT_TRUE(volume_->write((64 << 20) - 100000, random_contents(random_, 200000), false));
  ASSERT_TRUE(volume_->write(kSize - 4096, random_contents(random_, 4096), false));
  ASSERT_TRUE(volume_->discard(20000, 50000, false));
  ASSERT_TRUE(volume_->write_zeroes(100000, 50000, true, false));
  ASSERT_TRUE(volume_->flush());
  const Output mapped = run(dm_table(folder_.path(), key_file_) + " | /usr/bin/python3 " COFFER_SOURCE_DIR
                                                                  "/tests/unit/volume/apply_dm_table.py");
  ASSERT_EQ(mapped.status, 0);
  EXPECT_TRUE(mapped.bytes == read_back(*volume_, 0, kSize));
}

TEST_P(DmTableTest, AnEmptyVolumeIsOneLineOfZeroes) {
  const Output table = run(dm_table(folder_.path(), key_file_));
  ASSERT_EQ(table.status, 0);
  EXPECT_EQ(as_text(table.bytes), "0 " + std::to_string(kSize / 512) + " zero\n");
}

TEST_P(DmTableTest, ADamagedManifestIsRefused) {
  const std::string path = folder_.path() + "/" + kVolumeId + "/manifest";
  Bytes damaged = *read_file(system_disk(), path);
  damaged[30] ^= 1;
  ASSERT_TRUE(replace_file(system_disk(), path, damaged));
  const Output table = run(dm_table(folder_.path(), key_file_) + " 2>&1");
  EXPECT_NE(table.status, 0);
  EXPECT_NE(as_text(table.bytes).find("damaged"), std::string::npos) << as_text(table.bytes);
}

}  // namespace
}  // namespace coffer::volume
