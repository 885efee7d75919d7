// SPDX-License-Identifier: Apache-2.0
#include "control/messages.h"

#include <algorithm>

#include "base/packet_channel.h"
#include "format/codec.h"
#include "format/error_code.h"

namespace coffer::control {
namespace {

// One description of each message serves both directions: a Packer writes what a field holds, an Unpacker
// fills it. Both note a field beyond its bound and a message that does not add up.
class Packer {
 public:
  static constexpr bool kReads = false;
  void integer(uint8_t value) { out_.u8(value); }
  void integer(uint16_t value) { out_.u16(value); }
  void integer(uint32_t value) { out_.u32(value); }
  void integer(uint64_t value) { out_.u64(value); }
  void flag(bool value) { out_.u8(value ? 1 : 0); }
  void text(const std::string& value, size_t longest) { field(as_bytes(value), longest); }
  void bytes(const Bytes& value, size_t longest) { field(value, longest); }
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  Bytes take() { return out_.take(); }

 private:
  void field(ByteView value, size_t longest) {
    if (value.size() > longest) ok_ = false;
    out_.field(value);
  }
  format::Writer out_;
  bool ok_ = true;
};

class Unpacker {
 public:
  static constexpr bool kReads = true;
  explicit Unpacker(ByteView bytes) : in_(bytes) {}
  void integer(uint8_t& value) { value = in_.u8(); }
  void integer(uint16_t& value) { value = in_.u16(); }
  void integer(uint32_t& value) { value = in_.u32(); }
  void integer(uint64_t& value) { value = in_.u64(); }
  void flag(bool& value) {
    const uint8_t read = in_.u8();
    if (read > 1) in_.fail();
    value = read == 1;
  }
  void text(std::string& value, size_t longest) { value = std::string(as_text(field(longest))); }
  void bytes(Bytes& value, size_t longest) { value = to_bytes(field(longest)); }
  bool ok() const { return in_.ok(); }
  void fail() { in_.fail(); }
  bool complete() const { return in_.at_end(); }

 private:
  ByteView field(size_t longest) {
    const ByteView found = in_.field();
    if (found.size() > longest) in_.fail();
    return found;
  }
  format::Reader in_;
};

template <class Codec, class Text>
void name(Codec& codec, Text& value) {
  codec.text(value, kLongestName);
}

template <class Codec, class Optional>
void wrapped_key(Codec& codec, Optional& key) {
  bool present = key.has_value();
  codec.flag(present);
  if (!present) return;
  if constexpr (Codec::kReads) key.emplace();
  codec.bytes(*key, kLongestWrappedKey);
}

template <class Codec, class List, class Item>
void list(Codec& codec, List& items, size_t most, Item item) {
  uint16_t count = static_cast<uint16_t>(std::min<size_t>(items.size(), 0xffff));
  codec.integer(count);
  if (count > most) return codec.fail();
  if constexpr (Codec::kReads) items.resize(codec.ok() ? count : 0);
  for (auto& one : items) item(codec, one);
}

// What each message holds, in order (docs/format/control-protocol.md).
template <class Codec, class T>
void visit_attached(Codec& codec, T& volume) {
  name(codec, volume.volume_id);
  name(codec, volume.attachment_id);
  codec.text(volume.socket_path, kLongestText);
  codec.integer(volume.size_bytes);
  codec.flag(volume.encrypted);
  codec.integer(volume.clients);
  codec.text(volume.failure, kLongestText);
}

template <class T, class Message>
inline constexpr bool is = std::is_same_v<std::remove_const_t<Message>, T>;

template <class Codec, class Message>
void visit(Codec& codec, Message& message) {
  const auto layer = [](auto& to, auto& one) {
    name(to, one.layer_id);
    wrapped_key(to, one.wrapped_key);
  };
  const auto volume = [](auto& to, auto& one) { visit_attached(to, one); };
  const auto id = [](auto& to, auto& one) { name(to, one); };
  if constexpr (is<GetStatus, Message> || is<ListVolumes, Message>) {
    name(codec, message.after);
  } else if constexpr (is<CreateVolume, Message>) {
    name(codec, message.volume.volume_id);
    codec.integer(message.volume.size_bytes);
    layer(codec, message.volume);
  } else if constexpr (is<DeleteVolume, Message>) {
    name(codec, message.volume_id);
  } else if constexpr (is<PrepareAttachment, Message>) {
    name(codec, message.volume_id);
    name(codec, message.attachment_id);
  } else if constexpr (is<AttachVolume, Message>) {
    name(codec, message.volume_id);
    name(codec, message.attachment_id);
    codec.bytes(message.box, kLongestBox);
  } else if constexpr (is<DetachVolume, Message>) {
    name(codec, message.volume_id);
    codec.flag(message.force);
  } else if constexpr (is<StatusPage, Message>) {
    name(codec, message.status.host_id);
    codec.text(message.status.arena, kLongestText);
    codec.text(message.status.cipher, kLongestText);
    list(codec, message.status.attached, kMostVolumesDescribed, volume);
    codec.flag(message.more);
  } else if constexpr (is<VolumePage, Message>) {
    list(codec, message.volume_ids, kMostVolumesListed, id);
    codec.flag(message.more);
  } else if constexpr (is<PreparedAttachment, Message>) {
    list(codec, message.layers, kMostLayers, layer);
    codec.bytes(message.nonce, kLongestNonce);
  } else if constexpr (is<AttachedVolume, Message>) {
    visit_attached(codec, message);
  } else {
    static_assert(is<Done, Message>);
  }
}

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
