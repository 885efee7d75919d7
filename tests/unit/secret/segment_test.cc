// SPDX-License-Identifier: Apache-2.0
#include "secret/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>

#include "base/file_descriptor.h"
#include "base/process_hardening.h"

namespace coffer::secret {
namespace {

constexpr size_t kSize = 256 * 1024;

// The two-letter flags of the mapping at `address` (proc(5), VmFlags).
[[maybe_unused]] std::set<std::string> mapping_flags(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  const std::string start = fmt::format("{:x}-", reinterpret_cast<uintptr_t>(address));
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.starts_with(start)) inside = true;
    if (!inside || !line.starts_with("VmFlags:")) continue;
    std::istringstream words(line.substr(8));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

ssize_t read_through_proc(const void* address, void* out, size_t size) {
  const FileDescriptor memory(::open("/proc/self/mem", O_RDONLY));
  return ::pread(memory.get(), out, size, static_cast<off_t>(reinterpret_cast<uintptr_t>(address)));
}

// What `body` returns, run in a forked child; -1 when the child died.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool kernel_has_memfd_secret() {
  const FileDescriptor probe(static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC)));
  return probe.valid();
}

// Is the strongest memory that the kernel offers the one we get?
TEST(Segment, IsMemfdSecretWhereTheKernelHasIt) {
  const Segment segment = map_segment(kSize, kSize);
  EXPECT_EQ(segment.kind, kernel_has_memfd_secret() ? ArenaKind::kMemfdSecret : ArenaKind::kLockedMemory);
}

#ifndef COFFER_SANITIZED  // sanitizers make mlock(2) do nothing
TEST(Segment, IsNeitherDumpedNorSwappedNorInherited) {
  const Segment segment = map_segment(kSize, kSize);
  memset(segment.base, 0x77, segment.size);
  const auto flags = mapping_flags(segment.base);
  EXPECT_TRUE(flags.contains("dd"));
  EXPECT_TRUE(flags.contains("lo"));
  EXPECT_TRUE(flags.contains("dc") || flags.contains("wf"));

  const Segment locked = map_locked_segment(kSize, kSize);
  const auto locked_flags = mapping_flags(locked.base);
  EXPECT_EQ(locked.kind, ArenaKind::kLockedMemory);
  EXPECT_TRUE(locked_flags.contains("dd") && locked_flags.contains("lo") && locked_flags.contains("wf"));

  // The control: ordinary memory carries none of these.
  void* ordinary = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const auto ordinary_flags = mapping_flags(ordinary);
  EXPECT_FALSE(ordinary_flags.empty());
  EXPECT_FALSE(ordinary_flags.contains("dd") || ordinary_flags.contains("lo"));
  ::munmap(ordinary, kSize);
}

// What does a user without privileges get when the limit on locked memory is small?
TEST(Segment, FallsBackWithinTheLimitOnLockedMemory) {
  const auto kind_under_limit = [](size_t limit, size_t preferred, size_t minimum) {
    return in_child([=]() -> int {
      const rlimit memory{limit, limit};
      if (::setrlimit(RLIMIT_MEMLOCK, &memory) != 0) return 100;
      if (::geteuid() == 0 && ::setuid(65534) != 0) return 101;
      const Segment segment = map_segment(preferred, minimum);
      if (segment.base == nullptr || segment.size < minimum) return 102;
      memset(segment.base, 1, segment.size);
      return static_cast<int>(segment.kind);
    });
  };
  EXPECT_EQ(kind_under_limit(64 * 1024, 1 << 20, 32 * 1024),
            static_cast<int>(map_segment(kSize, kSize).kind));
  // Room for more, where some is there already, is not worth memory that cannot be locked.
  EXPECT_EQ(kind_under_limit(64 * 1024, 1 << 20, 0), 102);
  // Too small even for the minimum: it works on, and says so.
  EXPECT_EQ(kind_under_limit(0, 1 << 20, 32 * 1024), static_cast<int>(ArenaKind::kOrdinaryMemory));
}
#endif

// Can a reader of /proc/PID/mem (a debugger, gcore) see it? Only in the memory we fall back to.
TEST(Segment, SecretMemoryIsNotReadableThroughProc) {
  const Segment segment = map_segment(kSize, kSize);
  memset(segment.base, 0x77, segment.size);
  uint8_t seen[16] = {};
  EXPECT_EQ(read_through_proc(segment.base, seen, sizeof seen) < 0, kernel_has_memfd_secret());
  uint8_t control[16] = {1, 2, 3};
  EXPECT_EQ(read_through_proc(control, seen, sizeof seen), static_cast<ssize_t>(sizeof seen));
  EXPECT_EQ(memcmp(control, seen, sizeof seen), 0);
}

TEST(Segment, AForkedChildSeesNoContents) {
  const Segment secret = map_segment(kSize, kSize), locked = map_locked_segment(kSize, kSize);
  memset(secret.base, 0x77, secret.size);
  memset(locked.base, 0x77, locked.size);
  // The kernel copies, so that a missing mapping is an error and not a crash.
  const auto first_byte = [](const Segment& segment) {
    int ends[2];
    if (::pipe(ends) != 0) return 2;
    if (::write(ends[1], segment.base, 1) != 1) return 0;
    uint8_t byte = 0;
    return ::read(ends[0], &byte, 1) == 1 ? int{byte} : 2;
  };
  EXPECT_EQ(first_byte(secret), 0x77);
  EXPECT_EQ(in_child([&] { return first_byte(secret); }), 0);
  EXPECT_EQ(in_child([&] { return first_byte(locked); }), 0);
}

TEST(SegmentDeathTest, HasAGuardPageOnEachSide) {
  const Segment segment = map_locked_segment(kSize, kSize);
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(segment.base + segment.size) = 1, "");
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(segment.base - 1) = 1, "");
}

// keyd and volumed outgrow their first segment when they are confined already.
TEST(Segment, MoreIsMappedUnderTheSystemCallFilter) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (map_segment(kSize, kSize).base == nullptr) ::_exit(1);
    if (!confine_system_calls(basic_system_calls())) ::_exit(2);
    ::_exit(map_segment(kSize, kSize).base == nullptr ? 3 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace coffer::secret
