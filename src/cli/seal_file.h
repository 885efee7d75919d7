// SPDX-License-Identifier: Apache-2.0
// Key files of the seal: which of them open the domain keys, and whether they lie beside what they open.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "cli/data_folder.h"
#include "format/sealed_domain_keys.h"

namespace coffer::cli {

// Where the key file of the seal lies, as far as this can be told; empty when the seal is none.
std::string seal_file_in_force(const std::string& folder, const InstallationFile& installation);

// Good if `path` opens the sealed domain keys of DIR, or if there are none. kConflict, in words.
Status check_seal_file(const std::string& folder, const std::string& path);

// The versions in a sealed copy, by whichever key file that DIR has or names opens it; empty when none does.
std::set<uint32_t> versions_by_key_file(const std::string& folder, const InstallationFile& installation,
                                        const format::SealedDomainKeys& copy);

// A sentence for each key file that opens the domain keys and lies on the file system of the data that it
// protects, also one that was left where it was; and one when none can be read.
std::vector<std::string> seal_file_warnings(const std::string& folder, const InstallationFile& installation);

}  // namespace coffer::cli
