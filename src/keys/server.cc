// SPDX-License-Identifier: Apache-2.0
#include "keys/server.h"

#include <mutex>

#include "base/log.h"
#include "format/keyd_protocol.h"
#include "keys/slow_lane.h"
#include "secret/registers.h"

namespace coffer::keys {

using secret::RawAccess;

namespace {

// The sending half of a channel, for several threads.
class Replies {
 public:
  explicit Replies(PacketChannel& channel) : channel_(channel) {}
  bool send(const secret::SecretBytes& reply) {
    const std::lock_guard lock(mutex_);
    return channel_.send(reply.read(RawAccess::because("replies may carry plaintext"))).has_value();
  }

 private:
  PacketChannel& channel_;
  std::mutex mutex_;
};

secret::SecretBytes too_busy(ByteView packet) {
  const auto request = format::keyd::parse_request(packet);
  return secret::SecretBytes::copy_of(format::keyd::encode_failure(
      request ? request->id : 0, Error{ErrorKind::kUnavailable, "too many slow calls are waiting"}));
}

}  // namespace

void serve_channel(Operations& operations, const ChannelRole& role, PacketChannel& channel) {
  secret::SecretBytes buffer(PacketChannel::kLargestPacket);
  const MutableByteView packet = buffer.write(RawAccess::because("requests may carry plaintext"));
  Replies replies(channel);
  const auto answer_aside = [&](const secret::SecretBytes& slow) {
    const auto reply =
        answer(operations, role, slow.read(RawAccess::because("requests may carry plaintext")));
    if (reply) replies.send(*reply);
  };
  SlowLane rsa_keys(kWidthForRsa, answer_aside), tokens(kWidthForTokens, answer_aside);
  while (true) {
    secret::wipe_vector_registers();
    const auto size = channel.receive_into(packet);
    if (!size) break;
    const MutableByteView request = packet.first(*size);
    const Speed speed = speed_of(request);
    const bool slow = speed != Speed::kFast;
    SlowLane& lane = speed == Speed::kWaitsForToken ? tokens : rsa_keys;
    if (slow && lane.add(secret::SecretBytes::copy_of(request))) {
      secret::wipe(request);
      continue;
    }
    const auto reply =
        slow ? Result<secret::SecretBytes>(too_busy(request)) : answer(operations, role, request);
    secret::wipe(request);
    if (!reply) {
      log_warning("a channel is closed: {}", reply.error().message);
      break;
    }
    if (!replies.send(*reply)) break;
  }
  channel.shutdown();
}

Status Server::serve(const std::string& process, const std::string& host_id, FileDescriptor channel) {
  const auto role = ChannelRole::of_peer(process, host_id);
  if (!role)
    return fail(ErrorKind::kInvalidArgument, "a process named " + process + " has no business with keyd");
  auto& connection = connections_[process + " " + host_id];
  if (connection) stop(*connection);
  connection = std::make_unique<Connection>(Connection{PacketChannel(std::move(channel)), {}});
  connection->thread = std::thread([&operations = operations_, role = *role, &own = connection->channel] {
    serve_channel(operations, role, own);
  });
  return {};
}

void Server::stop(Connection& connection) {
  connection.channel.shutdown();
  connection.thread.join();
}

Server::~Server() {
  for (auto& [name, connection] : connections_) stop(*connection);
}

}  // namespace coffer::keys
