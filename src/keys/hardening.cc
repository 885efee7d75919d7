// SPDX-License-Identifier: Apache-2.0
#include "keys/hardening.h"

#include <vector>

#include "base/log.h"
#include "base/process_hardening.h"

namespace coffer::keys {

Status confine_keyd(const std::string& folder) {
  const FileAccess files[] = {{folder, true}};
  COFFER_TRY(files_confined, confine_files(files));
  if (files_confined == Confinement::kNotOffered)
    log_warning("this kernel has no Landlock: keyd's files are guarded by their permissions alone");
  const auto basics = basic_system_calls();
  std::vector<std::string_view> calls(basics.begin(), basics.end());
  // Replacing a copy of the domain keys: Landlock says where. And how many cores there are.
  for (const std::string_view call : {"openat", "pread64", "pwrite64", "fstat", "newfstatat", "lseek",
                                      "fsync", "fdatasync", "rename", "unlink", "sched_getaffinity"})
    calls.push_back(call);
  COFFER_TRY(calls_confined, confine_system_calls(calls));
  if (calls_confined == Confinement::kNotOffered) log_warning("a sanitizer build: keyd runs without seccomp");
  return {};
}

}  // namespace coffer::keys
