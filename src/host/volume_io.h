// SPDX-License-Identifier: Apache-2.0
// How volumes' files are read and written: `coffer up --io`.
#pragma once
#include <string>

#include "base/disk.h"

namespace coffer::host {

struct VolumeIo {
  Disk& disk;
  std::string description;  // "buffered", "direct (io_uring)": for people
};

// Through the page cache, or beside it when `direct` is wanted and the file system of `folder` takes it. What
// is refused is logged with its reason and done the ordinary way. Before confine_volumed(): it makes the
// process's rings of io_uring, and no call can make more later.
VolumeIo choose_volume_io(bool direct, const std::string& folder);

}  // namespace coffer::host
