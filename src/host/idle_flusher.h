// SPDX-License-Identifier: Apache-2.0
// Flushes attached volumes that were written to and then left alone. No client asked for it, and nothing
// counts on it: but until a flush the state map on the disk does not know new data, and who copies
// DIR/volumes would miss what was written long before.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/attachments.h"

namespace coffer::host {

class IdleFlusher {
 public:
  // What nobody wrote to for one to two pauses is flushed. `attachments` outlives it.
  explicit IdleFlusher(Attachments& attachments, std::chrono::milliseconds pause = std::chrono::seconds(5))
      : attachments_(attachments), pause_(pause), thread_([this] { run(); }) {}
  ~IdleFlusher() { stop(); }

  // Idempotent.
  void stop();

 private:
  void run();

  Attachments& attachments_;
  const std::chrono::milliseconds pause_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // under mutex_
  std::thread thread_;     // last: it uses the others
};

}  // namespace coffer::host
