// SPDX-License-Identifier: Apache-2.0
// Does the failpoint fire where it is asked to, once, and never outside development?
#include "api/failpoint.h"

#include <gtest/gtest.h>

#include "base/disk.h"
#include "tests/unit/catalog/temporary_folder.h"

namespace coffer::api {
namespace {

class FailpointTest : public ::testing::Test {
 protected:
  void ask_for(const std::string& wish) { ASSERT_TRUE(replace_file(system_disk(), path_, as_bytes(wish))); }
  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "failpoint";
};

TEST_F(FailpointTest, KillsAfterTheCommitOfTheNamedOperationOnce) {
  ask_for("after-commit CreateVolume\n");
  EXPECT_EXIT(Failpoint(true, path_).after_commit("CreateVolume"), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_FALSE(*system_disk().exists(path_));
  Failpoint(true, path_).after_commit("CreateVolume");
}

TEST_F(FailpointTest, LeavesOtherOperationsAlone) {
  ask_for("after-commit CreateVolume");
  Failpoint(true, path_).after_commit("CreateKey");
  EXPECT_TRUE(*system_disk().exists(path_));
}

TEST_F(FailpointTest, DoesNothingOutsideDevelopment) {
  ask_for("after-commit CreateVolume");
  Failpoint(false, path_).after_commit("CreateVolume");
  Failpoint().after_commit("CreateVolume");
  EXPECT_TRUE(*system_disk().exists(path_));
}

}  // namespace
}  // namespace coffer::api
