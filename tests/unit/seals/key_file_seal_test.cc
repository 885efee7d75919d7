// SPDX-License-Identifier: Apache-2.0
// Does the seal's key file open what it sealed, and is one refused that others may read?
#include "seals/key_file_seal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/scratch_folder.h"

namespace coffer::seals {
namespace {

void put(const std::string& path, ByteView bytes) {
  auto file = system_disk().open(path, {.create = true});
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->truncate(0));
  ASSERT_TRUE((*file)->write(0, bytes));
}

struct KeyFileSealTest : ::testing::Test {
  void SetUp() override { ASSERT_TRUE(create_key_file_seal(system_disk(), path)); }
  ScratchFolder scratch;
  const std::string path = scratch / "seal.key";
};

TEST_F(KeyFileSealTest, OpensAfterLoadingWhatItSealedBefore) {
  const auto first = load_key_file_seal(path);
  ASSERT_TRUE(first);
  const auto secret = secret::SecretBytes::copy_of(as_bytes("a secret"));
  const Bytes sealed = *(*first)->seal(secret, as_bytes("about it"));
  const auto again = load_key_file_seal(path);
  EXPECT_TRUE((*again)->open(sealed, as_bytes("about it"))->equals(secret));
  EXPECT_FALSE((*again)->open(sealed, as_bytes("about other things")));
}

TEST_F(KeyFileSealTest, AFileThatOthersMayReadIsRefused) {
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  for (const mode_t mode : {0640, 0604, 0660, 0602, 0601}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto loaded = load_key_file_seal(path);
    ASSERT_FALSE(loaded) << mode;
    EXPECT_EQ(loaded.error().kind, ErrorKind::kPermissionDenied) << mode;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_TRUE(load_key_file_seal(path));
}

TEST_F(KeyFileSealTest, AnExistingFileIsNeverReplaced) {
  EXPECT_EQ(create_key_file_seal(system_disk(), path).error().kind, ErrorKind::kConflict);
}

TEST_F(KeyFileSealTest, AMissingOrDamagedFileIsNamed) {
  EXPECT_EQ(load_key_file_seal(scratch / "absent").error().kind, ErrorKind::kNotFound);
  Bytes contents = *read_file(system_disk(), path);
  contents.back() ^= 1;
  put(path, contents);
  const auto loaded = load_key_file_seal(path);
  EXPECT_EQ(loaded.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(loaded.error().message.find(path), std::string::npos);
}

}  // namespace
}  // namespace coffer::seals
