// SPDX-License-Identifier: Apache-2.0
#include "base/mapped_access.h"

#include <setjmp.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace coffer {
namespace {

// On the stack of the thread that accesses a mapping.
struct Guard {
  uintptr_t begin, end;
  sigjmp_buf back;
};
thread_local Guard* volatile current_guard = nullptr;

void on_bus_error(int, siginfo_t* about, void*) {
  // Not by the kernel's word on an address: somebody sent it.
  const bool fault = about->si_code > 0;
  Guard* const guard = current_guard;
  const auto address = reinterpret_cast<uintptr_t>(about->si_addr);
  if (fault && guard != nullptr && address >= guard->begin && address < guard->end)
    siglongjmp(guard->back, 1);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGBUS, &standard, nullptr);
  if (!fault) ::raise(SIGBUS);  // a fault comes again by itself
}

}  // namespace

void catch_mapped_faults() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction ours {};
    ours.sa_sigaction = on_bus_error;
    // Not blocked while it is handled: the handler is left by a jump, which then has no mask to restore.
    ours.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigaction(SIGBUS, &ours, nullptr);
  });
}

namespace internal {

bool run_guarded(ByteView mapped, void (*action)(void*), void* argument) {
  // A failed memory cell is reported by its page.
  constexpr uintptr_t kPage = 4096;
  const auto begin = reinterpret_cast<uintptr_t>(mapped.data());
  Guard guard;
  guard.begin = begin & ~(kPage - 1);
  guard.end = begin + mapped.size();
  if (sigsetjmp(guard.back, 0) != 0) {
    current_guard = nullptr;
    return false;
  }
  current_guard = &guard;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  action(argument);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  current_guard = nullptr;
  return true;
}

}  // namespace internal
}  // namespace coffer
