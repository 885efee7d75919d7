// SPDX-License-Identifier: Apache-2.0
#include "base/process_hardening.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"

namespace coffer {
namespace {

// Rights newer than Debian 12's header: Landlock ABI 3 and 5.
constexpr uint64_t kTruncateRight = 1ull << 14;
constexpr uint64_t kDeviceControlRight = 1ull << 15;

constexpr uint64_t kReadRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kWriteRights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_SYM | kTruncateRight;
constexpr uint64_t kRightsOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                    LANDLOCK_ACCESS_FS_EXECUTE | kTruncateRight;

uint64_t rights_handled_by(long abi) {
  uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // ABI 1: everything up to MAKE_SYM
  if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) rights |= kTruncateRight;
  if (abi >= 5) rights |= kDeviceControlRight;
  return rights;
}

Status allow_path(int ruleset, const FileAccess& access, uint64_t handled) {
  FileDescriptor place(::open(access.path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid()) return fail_errno("open " + access.path);
  struct stat status {};
  if (::fstat(place.get(), &status) != 0) return fail_errno("stat " + access.path);
  landlock_path_beneath_attr rule{};
  rule.parent_fd = place.get();
  rule.allowed_access = (kReadRights | (access.writable ? kWriteRights : 0)) & handled;
  if (!S_ISDIR(status.st_mode)) rule.allowed_access &= kRightsOfFiles;
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return fail_errno("allow " + access.path);
  return {};
}

Status forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace

Status forbid_core_dumps() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno("RLIMIT_CORE");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("PR_SET_DUMPABLE");
  return {};
}

Status drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return fail_errno("capset");
  return forbid_new_privileges();
}

Result<Confinement> confine_files(std::span<const FileAccess> allowed) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return Confinement::kNotOffered;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = rights_handled_by(abi);
  FileDescriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) return fail_errno("landlock_create_ruleset");
  for (const FileAccess& access : allowed)
    COFFER_CHECK(allow_path(ruleset.get(), access, attributes.handled_access_fs));
  COFFER_CHECK(forbid_new_privileges());
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return fail_errno("landlock_restrict_self");
  return Confinement::kEnforced;
}

std::span<const std::string_view> basic_system_calls() {
  static constexpr std::string_view kCalls[] = {"read",
                                                "write",
                                                "readv",
                                                "writev",
                                                "close",
                                                "recvmsg",
                                                "sendmsg",
                                                "recvfrom",
                                                "sendto",
                                                "shutdown",
                                                "poll",
                                                "ppoll",
                                                "futex",
                                                "futex_waitv",
                                                "getrandom",
                                                "clock_gettime",
                                                "clock_nanosleep",
                                                "nanosleep",
                                                "gettimeofday",
                                                "time",
                                                "mmap",
                                                "munmap",
                                                "mremap",
                                                "mprotect",
                                                "madvise",
                                                "mlock",
                                                "mlock2",
                                                "munlock",
                                                "brk",
                                                "memfd_secret",
                                                "clone",
                                                "set_robust_list",
                                                "rseq",
                                                "sched_yield",
                                                "sched_getaffinity",
                                                "rt_sigaction",
                                                "rt_sigprocmask",
                                                "rt_sigreturn",
                                                "sigaltstack",
                                                "tgkill",
                                                "gettid",
                                                "getpid",
                                                "restart_syscall",
                                                "exit",
                                                "exit_group",
                                                "ftruncate",
                                                "fcntl",
                                                "dup",
                                                "membarrier"};
  return kCalls;
}

#ifdef COFFER_SANITIZED

Result<Confinement> confine_system_calls(std::span<const std::string_view>) {
  return Confinement::kNotOffered;
}

#else

namespace {

struct FilterCloser {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterCloser>;

int allow_call(void* filter, std::string_view name) {
  const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
  if (number == __NR_SCMP_ERROR) return 0;
  int result = 0;
  if (name == "clone") {
    result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    if (result == 0) result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  } else if (name == "socket") {
    result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
  } else if (name == "mmap" || name == "mprotect") {
    result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  } else {
    result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
  }
  return result == -EDOM ? 0 : result;  // EDOM: not a call of this architecture
}

}  // namespace

Result<Confinement> confine_system_calls(std::span<const std::string_view> allowed) {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return fail(ErrorKind::kInternal, "seccomp_init failed");
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (const std::string_view name : allowed)
    if (const int result = allow_call(filter.get(), name); result != 0)
      return fail(ErrorKind::kInternal, "seccomp: " + std::string(name) + ": " + std::strerror(-result));
  if (const int result = seccomp_load(filter.get()); result != 0)
    return fail(ErrorKind::kUnavailable, std::string("seccomp: ") + std::strerror(-result));
  return Confinement::kEnforced;
}

#endif

}  // namespace coffer
