// SPDX-License-Identifier: Apache-2.0
// What `coffer restore` left beside the catalog of a continuous backup: the keys that were made after it.
#pragma once
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "services/installation.h"

namespace coffer::api {

// Puts DIR/apid/restored-keys (docs/format/continuous-backup.md), if it is there, into the catalog, records
// that, and removes the file. Cut off anywhere it is done again at the next start. kCorrupt.
Status take_restored_keys(Installation& installation, Disk& disk, const std::string& data);

}  // namespace coffer::api
