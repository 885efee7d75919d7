// SPDX-License-Identifier: Apache-2.0
// The layers of a volume or a snapshot, read from DIR/volumes without any daemon: what was flushed by now.
// Also while volumed serves the volume; it reads and locks nothing that volumed would notice.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/disk.h"
#include "format/manifest.h"

namespace coffer::cli {

// The top layer first. kNotFound, kConflict for a snapshot that is not copied yet, kCorrupt, kTooNew.
Result<std::vector<format::LayerRecord>> read_chain(Disk& disk, const std::string& volumes,
                                                    const std::string& id);

// By layer: the block devices over its data files, in their order.
using LayerDevices = std::map<std::string, std::vector<std::string>>;

// The device-mapper table (format/dm_table.h). Data files are named where `devices` has none for their layer.
Result<std::string> stored_dm_table(Disk& disk, const std::string& volumes, const std::string& id,
                                    const LayerDevices& devices);

}  // namespace coffer::cli
