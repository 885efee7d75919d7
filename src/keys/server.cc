// SPDX-License-Identifier: Apache-2.0
#include "keys/server.h"

#include "base/log.h"
#include "secret/registers.h"

namespace coffer::keys {

using secret::RawAccess;

void serve_channel(Operations& operations, const ChannelRole& role, PacketChannel& channel) {
  secret::SecretBytes buffer(PacketChannel::kLargestPacket);
  const MutableByteView packet = buffer.write(RawAccess::because("requests may carry plaintext"));
  while (true) {
    secret::wipe_vector_registers();
    const auto size = channel.receive_into(packet);
    if (!size) break;
    const auto reply = answer(operations, role, packet.first(*size));
    secret::wipe(packet.first(*size));
    if (!reply) {
      log_warning("a channel is closed: {}", reply.error().message);
      break;
    }
    if (!channel.send(reply->read(RawAccess::because("replies may carry plaintext")))) break;
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
