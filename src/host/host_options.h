// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <string>

#include "export/nbd_export.h"
#include "export/tls_identity.h"

namespace coffer::host {

struct HostFolders {
  std::string volumes;  // DIR/volumes
  std::string sockets;  // DIR/run/nbd, resolved
};

struct HostOptions {
  bool throttle = false;                           // hold volumes to the limits of their types
  std::string io;                                  // how volumes' files are read and written, for people
  exporting::TlsIdentity* nbd_identity = nullptr;  // of NBD over TLS, when somebody listens; outlives us
  exporting::NbdLimits limits = {};
  size_t job_threads = 1;
  std::chrono::seconds job_retry_pause{30};
};

}  // namespace coffer::host
