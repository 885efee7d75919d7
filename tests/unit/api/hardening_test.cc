// SPDX-License-Identifier: Apache-2.0
// What is left to an attacker inside apid? Restrictions cannot be taken back, so a child process asks.
#include "api/hardening.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "catalog/catalog.h"
#include "tests/unit/catalog/temporary_folder.h"

namespace coffer::api {
namespace {

class ApidHardening : public ::testing::Test {
 protected:
  ApidHardening() {
    for (const char* folder : {"keyd", "volumes", "volumes/layer-1", "run"})
      ::mkdir((data_ / folder).c_str(), 0700);
    for (const std::string& name : kSecrets) std::ofstream(data_ / name) << "secret";
    EXPECT_TRUE(prepare_files(data_.path()));
  }
  // The paths, of these, that can be opened; asked in a child, confined or not.
  std::vector<std::string> opened(const std::vector<std::string>& paths, bool confined) {
    std::vector<std::string> answer;
    for (const std::string& path : paths) {
      const pid_t child = ::fork();
      if (child == 0) {
        if (confined && !confine_apid(data_.path())) ::_exit(2);
        ::_exit(::open(path.c_str(), O_RDONLY) >= 0 ? 0 : 1);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2);
      if (status == 0) answer.push_back(path);
    }
    return answer;
  }

  const std::vector<std::string> kSecrets = {"seal.key", "keyd/domain-keys.0", "volumes/layer-1/key"};
  testing::TemporaryFolder data_;
};

TEST_F(ApidHardening, TheSealTheDomainKeysAndTheVolumesAreOutOfReach) {
  std::vector<std::string> paths;
  for (const std::string& name : kSecrets) paths.push_back(data_ / name);
  // Where a --seal-file may lie, and where everything lies.
  for (const char* path : {"/etc/hostname", "/root", "/dev/zero"})
    if (::access(path, R_OK) == 0) paths.emplace_back(path);
  EXPECT_EQ(opened(paths, false), paths) << "the positive control";
  EXPECT_THAT(opened(paths, true), ::testing::IsEmpty());
}

TEST_F(ApidHardening, ItsOwnFilesStayUsable) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!confine_apid(data_.path())) ::_exit(1);
    auto catalog = catalog::Catalog::open(catalog_path(data_.path()));
    if (!catalog || !(*catalog)->erase_deleted()) ::_exit(2);
    for (const char* name : {"root-credentials", "ca.pem"})
      if (::open((data_ / name).c_str(), O_RDWR | O_TRUNC) < 0) ::_exit(3);
    if (::open((data_ / "run/failpoint").c_str(), O_RDWR | O_CREAT, 0600) < 0) ::_exit(4);
    ::_exit(::open((data_ / "new").c_str(), O_RDWR | O_CREAT, 0600) < 0 ? 0 : 5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ApidHardening, ACatalogOfAnEarlierBuildIsTakenAlong) {
  testing::TemporaryFolder old;
  {
    auto catalog = catalog::Catalog::open(old / "catalog.db");
    ASSERT_TRUE(catalog &&
                (*catalog)->write([](auto& transaction) { return transaction.set_setting("a", "b"); }));
  }
  ASSERT_TRUE(prepare_files(old.path()));
  ASSERT_TRUE(prepare_files(old.path()));
  auto catalog = catalog::Catalog::open(catalog_path(old.path()));
  ASSERT_TRUE(catalog);
  EXPECT_TRUE((*catalog)->read([](auto& transaction) -> Status {
    COFFER_TRY(value, transaction.setting("a"));
    EXPECT_EQ(value, "b");
    return {};
  }));
  EXPECT_NE(::access((old / "catalog.db").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace coffer::api
