// SPDX-License-Identifier: Apache-2.0
// keyd may start no program once it holds keys: the processes that have tokens open are started by the
// supervisor, at keyd's wish, and a channel to each comes back among the supervisor's messages.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace coffer::keys {

// Thread-safe.
class KeyStoreProcesses {
 public:
  // `ask`: asks the supervisor for a process, by a number that comes back with its channel.
  explicit KeyStoreProcesses(std::function<Status(const std::string& number)> ask) : ask_(std::move(ask)) {}

  // Waits for the channel; kUnavailable when none comes within five seconds.
  Result<FileDescriptor> start();
  // One that nobody waits for any more is closed, and so ends.
  void arrived(const std::string& number, FileDescriptor channel);

 private:
  const std::function<Status(const std::string&)> ask_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t last_ = 0;
  std::map<std::string, FileDescriptor> wanted_;  // not valid until it has come
};

}  // namespace coffer::keys
