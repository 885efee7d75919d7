// SPDX-License-Identifier: Apache-2.0
// Access to the bytes of a mapped file. Any such access can meet a page that is not there: the file became
// shorter, its disk failed, a memory file system is full. The kernel says it by SIGBUS, which ends a process;
// inside access_mapped() it becomes an ordinary answer. SIGBUS from anywhere else keeps its default action.
#pragma once
#include <type_traits>

#include "base/bytes.h"

namespace coffer {

// Installs the process's handler of SIGBUS, once. Whoever maps a file calls it first. Thread-safe.
void catch_mapped_faults();

namespace internal {
bool run_guarded(ByteView mapped, void (*action)(void*), void* argument);
}

// Runs `action`, which may touch `mapped`. False: a page of it was not there, and `action` was left by
// siglongjmp(3) in the middle. So `action` and all it calls must own nothing: no destructor waits to run, no
// lock is held, no allocation is made. What it was writing is then undefined. Not nested.
template <class Action>
[[nodiscard]] bool access_mapped(ByteView mapped, Action action) {
  static_assert(std::is_trivially_destructible_v<Action>);
  return internal::run_guarded(
      mapped, [](void* self) { (*static_cast<Action*>(self))(); }, &action);
}

}  // namespace coffer
