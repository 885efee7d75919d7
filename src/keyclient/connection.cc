// SPDX-License-Identifier: Apache-2.0
#include "keyclient/connection.h"

#include <algorithm>
#include <utility>

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

Connection::Outcome Connection::call(uint64_t id, Bytes packet,
                                     std::chrono::steady_clock::time_point deadline) {
  if (packet.size() > PacketChannel::kLargestPacket) {
    secret::wipe(packet);
    return {Sent::kYes, fail(ErrorKind::kLimitExceeded, "the request does not fit a packet")};
  }
  Waiting own;
  if (!add(id, own)) {
    secret::wipe(packet);
    return {Sent::kNo, tl::unexpected(unavailable("keyd is not there"))};
  }
  send(Fiber::current(), {id, std::move(packet)});
  if (own.completed.wait_until(deadline)) return std::move(own.outcome);
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  }
  // Whoever had found it before may have completed it since.
  if (own.completed.wait_until({})) return std::move(own.outcome);
  return {Sent::kYes, tl::unexpected(unavailable("keyd did not answer in time"))};
}

bool Connection::add(uint64_t id, Waiting& waiting) {
  const std::lock_guard lock(mutex_);
  if (alive_) waiting_.emplace(id, &waiting);
  return alive_;
}

void Connection::send(Fiber* fiber, Unsent request) {
  if (fiber == nullptr) {
    std::vector<Unsent> one;
    one.push_back(std::move(request));
    return send_all(std::move(one));
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queued_.empty();
    queued_.push_back(std::move(request));
  }
  if (first) fiber->host().post([self = shared_from_this()] { self->send_queued(); });
}

void Connection::send_queued() {
  std::vector<Unsent> requests;
  {
    const std::lock_guard lock(mutex_);
    requests = std::exchange(queued_, {});
  }
  send_all(std::move(requests));
}

void Connection::send_all(std::vector<Unsent> requests) {
  std::vector<ByteView> packets(requests.size());
  std::ranges::transform(requests, packets.begin(),
                         [](const Unsent& request) { return ByteView(request.packet); });
  Status sent;
  {
    const std::lock_guard lock(sending_);
    sent = channel_.send_all(packets);
  }
  for (Unsent& request : requests) {
    secret::wipe(request.packet);
    if (!sent) complete(request.id, {Sent::kNo, tl::unexpected(unavailable("keyd is not there"))});
  }
}

void Connection::read_replies() {
  SecretBytes buffer(PacketChannel::kLargestPacket);
  const MutableByteView packet = buffer.write(RawAccess::because("replies may carry plaintext"));
  while (true) {
    const auto size = channel_.receive_into(packet);
    if (!size) break;
    const auto reply = format::keyd::parse_reply(packet.first(*size));
    if (reply)
      complete(reply->id, {Sent::kYes, reply->status ? Result<SecretBytes>(SecretBytes::copy_of(reply->body))
                                                     : tl::unexpected(reply->status.error())});
    secret::wipe(packet.first(*size));
    if (!reply) break;
  }
  end();
}

void Connection::complete(uint64_t id, Outcome outcome) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;  // its caller has given up
  Waiting* const waiting = found->second;
  waiting_.erase(found);
  waiting->complete(std::move(outcome));
}

void Connection::end() {
  channel_.shutdown();
  const std::lock_guard lock(mutex_);
  alive_ = false;
  for (auto& [id, waiting] : std::exchange(waiting_, {}))
    waiting->complete({Sent::kYes, tl::unexpected(unavailable("keyd ended during the call"))});
}

}  // namespace coffer::keyclient
