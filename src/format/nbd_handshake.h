// SPDX-License-Identifier: Apache-2.0
// The NBD protocol's handshake (fixed newstyle), as pure functions over bytes. Source: as in nbd.h.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace coffer::format::nbd {

inline constexpr uint64_t kInitMagic = 0x4e42444d41474943;    // "NBDMAGIC"
inline constexpr uint64_t kOptionMagic = 0x49484156454f5054;  // "IHAVEOPT"
inline constexpr uint64_t kOptionReplyMagic = 0x0003e889045565a9;

// Handshake flags, and the client's, which answer them.
inline constexpr uint16_t kFixedNewstyle = 1 << 0;
inline constexpr uint16_t kNoZeroes = 1 << 1;

enum Option : uint32_t {
  kOptionExportName = 1,
  kOptionAbort = 2,
  kOptionList = 3,
  kOptionStartTls = 5,
  kOptionInfo = 6,
  kOptionGo = 7,
  kOptionStructuredReply = 8,
  kOptionListMetaContext = 9,
  kOptionSetMetaContext = 10,
};

enum OptionReply : uint32_t {
  kReplyAck = 1,
  kReplyServer = 2,
  kReplyInfo = 3,
  kReplyMetaContext = 4,
  kReplyErrorUnsupported = 0x80000001,
  kReplyErrorPolicy = 0x80000002,
  kReplyErrorInvalid = 0x80000003,
  kReplyErrorTlsRequired = 0x80000005,
  kReplyErrorUnknown = 0x80000006,
  kReplyErrorTooBig = 0x80000009,
};

enum Information : uint16_t {
  kInformationExport = 0,
  kInformationName = 1,
  kInformationDescription = 2,
  kInformationBlockSize = 3,
};

inline constexpr size_t kLongestString = 4096;         // the protocol's limit
inline constexpr uint32_t kLongestOption = 64 * 1024;  // ours: longer ones end the connection
inline constexpr uint32_t kMostQueries = 64;           // ours, of metadata contexts

// What the server says first: 18 bytes.
Bytes write_greeting();

inline constexpr size_t kClientFlagsSize = 4;
struct ClientFlags {
  bool no_zeroes = false;
};
// Nothing for a flag that was not offered: the connection must be dropped.
std::optional<ClientFlags> parse_client_flags(std::span<const uint8_t, kClientFlagsSize> bytes);

inline constexpr size_t kOptionHeaderSize = 16;
struct OptionHeader {
  uint32_t option = 0;
  uint32_t length = 0;  // of the data that follows
};
// Nothing for a wrong magic or a length above kLongestOption: the connection must be dropped.
std::optional<OptionHeader> parse_option_header(std::span<const uint8_t, kOptionHeaderSize> bytes);

// The data of GO and INFO. Nothing when malformed (answered by kReplyErrorInvalid).
struct InformationRequest {
  std::string_view export_name;  // a view into the data
  bool wants_name = false, wants_description = false, wants_block_size = false;
};
std::optional<InformationRequest> parse_information_request(ByteView data);

// The data of LIST_META_CONTEXT and SET_META_CONTEXT. Nothing when malformed.
struct MetaContextRequest {
  std::string_view export_name;  // views into the data
  std::vector<std::string_view> queries;
  bool too_many = false;  // more than kMostQueries: queries is empty
};
std::optional<MetaContextRequest> parse_meta_context_request(ByteView data);

Bytes write_option_reply(uint32_t option, uint32_t reply, ByteView data = {});
Bytes write_export_entry(std::string_view name);                             // data of kReplyServer
Bytes write_export_information(uint64_t size, uint16_t transmission_flags);  // the rest: data of kReplyInfo
Bytes write_text_information(Information type, std::string_view text);
Bytes write_block_size_information(uint32_t minimum, uint32_t preferred, uint32_t maximum);
Bytes write_meta_context(uint32_t id, std::string_view name);  // data of kReplyMetaContext
// The answer to EXPORT_NAME, which has no header.
Bytes write_export_name_answer(uint64_t size, uint16_t transmission_flags, bool no_zeroes);

}  // namespace coffer::format::nbd
