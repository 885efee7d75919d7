// SPDX-License-Identifier: Apache-2.0
#include "secret/arena.h"

#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "secret/block_allocator.h"

namespace coffer::secret {

std::string_view to_string(ArenaKind kind) {
  switch (kind) {
    case ArenaKind::kMemfdSecret:
      return "memfd_secret";
    case ArenaKind::kLockedMemory:
      return "locked memory";
    case ArenaKind::kOrdinaryMemory:
      return "ordinary memory";
  }
  return "?";
}

#ifdef COFFER_SANITIZED

// Each block on its own in ordinary memory, so that the sanitizers see overruns and leaks.
namespace {
std::atomic<size_t> used{0};
}

void initialise_arena(size_t) {}
ArenaKind arena_kind() {
  return ArenaKind::kOrdinaryMemory;
}
ArenaUsage arena_usage() {
  return {used, used};
}

void* arena_allocate(size_t size) {
  void* block = nullptr;
  if (::posix_memalign(&block, kBlockAlignment, size == 0 ? 1 : size) != 0) std::abort();
  memset(block, 0, malloc_usable_size(block));
  used += malloc_usable_size(block);
  return block;
}

void* arena_resize(void* pointer, size_t size) {
  void* block = arena_allocate(size);
  if (pointer != nullptr) memcpy(block, pointer, std::min(size, malloc_usable_size(pointer)));
  arena_release(pointer);
  return block;
}

void arena_release(void* pointer) {
  if (pointer == nullptr) return;
  used -= malloc_usable_size(pointer);
  explicit_bzero(pointer, malloc_usable_size(pointer));
  ::free(pointer);
}

#else

namespace {

constexpr size_t kDefaultCapacity = 8 * 1024 * 1024;

// Made at first use and never destroyed: OpenSSL may allocate before main and release after its statics.
BlockAllocator& allocator() {
  static BlockAllocator* const instance = [] {
    auto* made = new BlockAllocator(map_segment);
    static BlockAllocator* forking = nullptr;  // pthread_atfork takes plain functions
    forking = made;
    ::pthread_atfork([] { forking->before_fork(); }, [] { forking->after_fork_in_parent(); },
                     [] { forking->after_fork_in_child(); });
    return made;
  }();
  return *instance;
}

// The default capacity, unless initialise_arena() came first.
BlockAllocator& ready_allocator() {
  static std::once_flag reserved;
  std::call_once(reserved, [] {
    if (allocator().usage().capacity == 0) allocator().reserve(kDefaultCapacity);
  });
  return allocator();
}

}  // namespace

void initialise_arena(size_t capacity) {
  allocator().reserve(capacity);
}
ArenaKind arena_kind() {
  return ready_allocator().weakest_kind();
}
ArenaUsage arena_usage() {
  return ready_allocator().usage();
}

void* arena_allocate(size_t size) {
  return ready_allocator().allocate(size);
}

void* arena_resize(void* pointer, size_t size) {
  if (pointer == nullptr) return arena_allocate(size);
  const size_t old_size = allocator().block_size(pointer);
  if (size <= old_size && size > old_size / 2) {
    explicit_bzero(static_cast<uint8_t*>(pointer) + size, old_size - size);
    return pointer;
  }
  void* block = arena_allocate(size);
  memcpy(block, pointer, std::min(size, old_size));
  arena_release(pointer);
  return block;
}

void arena_release(void* pointer) {
  if (pointer != nullptr) allocator().release(pointer);
}

#endif

}  // namespace coffer::secret
