// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 token of SoftHSM's in a folder of its own.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

#include "format/hsm_clusters.h"
#include "tests/support/scratch_folder.h"

namespace coffer {

class SoftHsm {
 public:
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";
  static constexpr const char* kPin = "kmsPswd2468";

  explicit SoftHsm(const std::string& label = "vault") : label_(label) {
    std::ofstream(folder_ / "softhsm2.conf")
        << "directories.tokendir = " << folder_.path() << "\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);
    run("softhsm2-util --init-token --free --label " + label + " --so-pin 12345678 --pin " + kPin);
  }
  format::HsmLocation location() const { return {kModule, label_, ""}; }
  format::HsmCluster cluster(const std::string& id) const { return {id, kModule, label_, "", {}}; }
  const std::string& folder() const { return folder_.path(); }
  static void run(const std::string& command) {
    EXPECT_EQ(::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
  }

 private:
  ScratchFolder folder_;
  const std::string label_;
};

}  // namespace coffer
