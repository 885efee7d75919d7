// SPDX-License-Identifier: Apache-2.0
#include "secret/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file_descriptor.h"

namespace coffer::secret {
namespace {

size_t whole_pages(size_t size) {
  return (size + kPageSize - 1) / kPageSize * kPageSize;
}

// Address space with nothing behind it: `size` bytes and a guard page on each side of them.
uint8_t* reserve(size_t size) {
  void* memory = ::mmap(nullptr, size + 2 * kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory) + kPageSize;
}

void give_back(uint8_t* base, size_t size) {
  ::munmap(base - kPageSize, size + 2 * kPageSize);
}

// Both kinds of memory count against RLIMIT_MEMLOCK, unless we have CAP_IPC_LOCK.
// Once, at the first segment: later ones are mapped under keyd's and volumed's seccomp filter, which knows no
// such call.
void raise_locked_memory_limit() {
  [[maybe_unused]] static const bool raised = [] {
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return false;
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
  }();
}

bool map_secret_memory(uint8_t* base, size_t size) {
#ifdef SYS_memfd_secret
  const FileDescriptor file(static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC)));
  if (!file.valid() || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return false;
  if (::mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file.get(), 0) == MAP_FAILED)
    return false;
  // The mapping is shared by nature: without this a forked child would see our keys and write to them.
  return ::madvise(base, size, MADV_DONTFORK) == 0;
#else
  (void)base, (void)size;
  return false;
#endif
}

bool map_anonymous_memory(uint8_t* base, size_t size) {
  if (::mmap(base, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
      MAP_FAILED)
    return false;
  return ::madvise(base, size, MADV_DONTDUMP) == 0 && ::madvise(base, size, MADV_WIPEONFORK) == 0;
}

Segment map_secret_segment(size_t size) {
  uint8_t* base = reserve(size);
  if (base == nullptr) return {};
  if (map_secret_memory(base, size)) return {base, size, ArenaKind::kMemfdSecret};
  give_back(base, size);
  return {};
}

// Locked page by page as they are used: room that is reserved for many keys costs no memory before they come.
bool lock_memory(uint8_t* base, size_t size) {
  return ::mlock2(base, size, MLOCK_ONFAULT) == 0 || ::mlock(base, size) == 0;
}

// `lock`: a segment that cannot be locked is given back.
Segment map_anonymous_segment(size_t size, bool lock) {
  uint8_t* base = reserve(size);
  if (base == nullptr) return {};
  if (map_anonymous_memory(base, size) && (!lock || lock_memory(base, size)))
    return {base, size, lock ? ArenaKind::kLockedMemory : ArenaKind::kOrdinaryMemory};
  give_back(base, size);
  return {};
}

}  // namespace

Segment map_locked_segment(size_t preferred, size_t minimum) {
  raise_locked_memory_limit();
  for (const size_t size : {whole_pages(preferred), whole_pages(minimum)}) {
    if (size == 0) return {};
    if (const Segment segment = map_anonymous_segment(size, true); segment.base != nullptr) return segment;
  }
  // Not locked, so it may be swapped out. Stopping a daemon that holds volumes would be worse than this;
  // arena_kind() tells, and `status` warns.
  return map_anonymous_segment(whole_pages(minimum), false);
}

Segment map_segment(size_t preferred, size_t minimum) {
  raise_locked_memory_limit();
  for (const size_t size : {whole_pages(preferred), whole_pages(minimum)}) {
    if (size == 0) break;
    if (const Segment segment = map_secret_segment(size); segment.base != nullptr) return segment;
  }
  return map_locked_segment(preferred, minimum);
}

}  // namespace coffer::secret
