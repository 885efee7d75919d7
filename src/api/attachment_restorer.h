// SPDX-License-Identifier: Apache-2.0
// When volumed or keyd is back: has what the catalog says is attached attached again, on a thread of its own,
// once volumed has enrolled with keyd. What cannot be attached, because its key is disabled say, is tried
// again every few seconds.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "services/installation.h"

namespace coffer::api {

class AttachmentRestorer {
 public:
  AttachmentRestorer(Installation& installation, std::function<bool()> restore);
  ~AttachmentRestorer();
  void notify();  // a channel to keyd or volumed is new

 private:
  void run();
  bool parts_are_ready();

  Installation& installation_;
  const std::function<bool()> restore_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace coffer::api
