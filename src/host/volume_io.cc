// SPDX-License-Identifier: Apache-2.0
#include "host/volume_io.h"

#include <fcntl.h>

#include "base/file_descriptor.h"
#include "base/log.h"
#include "base/read_ring.h"

namespace coffer::host {
namespace {

// As many batches of reads as can fly at once; a further one goes by pread(2).
constexpr size_t kRings = 16;

}  // namespace

VolumeIo choose_volume_io(bool direct, const std::string& folder) {
  if (!direct) return {system_disk(), "buffered"};
  const FileDescriptor probe(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600));
  if (!probe.valid()) {
    const std::string reason = errno_error("direct I/O in " + folder).message;
    log_warning("volumes are read and written through the page cache: {}", reason);
    return {system_disk(), "buffered (" + reason + ")"};
  }
  if (const Status rings = ReadRing::prepare(kRings); !rings) {
    log_warning("reads go to the disk one after the other, by pread: {}", rings.error().message);
    return {direct_disk(), "direct (" + rings.error().message + ")"};
  }
  return {direct_disk(), "direct (io_uring)"};
}

}  // namespace coffer::host
