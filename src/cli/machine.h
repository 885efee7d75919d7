// SPDX-License-Identifier: Apache-2.0
// What this machine offers to Coffer. Each check looks, changes nothing, and knows how to mend what is
// missing.
#pragma once
#include <string>
#include <vector>

namespace coffer::cli {

struct Finding {
  std::string name;  // "memfd_secret"
  bool ok = false;
  bool needed = false;  // Coffer does not run, or is not safe, without it
  std::string detail;   // what was found
  std::string use;      // what it is good for
  std::string mend;     // how to get it; empty when ok
};

// `folder`: the data folder, or the nearest folder above it that exists.
std::vector<Finding> examine_machine(const std::string& folder);

// A sentence when little is left on the file system of DIR, or nothing; else empty.
std::string space_warning(const std::string& folder);

// The path, or the nearest folder above it that exists.
std::string nearest_existing(std::string path);

}  // namespace coffer::cli
