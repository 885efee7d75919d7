// SPDX-License-Identifier: Apache-2.0
#include "format/nbd_handshake.h"

#include "format/big_endian.h"

namespace coffer::format::nbd {
namespace {

// Bounded big-endian reading; after a failure everything fails.
class BigEndianReader {
 public:
  explicit BigEndianReader(ByteView bytes) : left_(bytes) {}
  uint16_t u16() { return integer<uint16_t>(); }
  uint32_t u32() { return integer<uint32_t>(); }
  std::string_view text(size_t size) { return as_text(take(size)); }
  // A string with its 32-bit length before it, within the protocol's limit for strings.
  std::string_view string() {
    const uint32_t size = u32();
    if (size > kLongestString) ok_ = false;
    return text(size);
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && left_.empty(); }

 private:
  template <class T>
  T integer() {
    const ByteView bytes = take(sizeof(T));
    return bytes.empty() ? T{0} : get_big_endian<T>(bytes.data());
  }
  ByteView take(size_t size) {
    if (!ok_ || size > left_.size()) {
      ok_ = false;
      return {};
    }
    const ByteView taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }

  ByteView left_;
  bool ok_ = true;
};

class BigEndianWriter {
 public:
  template <class T>
  BigEndianWriter& integer(T value) {
    uint8_t bytes[sizeof(T)];
    put_big_endian(bytes, value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
    return *this;
  }
  BigEndianWriter& raw(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace

Bytes write_greeting() {
  return BigEndianWriter()
      .integer(kInitMagic)
      .integer(kOptionMagic)
      .integer(static_cast<uint16_t>(kFixedNewstyle | kNoZeroes))
      .take();
}

std::optional<ClientFlags> parse_client_flags(std::span<const uint8_t, kClientFlagsSize> bytes) {
  const auto flags = get_big_endian<uint32_t>(bytes.data());
  if (flags & ~uint32_t{kFixedNewstyle | kNoZeroes}) return std::nullopt;
  return ClientFlags{.no_zeroes = (flags & kNoZeroes) != 0};
}

std::optional<OptionHeader> parse_option_header(std::span<const uint8_t, kOptionHeaderSize> bytes) {
  if (get_big_endian<uint64_t>(bytes.data()) != kOptionMagic) return std::nullopt;
  const OptionHeader header{get_big_endian<uint32_t>(bytes.data() + 8),
                            get_big_endian<uint32_t>(bytes.data() + 12)};
  if (header.length > kLongestOption) return std::nullopt;
  return header;
}

std::optional<InformationRequest> parse_information_request(ByteView data) {
  BigEndianReader reader(data);
  InformationRequest request;
  request.export_name = reader.string();
  const uint16_t count = reader.u16();
  for (uint16_t i = 0; i < count && reader.ok(); ++i) {
    switch (reader.u16()) {
      case kInformationName:
        request.wants_name = true;
        break;
      case kInformationDescription:
        request.wants_description = true;
        break;
      case kInformationBlockSize:
        request.wants_block_size = true;
        break;
      default:
        break;  // unknown ones are ignored, the export's is always sent
    }
  }
  if (!reader.at_end()) return std::nullopt;
  return request;
}

std::optional<MetaContextRequest> parse_meta_context_request(ByteView data) {
  BigEndianReader reader(data);
  MetaContextRequest request;
  request.export_name = reader.string();
  const uint32_t count = reader.u32();
  request.too_many = count > kMostQueries;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view query = reader.string();
    if (!request.too_many) request.queries.push_back(query);
  }
  if (!reader.at_end()) return std::nullopt;
  return request;
}

Bytes write_option_reply(uint32_t option, uint32_t reply, ByteView data) {
  return BigEndianWriter()
      .integer(kOptionReplyMagic)
      .integer(option)
      .integer(reply)
      .integer(static_cast<uint32_t>(data.size()))
      .raw(data)
      .take();
}

Bytes write_export_entry(std::string_view name) {
  return BigEndianWriter().integer(static_cast<uint32_t>(name.size())).raw(as_bytes(name)).take();
}

Bytes write_export_information(uint64_t size, uint16_t transmission_flags) {
  return BigEndianWriter()
      .integer(static_cast<uint16_t>(kInformationExport))
      .integer(size)
      .integer(transmission_flags)
      .take();
}

Bytes write_text_information(Information type, std::string_view text) {
  return BigEndianWriter().integer(static_cast<uint16_t>(type)).raw(as_bytes(text)).take();
}

Bytes write_block_size_information(uint32_t minimum, uint32_t preferred, uint32_t maximum) {
  return BigEndianWriter()
      .integer(static_cast<uint16_t>(kInformationBlockSize))
      .integer(minimum)
      .integer(preferred)
      .integer(maximum)
      .take();
}

Bytes write_meta_context(uint32_t id, std::string_view name) {
  return BigEndianWriter().integer(id).raw(as_bytes(name)).take();
}

Bytes write_export_name_answer(uint64_t size, uint16_t transmission_flags, bool no_zeroes) {
  const Bytes padding(no_zeroes ? 0 : 124);
  return BigEndianWriter().integer(size).integer(transmission_flags).raw(padding).take();
}

}  // namespace coffer::format::nbd
