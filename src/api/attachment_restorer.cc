// SPDX-License-Identifier: Apache-2.0
#include "api/attachment_restorer.h"

#include <chrono>

#include "base/log.h"

namespace coffer::api {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPause{100};
constexpr milliseconds kLongestPause{5000};
constexpr std::chrono::hours kRenewal{12};  // what restoring certifies does not last

}  // namespace

AttachmentRestorer::AttachmentRestorer(Installation& installation, std::function<bool()> restore)
    : installation_(installation), restore_(std::move(restore)), thread_([this] { run(); }) {}

AttachmentRestorer::~AttachmentRestorer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void AttachmentRestorer::notify() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_all();
}

// Asked again and again rather than told: a channel is there before its process serves.
void AttachmentRestorer::run() {
  milliseconds pause = kPause;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, kRenewal, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    const bool ready = parts_are_ready();
    bool restored = false;
    try {
      restored = ready && restore_();
    } catch (const std::exception& exception) {
      log_error("restoring attachments: {}", exception.what());
    }
    lock.lock();
    if (restored) {
      pause = kPause;
      continue;
    }
    wake_.wait_for(lock, ready ? kLongestPause : pause, [this] { return wanted_ || stopping_; });
    wanted_ = true;
    pause = ready ? kPause : std::min(pause * 2, kLongestPause);
  }
}

bool AttachmentRestorer::parts_are_ready() {
  const auto keyd = installation_.keyd.status();
  return keyd && keyd->recipient_enrolled && installation_.volumed.status();
}

}  // namespace coffer::api
