// SPDX-License-Identifier: Apache-2.0
#include "base/file_descriptor.h"

#include <unistd.h>

namespace coffer {

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace coffer
