// SPDX-License-Identifier: Apache-2.0
#include "host/idle_flusher.h"

namespace coffer::host {

void IdleFlusher::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, pause_, [this] { return stopping_; })) {
    lock.unlock();
    attachments_.flush_idle();
    lock.lock();
  }
}

void IdleFlusher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace coffer::host
