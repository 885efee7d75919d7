// SPDX-License-Identifier: Apache-2.0
#include "keyclient/connection.h"

namespace coffer::keyclient {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

Error unavailable(std::string message) {
  return Error{ErrorKind::kUnavailable, std::move(message)};
}

}  // namespace

Connection::Connection(FileDescriptor socket)
    : channel_(std::move(socket)), reader_([this] { read_replies(); }) {}

Connection::~Connection() {
  close();
}

void Connection::close() {
  channel_.shutdown();
  std::call_once(joined_, [this] { reader_.join(); });
}

bool Connection::alive() const {
  const std::lock_guard lock(mutex_);
  return alive_;
}

Connection::Outcome Connection::call(uint64_t id, ByteView packet,
                                     std::chrono::steady_clock::time_point deadline) {
  if (packet.size() > PacketChannel::kLargestPacket)
    return {Sent::kYes, fail(ErrorKind::kLimitExceeded, "the request does not fit a packet")};
  Waiting own{false, SecretBytes()};
  {
    const std::lock_guard lock(mutex_);
    if (!alive_) return {Sent::kNo, tl::unexpected(unavailable("keyd is not there"))};
    waiting_.emplace(id, &own);
  }
  Status sent;
  {
    const std::lock_guard lock(sending_);
    sent = channel_.send(packet);
  }
  std::unique_lock lock(mutex_);
  if (sent) completed_.wait_until(lock, deadline, [&] { return own.done; });
  waiting_.erase(id);
  if (!sent) return {Sent::kNo, tl::unexpected(unavailable("keyd is not there"))};
  if (!own.done) return {Sent::kYes, tl::unexpected(unavailable("keyd did not answer in time"))};
  return {Sent::kYes, std::move(own.body)};
}

void Connection::read_replies() {
  SecretBytes buffer(PacketChannel::kLargestPacket);
  const MutableByteView packet = buffer.write(RawAccess::because("replies may carry plaintext"));
  while (true) {
    const auto size = channel_.receive_into(packet);
    if (!size) break;
    const auto reply = format::keyd::parse_reply(packet.first(*size));
    if (reply) complete(*reply);
    secret::wipe(packet.first(*size));
    if (!reply) break;
  }
  end();
}

void Connection::complete(const format::keyd::Reply& reply) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(reply.id);
  if (found == waiting_.end()) return;  // its caller has given up
  if (reply.status) {
    found->second->body = SecretBytes::copy_of(reply.body);
  } else {
    found->second->body = tl::unexpected(reply.status.error());
  }
  found->second->done = true;
  completed_.notify_all();
}

void Connection::end() {
  channel_.shutdown();
  const std::lock_guard lock(mutex_);
  alive_ = false;
  for (auto& [id, waiting] : waiting_) {
    if (waiting->done) continue;
    waiting->body = tl::unexpected(unavailable("keyd ended during the call"));
    waiting->done = true;
  }
  completed_.notify_all();
}

}  // namespace coffer::keyclient
