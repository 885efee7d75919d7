// SPDX-License-Identifier: Apache-2.0
// What apid may touch of DIR and of the machine. Claim: who takes over a running apid opens neither the
// seal's key file nor the sealed domain keys nor the volumes' files, wherever below DIR or /etc they lie. (He
// is the user that runs Coffer all the same: docs/SECURITY.md.)
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::api {

// Makes the files that apid writes, while it still may make any: DATA/apid with the catalog in it (moved
// there from where earlier builds kept it), DATA/root-credentials and DATA/ca.pem, empty at first.
Status prepare_files(const std::string& data);

// The path of the catalog's file.
std::string catalog_path(const std::string& data);

// Landlock. One-way; before any thread is started. A kernel that has none is warned of in the log.
Status confine_apid(const std::string& data);

}  // namespace coffer::api
