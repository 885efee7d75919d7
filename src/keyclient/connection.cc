// SPDX-License-Identifier: Apache-2.0
#include "keyclient/connection.h"

#include <algorithm>
#include <iterator>
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
  for (auto& [host, requests] : queued_)
    for (Unsent& request : requests) secret::wipe(request.packet);
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
  if (fiber != nullptr) {
    std::vector<Unsent> one;
    one.push_back(std::move(request));
    return queue(fiber->host(), std::move(one));
  }
  Status sent;
  {
    const std::lock_guard lock(sending_);
    sent = channel_.send(request.packet);
  }
  secret::wipe(request.packet);
  if (!sent) complete(request.id, {Sent::kNo, tl::unexpected(unavailable("keyd is not there"))});
}

// The loop comes to them after what is ready now.
void Connection::queue(FiberHost& host, std::vector<Unsent> requests) {
  const std::lock_guard lock(mutex_);
  auto& queued = queued_[&host];
  const bool first = queued.empty();
  queued.insert(queued.end(), std::make_move_iterator(requests.begin()),
                std::make_move_iterator(requests.end()));
  if (first) host.post([self = shared_from_this(), &host] { self->send_queued(host); });
}

// What is queued for that loop, but for what nobody waits for any more.
std::vector<Connection::Unsent> Connection::take_queued(FiberHost& host) {
  const std::lock_guard lock(mutex_);
  std::vector<Unsent> requests = std::exchange(queued_[&host], {});
  std::erase_if(requests, [this](Unsent& request) {
    const bool given_up = !waiting_.contains(request.id);
    if (given_up) secret::wipe(request.packet);
    return given_up;
  });
  return requests;
}

// Never waits: a keyd that takes no more, or a thread that waits for it, must not stop the loop.
void Connection::send_queued(FiberHost& host) {
  std::vector<Unsent> requests = take_queued(host);
  std::vector<ByteView> packets(requests.size());
  std::ranges::transform(requests, packets.begin(),
                         [](const Unsent& request) { return ByteView(request.packet); });
  Result<size_t> sent = size_t{0};
  if (std::unique_lock lock(sending_, std::try_to_lock); lock) sent = channel_.send_some(packets);
  const size_t gone = sent ? *sent : requests.size();
  for (size_t i = 0; i < gone; ++i) {
    secret::wipe(requests[i].packet);
    if (!sent) complete(requests[i].id, {Sent::kNo, tl::unexpected(unavailable("keyd is not there"))});
  }
  requests.erase(requests.begin(), requests.begin() + static_cast<ptrdiff_t>(gone));
  if (!requests.empty()) queue(host, std::move(requests));
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
