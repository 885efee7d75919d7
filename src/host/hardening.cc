// SPDX-License-Identifier: Apache-2.0
#include "host/hardening.h"

#include <vector>

#include "base/log.h"
#include "base/process_hardening.h"
#include "base/read_ring.h"

namespace coffer::host {

Status confine_volumed(const std::string& volumes, const std::string& sockets) {
  const FileAccess files[] = {{volumes, true}, {sockets, true}};
  COFFER_TRY(files_confined, confine_files(files));
  if (files_confined == Confinement::kNotOffered)
    log_warning("this kernel has no Landlock: volumed's files are guarded by their permissions alone");

  const auto basics = basic_system_calls();
  std::vector<std::string_view> calls(basics.begin(), basics.end());
  // Volumes: Landlock says where.
  for (const std::string_view call :
       {"openat", "pread64", "pwrite64", "fstat", "newfstatat", "fstatfs", "lseek", "fsync", "fdatasync",
        "fallocate", "syncfs", "mkdir", "rename", "unlink", "rmdir", "getdents64"})
    calls.push_back(call);
  // Rings are made before, and read only.
  if (ReadRing::prepared() > 0) calls.push_back("io_uring_enter");
  // NBD sockets.
  for (const std::string_view call :
       {"socket", "bind", "listen", "accept4", "setsockopt", "getsockopt", "fchmod", "eventfd2"})
    calls.push_back(call);
  calls.push_back("setpriority");  // background work
  COFFER_TRY(calls_confined, confine_system_calls(calls));
  if (calls_confined == Confinement::kNotOffered)
    log_warning("a sanitizer build: volumed runs without seccomp");
  return {};
}

}  // namespace coffer::host
