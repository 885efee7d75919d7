// SPDX-License-Identifier: Apache-2.0
// What a restoration has to do with domain keys: does what stays in DIR open what is put back, and what will
// open what came with the backup.
#pragma once
#include <string>

#include "base/result.h"
#include "cli/recovery_key.h"

namespace coffer::cli {

// `staged` is a folder with the backup's files: domain-keys, perhaps domain-keys.recovery, installation.json.

// For a folder whose sealed domain keys stay. kConflict, in words, when they lack a version that the backup
// may need; a sentence when that cannot be told; else empty.
Result<std::string> compare_domain_keys(const std::string& folder, const std::string& staged,
                                        const RecoveryKey& recovery);

// The seal that will be asked for, for people: "by a key file, which was /media/usb/seal.key".
Result<std::string> seal_to_come(const std::string& staged, bool recovered);

}  // namespace coffer::cli
