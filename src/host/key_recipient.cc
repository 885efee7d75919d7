// SPDX-License-Identifier: Apache-2.0
#include "host/key_recipient.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/log.h"

namespace coffer::host {
namespace {

constexpr int kRetryMilliseconds = 500;

// True once the other end is gone, or we have shut the channel down; waits for it at most so long (-1: for
// ever).
bool channel_ended(int socket, int milliseconds) {
  pollfd end{socket, 0, 0};
  return ::poll(&end, 1, milliseconds) > 0;
}

}  // namespace

Result<std::unique_ptr<KeyRecipient>> KeyRecipient::create() {
  COFFER_TRY(pair, crypto::make_recipient_key_pair());
  return std::make_unique<KeyRecipient>(std::move(pair));
}

KeyRecipient::~KeyRecipient() {
  disconnect();
}

void KeyRecipient::connect(FileDescriptor channel) {
  disconnect();
  channel_ = std::move(channel);
  thread_ = std::thread([this] { keep_enrolled(); });
}

void KeyRecipient::disconnect() {
  if (!thread_.joinable()) return;
  ::shutdown(channel_.get(), SHUT_RDWR);
  thread_.join();
}

void KeyRecipient::keep_enrolled() {
  Status status = keyclient::enrol_recipient(channel_, pair_.public_key);
  while (!status) {
    if (channel_ended(channel_.get(), kRetryMilliseconds)) return;
    log_warning("this host is not enrolled with keyd yet: {}", status.error().message);
    status = keyclient::enrol_recipient(channel_, pair_.public_key);
  }
  set_enrolled(true);
  while (!channel_ended(channel_.get(), -1)) {
  }
  // A new keyd knows nobody until it is told.
  set_enrolled(false);
}

void KeyRecipient::set_enrolled(bool enrolled) {
  std::lock_guard lock(mutex_);
  enrolled_ = enrolled;
  changed_.notify_all();
}

bool KeyRecipient::wait_until_enrolled(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return enrolled_; });
}

Result<std::vector<keyclient::BoxedKey>> KeyRecipient::open(ByteView box,
                                                            const keyclient::BoxBinding& binding) const {
  COFFER_TRY(contents, crypto::open_box(pair_, keyclient::box_binding_bytes(binding), box));
  return keyclient::parse_boxed_keys(contents);
}

}  // namespace coffer::host
