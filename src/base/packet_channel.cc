// SPDX-License-Identifier: Apache-2.0
#include "base/packet_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace coffer {

namespace {

// A peer that ends with messages unread resets the channel, which is said once and before its own last words
// (unix(7)); those are still there.
bool to_be_repeated(int error) {
  return error == EINTR || error == ECONNRESET;
}

}  // namespace

Status PacketChannel::send(ByteView bytes, std::span<const int> descriptors) {
  if (bytes.size() > kLargestPacket || descriptors.size() > kMostDescriptors)
    return fail(ErrorKind::kInternal, "packet too large");
  iovec vector{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)] = {};
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * descriptors.size());
  }
  while (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    return fail(ErrorKind::kUnavailable, errno_error("send").message);
  }
  return {};
}

Result<size_t> PacketChannel::send_some(std::span<const ByteView> packets) {
  constexpr size_t kMostAtOnce = 64;
  std::array<iovec, kMostAtOnce> vectors;
  std::array<mmsghdr, kMostAtOnce> messages;
  size_t total = 0;
  while (total < packets.size()) {
    const auto next = packets.subspan(total, std::min(packets.size() - total, kMostAtOnce));
    for (size_t i = 0; i < next.size(); ++i) {
      if (next[i].size() > kLargestPacket) {
        if (total > 0) return total;
        return fail(ErrorKind::kInternal, "packet too large");
      }
      vectors[i] = {const_cast<uint8_t*>(next[i].data()), next[i].size()};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = ::sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(next.size()),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (total > 0 || errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent < 0) return fail(ErrorKind::kUnavailable, errno_error("send").message);
    total += static_cast<size_t>(sent);
  }
  return total;
}

Result<Packet> PacketChannel::receive() {
  Packet packet;
  packet.bytes.resize(kLargestPacket);
  iovec vector{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && to_be_repeated(errno));
  if (got < 0) return fail(ErrorKind::kUnavailable, errno_error("receive").message);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      packet.descriptors.emplace_back(fd);
    }
  }
  // Messages of this protocol are never empty, so that zero means the end.
  if (got == 0) return fail(ErrorKind::kUnavailable, "the other process closed the channel");
  if (message.msg_flags & MSG_TRUNC) return fail(ErrorKind::kInvalidArgument, "packet too large");
  packet.bytes.resize(static_cast<size_t>(got));
  return packet;
}

Result<size_t> PacketChannel::receive_into(MutableByteView buffer) {
  iovec vector{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && to_be_repeated(errno));
  if (got < 0) return fail(ErrorKind::kUnavailable, errno_error("receive").message);
  if (got == 0) return fail(ErrorKind::kUnavailable, "the other process closed the channel");
  if (message.msg_flags & MSG_TRUNC) return fail(ErrorKind::kInvalidArgument, "packet too large");
  return static_cast<size_t>(got);
}

void PacketChannel::shutdown() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

Result<ChannelPair> make_channel_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("socketpair");
  return ChannelPair{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

}  // namespace coffer
