// SPDX-License-Identifier: Apache-2.0
#include "cli/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/disk.h"
#include "base/file_descriptor.h"

namespace coffer::cli {
namespace {

constexpr unsigned kLandlockVersionQuestion = 1;  // LANDLOCK_CREATE_RULESET_VERSION

struct Processor {
  bool aes = false, vaes = false, avx2 = false, avx512 = false;
};

// Intel SDM volume 2, CPUID: leaf 1 ECX bit 25 (AES), leaf 7 EBX 5 (AVX2), 16 and 31 (AVX-512 F, VL), ECX 9
// (VAES).
Processor processor() {
  Processor found;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d)) found.aes = (c >> 25 & 1) != 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    found.avx2 = __builtin_cpu_supports("avx2");  // asks the operating system too
    found.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
    found.vaes = (c >> 9 & 1) != 0 && found.avx2;
  }
#endif
  return found;
}

bool file_has(const char* path, std::string_view word) {
  FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  std::string text(1 << 16, '\0');
  size_t length = 0;
  while (file.valid() && length < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + length, text.size() - length);
    if (got <= 0) break;
    length += static_cast<size_t>(got);
  }
  return std::string_view(text).substr(0, length).find(word) != std::string_view::npos;
}

Finding device(const char* name, const char* path, const char* use, const char* mend) {
  const bool there = ::access(path, F_OK) == 0;
  const bool usable = there && ::access(path, R_OK | W_OK) == 0;
  return {.name = name,
          .ok = usable,
          .detail = usable ? fmt::format("{} can be opened", path)
                           : fmt::format("{} {}", path,
                                         there ? "is there, but this user may not use it" : "is absent"),
          .use = use,
          .mend = usable  ? ""
                  : there ? fmt::format("let this user use it, for example by its group: ls -l {}", path)
                          : mend};
}

void add_processor(std::vector<Finding>& findings) {
  const Processor found = processor();
  findings.push_back({.name = "aes",
                      .ok = found.aes,
                      .detail = found.aes ? "AES instructions" : "no AES instructions",
                      .use = "encryption at the speed of the disk",
                      .mend = found.aes
                                  ? ""
                                  : "works without, several times slower; in a virtual machine, pass the "
                                    "host's CPU through"});
  const bool wide = found.vaes;
  findings.push_back(
      {.name = "vaes",
       .ok = wide,
       .detail = !wide          ? "no VAES"
                 : found.avx512 ? "VAES with AVX-512"
                                : "VAES with AVX2",
       .use = "encryption at the speed of memory",
       .mend = wide ? "" : "nothing to mend: AES-NI or OpenSSL is used; newer processors have it"});
}

void add_kernel(std::vector<Finding>& findings) {
#ifdef SYS_memfd_secret
  const long secret_call = SYS_memfd_secret;
#else
  const long secret_call = 447;
#endif
  FileDescriptor secret(static_cast<int>(::syscall(secret_call, O_CLOEXEC)));
  findings.push_back({.name = "memfd_secret",
                      .ok = secret.valid(),
                      .detail = secret.valid() ? "keys lie in memory that the kernel itself has unmapped"
                                               : fmt::format("not offered ({})", std::strerror(errno)),
                      .use = "key memory that not even root's tools read",
                      .mend = secret.valid()
                                  ? ""
                                  : "Linux 5.14 or later; before 6.5, boot with secretmem.enable=1. "
                                    "Until then locked memory outside of core dumps is used"});
  rlimit locked{};
  ::getrlimit(RLIMIT_MEMLOCK, &locked);
  const bool enough = locked.rlim_cur == RLIM_INFINITY || locked.rlim_cur >= (8u << 20) || ::geteuid() == 0;
  findings.push_back(
      {.name = "locked memory",
       .ok = enough,
       .needed = true,
       .detail =
           locked.rlim_cur == RLIM_INFINITY ? "unlimited" : fmt::format("{} KiB", locked.rlim_cur / 1024),
       .use = "keys are never swapped to disk",
       .mend = enough ? ""
                      : "raise the limit: ulimit -l, /etc/security/limits.conf, or LimitMEMLOCK= in "
                        "the unit; 8 MiB will do"});
  const long landlock = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kLandlockVersionQuestion);
  findings.push_back(
      {.name = "landlock",
       .ok = landlock > 0,
       .detail = landlock > 0 ? fmt::format("version {}", landlock) : "not offered",
       .use = "each process sees its own files only",
       .mend = landlock > 0 ? "" : "Linux 5.13 or later with landlock in the boot parameter lsm="});
  const uint32_t action = SECCOMP_RET_KILL_PROCESS;
  const bool seccomp = ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
  findings.push_back({.name = "seccomp",
                      .ok = seccomp,
                      .needed = true,
                      .detail = seccomp ? "filters work" : "not offered",
                      .use = "keyd makes only the system calls it needs",
                      .mend = seccomp ? "" : "a kernel with CONFIG_SECCOMP_FILTER"});
}

void add_devices(std::vector<Finding>& findings) {
  findings.push_back(device("kvm", "/dev/kvm", "guests at full speed",
                            "modprobe kvm_intel or kvm_amd; in a virtual "
                            "machine, allow nesting on its host"));
  findings.push_back(device("fuse", "/dev/fuse", "a volume as a loop device without a kernel block driver",
                            "modprobe fuse; in a container, --device /dev/fuse"));
  findings.push_back(device("ublk", "/dev/ublk-control", "a volume as a local block device, fastest",
                            "Linux 6.0 or later: modprobe ublk_drv"));
  findings.push_back(
      device("nbd", "/dev/nbd0", "a volume as a local block device (nbd-client)", "modprobe nbd"));
  const bool nfs = file_has("/proc/filesystems", "\tnfs4\n");
  findings.push_back({.name = "nfs",
                      .ok = nfs,
                      .detail = nfs ? "the kernel mounts NFSv4" : "the kernel has no NFSv4 client loaded",
                      .use = "mounting shared file systems on this machine",
                      .mend = nfs ? "" : "modprobe nfsv4 (package nfs-common)"});
}

void add_clock(std::vector<Finding>& findings) {
  timex clock{};
  const int state = ::adjtimex(&clock);
  const bool synchronised = state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
  timespec resolution{};
  const bool fine = ::clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 &&
                    resolution.tv_nsec <= 1000;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const bool plausible = now.tv_sec > 1700000000;
  findings.push_back(
      {.name = "clock",
       .ok = plausible && fine,
       .needed = true,
       .detail = fmt::format("{}, {}", plausible ? "the date is plausible" : "the date is wrong",
                             fine ? "monotonic time is fine-grained" : "monotonic time is coarse"),
       .use = "signed requests are refused when clocks differ by more than 5 minutes",
       .mend = plausible ? "" : "set the date"});
  findings.push_back(
      {.name = "clock synchronised",
       .ok = synchronised,
       .detail = synchronised ? "by a time service" : "the kernel knows of no time service",
       .use = "the trail's times can be trusted",
       .mend = synchronised ? "" : "install chrony or systemd-timesyncd (in a container: on its host)"});
}

constexpr uint64_t kLittleSpace = 1ull << 30, kNoSpace = 16ull << 20;

// What is free for this user on the file system of the folder.
std::optional<uint64_t> free_space(const std::string& folder) {
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0) return std::nullopt;
  if (space.f_files != 0 && space.f_favail == 0) return 0;  // no more files
  return static_cast<uint64_t>(space.f_bavail) * space.f_frsize;
}

std::string in_gibibytes(uint64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

void add_space(std::vector<Finding>& findings, const std::string& folder) {
  const auto free = free_space(folder);
  if (!free) return;
  const bool enough = *free >= kLittleSpace;
  findings.push_back({.name = "free space",
                      .ok = enough,
                      .needed = true,
                      .detail = in_gibibytes(*free) + " on the file system of " + folder,
                      .use = "volumes are sparse files: they grow with what is written",
                      .mend = enough ? "" : "make room, or give a --data on a larger disk"});
}

}  // namespace

std::vector<Finding> examine_machine(const std::string& folder) {
  std::vector<Finding> findings;
  add_processor(findings);
  add_kernel(findings);
  add_devices(findings);
  add_clock(findings);
  add_space(findings, folder);
  return findings;
}

std::string space_warning(const std::string& folder) {
  const auto free = free_space(folder);
  if (!free || *free >= kLittleSpace) return {};
  if (*free < kNoSpace)
    return "the file system of " + folder +
           " is full: volumes take no new data, and calls that change something fail. Make room";
  return "only " + in_gibibytes(*free) + " are free on the file system of " + folder +
         ": volumes grow with what is written to them. Make room";
}

std::string nearest_existing(std::string path) {
  while (!path.empty()) {
    if (auto there = system_disk().exists(path); there && *there) return path;
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    path.resize(slash);
  }
  return "/";
}

}  // namespace coffer::cli
