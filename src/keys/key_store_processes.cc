// SPDX-License-Identifier: Apache-2.0
#include "keys/key_store_processes.h"

#include <chrono>

namespace coffer::keys {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);

}  // namespace

Result<FileDescriptor> KeyStoreProcesses::start() {
  std::unique_lock lock(mutex_);
  const std::string number = std::to_string(++last_);
  wanted_[number];
  FileDescriptor channel;
  if (ask_(number)) {
    changed_.wait_for(lock, kPatience, [&] { return wanted_[number].valid(); });
    channel = std::move(wanted_[number]);
  }
  wanted_.erase(number);
  if (!channel.valid()) return fail(ErrorKind::kUnavailable, "coffer-sealer is not started");
  return channel;
}

void KeyStoreProcesses::arrived(const std::string& number, FileDescriptor channel) {
  const std::lock_guard lock(mutex_);
  const auto wanted = wanted_.find(number);
  if (wanted == wanted_.end()) return;
  wanted->second = std::move(channel);
  changed_.notify_all();
}

}  // namespace coffer::keys
