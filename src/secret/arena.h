// SPDX-License-Identifier: Apache-2.0
// The memory that secrets live in: memfd_secret(2) where the kernel has it (the kernel itself cannot read
// it through its direct map, and no core dump or /proc/PID/mem shows it), otherwise anonymous memory with
// mlock and MADV_DONTDUMP, and a warning in `coffer status`. Wiped on release; MADV_WIPEONFORK on fallback.
// Thread-safe. Freed memory is wiped before it can be given out again. A forked child has none of its
// parent's blocks: it must not touch a secret made before the fork, only drop it.
#pragma once
#include <cstddef>
#include <string_view>

namespace coffer::secret {

// From strongest to weakest. kOrdinaryMemory: sanitizer builds, and where RLIMIT_MEMLOCK is used up.
enum class ArenaKind { kMemfdSecret, kLockedMemory, kOrdinaryMemory };

// Sets up the arena with room for `capacity` bytes, as far as it can be locked. Called early in main, again
// with less where RLIMIT_MEMLOCK may not allow as much; without it the first allocation sets one up with 8
// MiB. Growth beyond capacity maps further segments.
void initialise_arena(size_t capacity);
ArenaKind arena_kind();  // the weakest of all segments mapped so far
std::string_view to_string(ArenaKind kind);

// Aligned to 64 bytes, zero-filled; aborts when memory is exhausted. `release` wipes.
void* arena_allocate(size_t size);
void* arena_resize(void* pointer, size_t size);
void arena_release(void* pointer);

struct ArenaUsage {
  size_t capacity = 0, used = 0;
};
ArenaUsage arena_usage();

}  // namespace coffer::secret
