// SPDX-License-Identifier: Apache-2.0
#include "keys/server.h"

#include <algorithm>
#include <mutex>
#include <vector>

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

// A recipient enrols now and then; what apid asks for is work for every core, up to where the locked memory
// for their buffers would become dear.
size_t threads_for(const ChannelRole& role) {
  constexpr size_t kMost = 8;
  if (role.kind != ChannelRole::Kind::kApi) return 1;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMost);
}

// What answers one channel, in several threads.
class ChannelService {
 public:
  ChannelService(Operations& operations, const ChannelRole& role, PacketChannel& channel)
      : operations_(operations),
        role_(role),
        channel_(channel),
        replies_(channel),
        rsa_keys_(kWidthForRsa, [this](const auto& slow) { answer_aside(slow); }),
        tokens_(kWidthForTokens, [this](const auto& slow) { answer_aside(slow); }),
        sealed_keys_(kWidthForSealedKeys, [this](const auto& slow) { answer_aside(slow); }) {}

  // One receiver, with a buffer of its own: until the channel is closed.
  void answer_requests() {
    secret::SecretBytes buffer(PacketChannel::kLargestPacket);
    const MutableByteView packet = buffer.write(RawAccess::because("requests may carry plaintext"));
    while (true) {
      secret::wipe_vector_registers();
      const auto size = channel_.receive_into(packet);
      if (!size) break;
      const MutableByteView request = packet.first(*size);
      const bool goes_on = take(request);
      secret::wipe(request);
      if (!goes_on) break;
    }
    channel_.shutdown();
  }

 private:
  bool take(ByteView request) {
    const Speed speed = speed_of(request);
    if (speed == Speed::kFast) return send(answer(operations_, role_, request));
    return lane_for(speed).add(secret::SecretBytes::copy_of(request)) || send(too_busy(request));
  }

  SlowLane& lane_for(Speed speed) {
    if (speed == Speed::kChangesSealedKeys) return sealed_keys_;
    return speed == Speed::kWaitsForToken ? tokens_ : rsa_keys_;
  }

  bool send(const Result<secret::SecretBytes>& reply) {
    if (!reply) log_warning("a channel is closed: {}", reply.error().message);
    return reply && replies_.send(*reply);
  }

  void answer_aside(const secret::SecretBytes& slow) {
    const auto reply =
        answer(operations_, role_, slow.read(RawAccess::because("requests may carry plaintext")));
    if (reply) replies_.send(*reply);
  }

  Operations& operations_;
  const ChannelRole& role_;
  PacketChannel& channel_;
  Replies replies_;
  SlowLane rsa_keys_, tokens_, sealed_keys_;
};

}  // namespace

void serve_channel(Operations& operations, const ChannelRole& role, PacketChannel& channel, size_t threads) {
  ChannelService service(operations, role, channel);
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back([&] { service.answer_requests(); });
  service.answer_requests();
  for (auto& thread : others) thread.join();
}

Status Server::serve(const std::string& process, const std::string& host_id, FileDescriptor channel) {
  const auto role = ChannelRole::of_peer(process, host_id);
  if (!role)
    return fail(ErrorKind::kInvalidArgument, "a process named " + process + " has no business with keyd");
  auto& connection = connections_[process + " " + host_id];
  if (connection) stop(*connection);
  connection = std::make_unique<Connection>(Connection{PacketChannel(std::move(channel)), {}});
  connection->thread = std::thread([&operations = operations_, role = *role, &own = connection->channel] {
    serve_channel(operations, role, own, threads_for(role));
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
