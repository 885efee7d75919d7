// SPDX-License-Identifier: Apache-2.0
#include "base/supervisor_channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>
#include <vector>

namespace coffer {
namespace {

constexpr size_t kLongestReport = 4096;
constexpr std::string_view kUnseal = "unseal ";

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    if (space != 0) words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return words;
}

}  // namespace

SupervisorChannel::SupervisorChannel(FileDescriptor socket)
    : channel_(std::make_unique<PacketChannel>(std::move(socket))),
      sending_(std::make_unique<std::mutex>()) {}

Result<SupervisorChannel> SupervisorChannel::inherited() {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kInheritedDescriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
    return fail(ErrorKind::kInvalidArgument,
                "descriptor 3 is no channel to a supervisor: this program is started by `coffer up`");
  ::fcntl(kInheritedDescriptor, F_SETFD, FD_CLOEXEC);
  return SupervisorChannel(FileDescriptor(kInheritedDescriptor));
}

Result<SupervisorMessage> SupervisorChannel::next() {
  using Kind = SupervisorMessage::Kind;
  auto packet = channel_->receive();
  if (!packet) {
    if (packet.error().kind == ErrorKind::kUnavailable) return SupervisorMessage{};
    return tl::unexpected(std::move(packet.error()));
  }
  if (as_text(packet->bytes).starts_with(kUnseal)) {
    SupervisorMessage message;
    message.kind = Kind::kUnseal;
    message.payload.assign(packet->bytes.begin() + kUnseal.size(), packet->bytes.end());
    ::explicit_bzero(packet->bytes.data(), packet->bytes.size());
    return message;
  }
  const auto words = words_of(as_text(packet->bytes));
  const std::string_view verb = words.empty() ? std::string_view() : words[0];
  const size_t descriptors = packet->descriptors.size();
  SupervisorMessage message;
  if (verb == "peer" && words.size() == 3 && descriptors == 1) {
    message = {
        Kind::kPeer, std::string(words[1]), std::string(words[2]), std::move(packet->descriptors[0]), {}};
  } else if (verb == "listen" && words.size() == 2 && descriptors == 1) {
    message = {Kind::kListen, std::string(words[1]), {}, std::move(packet->descriptors[0]), {}};
  } else if (verb == "started" && words.size() == 1 && descriptors == 0) {
    message.kind = Kind::kStarted;
  } else if (verb == "stop" && words.size() == 1 && descriptors == 0) {
    message.kind = Kind::kStop;
  } else {
    return fail(ErrorKind::kInvalidArgument, "the supervisor sent a message of an unknown form");
  }
  return message;
}

Status SupervisorChannel::report(std::string_view text) {
  const std::lock_guard lock(*sending_);
  return channel_->send(as_bytes(text));
}

Status SupervisorChannel::report_remember(ByteView seal_material) {
  return report_secret("remember ", seal_material);
}

Status SupervisorChannel::report_in_force(ByteView seal_material) {
  return report_secret("in-force ", seal_material);
}

Status SupervisorChannel::report_secret(std::string_view verb, ByteView secret) {
  Bytes packet;
  packet.reserve(verb.size() + secret.size());
  packet.insert(packet.end(), verb.begin(), verb.end());
  packet.insert(packet.end(), secret.begin(), secret.end());
  const std::lock_guard lock(*sending_);
  const Status sent = channel_->send(packet);
  ::explicit_bzero(packet.data(), packet.size());
  return sent;
}

Status SupervisorChannel::report_start_sealer(const std::string& number) {
  return report("start-sealer " + number);
}

Status SupervisorChannel::report_ready() {
  return report("ready");
}

Status SupervisorChannel::report_failed(std::string_view text) {
  return report("failed " + std::string(text.substr(0, kLongestReport)));
}

}  // namespace coffer
