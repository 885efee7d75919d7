// SPDX-License-Identifier: Apache-2.0
#include "control/messages.h"

#include "base/packet_channel.h"
#include "control/message_fields.h"
#include "format/error_code.h"

namespace coffer::control {
namespace {

void visit(Packer& codec, const Error& error) {
  codec.integer(format::error_code(error.kind));
  codec.text(error.message.substr(0, kLongestText), kLongestText);
  codec.text(error.code.substr(0, kLongestName), kLongestName);
}
void visit(Unpacker& codec, Error& error) {
  uint8_t code = 0;
  codec.integer(code);
  codec.text(error.message, kLongestText);
  codec.text(error.code, kLongestName);
  if (const auto kind = format::error_kind(code)) {
    error.kind = *kind;
  } else {
    codec.fail();
  }
}

// version (2), number (8), type (1): the type is the place in the variant, which is part of the format.
template <class Variant>
Result<Bytes> write(uint64_t number, const Variant& message) {
  Packer packer;
  packer.integer(kProtocolVersion);
  packer.integer(number);
  packer.integer(static_cast<uint8_t>(message.index()));
  std::visit([&](const auto& one) { visit(packer, one); }, message);
  if (!packer.ok())
    return fail(ErrorKind::kLimitExceeded, "a field is too long for the protocol with volumed");
  Bytes bytes = packer.take();
  if (bytes.size() > PacketChannel::kLargestPacket)
    return fail(ErrorKind::kLimitExceeded, "a message is too long for the protocol with volumed");
  return bytes;
}

template <class Variant, size_t index = 0>
bool unpack_alternative(Unpacker& codec, uint8_t type, Variant& message) {
  if constexpr (index < std::variant_size_v<Variant>) {
    if (type != index) return unpack_alternative<Variant, index + 1>(codec, type, message);
    visit(codec, message.template emplace<index>());
    return true;
  } else {
    return false;
  }
}

template <class Variant>
Result<std::pair<uint64_t, Variant>> parse(ByteView packet) {
  Unpacker codec(packet);
  uint16_t version = 0;
  std::pair<uint64_t, Variant> parsed;
  uint8_t type = 0;
  codec.integer(version);
  if (codec.ok() && version != kProtocolVersion)
    return fail(ErrorKind::kTooNew, "apid and volumed speak different versions of their protocol");
  codec.integer(parsed.first);
  codec.integer(type);
  if (!codec.ok() || !unpack_alternative(codec, type, parsed.second) || !codec.complete())
    return fail(ErrorKind::kInvalidArgument, "malformed message between apid and volumed");
  return parsed;
}

}  // namespace

Result<Bytes> write_request(uint64_t number, const Request& request) {
  return write(number, request);
}
Result<Bytes> write_reply(uint64_t number, const Reply& reply) {
  return write(number, reply);
}

Result<NumberedRequest> parse_request(ByteView packet) {
  COFFER_TRY(parsed, parse<Request>(packet));
  return NumberedRequest{parsed.first, std::move(parsed.second)};
}

Result<NumberedReply> parse_reply(ByteView packet) {
  COFFER_TRY(parsed, parse<Reply>(packet));
  return NumberedReply{parsed.first, std::move(parsed.second)};
}

std::optional<uint64_t> request_number(ByteView packet) {
  format::Reader reader(packet);
  reader.u16();
  const uint64_t number = reader.u64();
  if (!reader.ok()) return std::nullopt;
  return number;
}

}  // namespace coffer::control
