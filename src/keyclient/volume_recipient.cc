// SPDX-License-Identifier: Apache-2.0
#include "keyclient/volume_recipient.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "base/packet_channel.h"
#include "format/keyd_protocol.h"
#include "format/volume_key_box.h"

namespace coffer::keyclient {
namespace {

constexpr uint64_t kRequestId = 1;
constexpr int kPatienceMilliseconds = 10'000;

Status wait_for_reply(int socket) {
  pollfd waiting{socket, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, kPatienceMilliseconds);
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return {};
  return fail(ErrorKind::kUnavailable, "keyd did not answer the enrolment in time");
}

}  // namespace

Status enrol_recipient(FileDescriptor& channel, ByteView public_key) {
  FileDescriptor own(::fcntl(channel.get(), F_DUPFD_CLOEXEC, 0));  // the caller's stays open
  if (!own.valid()) return fail_errno("duplicate the channel to keyd");
  PacketChannel packets(std::move(own));
  format::Writer writer;
  format::keyd::begin_request(writer, kRequestId, format::keyd::Operation::kEnrolRecipient);
  format::keyd::EnrolRecipient{to_bytes(public_key)}.write(writer);
  COFFER_CHECK(packets.send(writer.bytes()));
  COFFER_CHECK(wait_for_reply(packets.descriptor()));
  std::array<uint8_t, 8192> buffer{};
  COFFER_TRY(size, packets.receive_into(buffer));
  COFFER_TRY(reply, format::keyd::parse_reply(ByteView(buffer).first(size)));
  if (reply.id != kRequestId) return fail(ErrorKind::kInternal, "keyd answered another request");
  return reply.status;
}

Bytes box_binding_bytes(const BoxBinding& binding) {
  return format::frame(binding);
}

Result<std::vector<BoxedKey>> parse_boxed_keys(const secret::SecretBytes& contents) {
  COFFER_TRY(views, format::parse_boxed_keys(contents.read(
                        secret::RawAccess::because("the keys are taken out of an opened box"))));
  std::vector<BoxedKey> keys;
  for (auto& view : views) keys.push_back({std::move(view.layer_id), secret::SecretBytes::copy_of(view.key)});
  return keys;
}

}  // namespace coffer::keyclient
