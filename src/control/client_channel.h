// SPDX-License-Identifier: Apache-2.0
// apid's end of the channel to volumed: sends a request and waits for its reply. Thread-safe; the calls of
// several threads are told apart by their numbers.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "control/messages.h"

namespace coffer::control {

class ClientChannel {
 public:
  ClientChannel();
  ~ClientChannel();
  // Replaces an earlier one: calls that are under way on that end with kUnavailable.
  void connect(FileDescriptor channel);

  // volumed's reply, also where that is an Error. kUnavailable when there is none in time: then it is not
  // known whether volumed did what it was asked.
  Result<Reply> call(const Request& request);

  // The reply of the kind that is expected, or the error.
  template <class Expected>
  Result<Expected> ask(const Request& request) {
    COFFER_TRY(reply, call(request));
    if (auto* error = std::get_if<Error>(&reply)) return tl::unexpected(std::move(*error));
    if (auto* expected = std::get_if<Expected>(&reply)) return std::move(*expected);
    return fail(ErrorKind::kInternal, "volumed sent a reply of another kind");
  }

 private:
  class Connection;
  std::shared_ptr<Connection> wait(std::chrono::steady_clock::time_point deadline);

  std::mutex mutex_;
  std::condition_variable connected_;
  std::shared_ptr<Connection> connection_;  // under mutex_
};

}  // namespace coffer::control
