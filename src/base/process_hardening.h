// SPDX-License-Identifier: Apache-2.0
// What a daemon gives up before it serves: core dumps, files it has no business with, system calls it never
// makes. Each is one-way. Call them from main's thread before others are started.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer {

// No core file, no ptrace and no /proc/PID/mem by other processes of the same user (prctl(2) PR_SET_DUMPABLE,
// setrlimit(2) RLIMIT_CORE).
Status forbid_core_dumps();

// For a daemon that root started: root's special rights (capabilities(7)) go, and do not come back by
// starting a program. Only the calling thread's, so before others are started.
Status drop_capabilities();

struct FileAccess {
  std::string path;       // a directory (with all below it) or a file; must exist
  bool writable = false;  // also: create, rename, truncate and remove below a directory
};

enum class Confinement { kEnforced, kNotOffered /* by this kernel */ };

// Landlock (landlock(7)): from here on nothing but `allowed` can be opened. Descriptors that are open stay
// usable.
Result<Confinement> confine_files(std::span<const FileAccess> allowed);

// seccomp(2) allow-list: any other system call kills the process. Names that this architecture does not have
// are skipped. Four calls are narrower than their names: "clone" makes threads only (clone3 answers ENOSYS,
// so that the C library falls back to clone), "mmap" and "mprotect" never make memory executable, "socket"
// makes Unix sockets only: no way out into a network. In a sanitizer build it does nothing and says
// kNotOffered.
Result<Confinement> confine_system_calls(std::span<const std::string_view> allowed);

// What every multi-threaded daemon needs to compute, wait, log, allocate and exit; no file is opened by
// these.
std::span<const std::string_view> basic_system_calls();

}  // namespace coffer
