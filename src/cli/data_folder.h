// SPDX-License-Identifier: Apache-2.0
// DIR, the data folder of an installation: what is written in DIR/installation.json, who may open it, and
// that only one `coffer up` serves it at a time.
#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/random.h"
#include "base/result.h"

namespace coffer::cli {

// DIR/installation.json, format version 1 (docs/format/installation.md).
struct InstallationFile {
  static constexpr int kFormatVersion = 1;
  std::string installation_id;       // a UUID
  std::string account;               // the owner's; never changes
  std::vector<std::string> regions;  // the first is the default; only ever grows
  std::string host_id;               // "i-…": this host as an instance
  bool development = false;          // fixed at initialisation
  std::string seal_file;             // absolute; empty: DIR/seal.key
  std::string created;               // ISO 8601
  bool initialised = false;          // all three processes have been ready once
};

std::string to_json(const InstallationFile& installation);
// kTooNew for a later format version, kCorrupt for anything that is not ours.
Result<InstallationFile> parse_installation(std::string_view text);

// What `coffer up` was asked for on the command line.
struct InstallationWishes {
  std::string account = {};               // empty: as it is, or 123456789012 for a new one
  std::vector<std::string> regions = {};  // empty: as they are, or us-west-2 and us-east-1
  bool development = false;
  std::string seal_file = {};  // empty: as it is
};

// A new installation with these wishes.
Result<InstallationFile> new_installation(const InstallationWishes& wishes, Clock& clock, Random& random);
// An existing one with these wishes: adds regions, refuses contradictions (kConflict) in words.
Result<InstallationFile> with_wishes(InstallationFile installation, const InstallationWishes& wishes);

bool is_region_name(std::string_view text);

// Makes DIR if absent (0700) and returns its absolute path without symbolic links. Refuses a folder that is
// another user's, and one that holds something else than an installation.
Result<std::string> prepare_data_folder(const std::string& path);

// Absolute path of an existing data folder; kNotFound in words if it is none.
Result<std::string> find_data_folder(const std::string& path);

Result<InstallationFile> read_installation(const std::string& folder);
Status write_installation(const std::string& folder, const InstallationFile& installation);

// Exclusive lock on DIR, for as long as the descriptor (or a copy of it, in another process) is open. Waits
// up to `patience_ms` for what a killed supervisor left behind; fails at once (kConflict) while one lives.
Result<FileDescriptor> lock_data_folder(const std::string& folder, int patience_ms);
// Does some process hold the lock?
bool is_served(const std::string& folder);

std::string seal_file_of(const std::string& folder, const InstallationFile& installation);

}  // namespace coffer::cli
