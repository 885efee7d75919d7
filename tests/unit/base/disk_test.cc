// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace coffer {
namespace {

class ReplaceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coffer-disk-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

// Whoever may write to the folder can lay a file of his own where the contents are written aside.
TEST_F(ReplaceFile, WritesIntoNoFileThatLiesThere) {
  const std::string path = folder_ + "/seal.key";
  const int laid = ::open((path + ".new").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(laid, 0);
  ::fchmod(laid, 0666);
  ASSERT_TRUE(replace_file(system_disk(), path, as_bytes("secret")));
  char seen[16];
  EXPECT_EQ(::pread(laid, seen, sizeof seen, 0), 0);
  ::close(laid);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(as_text(*read_file(system_disk(), path)), "secret");
}

}  // namespace
}  // namespace coffer
