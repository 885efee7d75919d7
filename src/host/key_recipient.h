// SPDX-License-Identifier: Apache-2.0
// This host's end of the way that volume keys take: an X25519 key pair of this process alone, made at its
// start and enrolled with keyd over volumed's own channel, and the opening of boxes sealed to it
// (ARCHITECTURE section 1).
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "crypto/sealed_box.h"
#include "keyclient/volume_recipient.h"

namespace coffer::host {

class KeyRecipient {
 public:
  static Result<std::unique_ptr<KeyRecipient>> create();
  explicit KeyRecipient(crypto::RecipientKeyPair pair) : pair_(std::move(pair)) {}
  ~KeyRecipient();

  // A channel to a keyd that does not know us yet: enrols in the background, and goes on trying while the
  // channel lasts. Replaces an earlier channel. One caller at a time.
  void connect(FileDescriptor channel);
  // Thread-safe. False: keyd is down, or did not answer in time.
  bool wait_until_enrolled(std::chrono::milliseconds patience);
  // Thread-safe. kRefusedCiphertext unless the box was sealed to us, for exactly this binding.
  Result<std::vector<keyclient::BoxedKey>> open(ByteView box, const keyclient::BoxBinding& binding) const;

 private:
  void disconnect();
  void keep_enrolled();
  void set_enrolled(bool enrolled);

  const crypto::RecipientKeyPair pair_;
  FileDescriptor channel_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool enrolled_ = false;  // under mutex_
};

}  // namespace coffer::host
