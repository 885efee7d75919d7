// SPDX-License-Identifier: Apache-2.0
// The NBD protocol's transmission phase, as pure functions over bytes: requests in, replies out. All integers
// are big-endian. Source: doc/proto.md of github.com/NetworkBlockDevice/nbd. The handshake is in
// nbd_handshake.h; what of the protocol is offered, and how errors are answered, is in docs/format/nbd.md.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace coffer::format::nbd {

inline constexpr uint32_t kRequestMagic = 0x25609513;
inline constexpr uint32_t kSimpleReplyMagic = 0x67446698;
inline constexpr uint32_t kStructuredReplyMagic = 0x668e33ef;

// Transmission flags: what the server offers for an export.
enum TransmissionFlag : uint16_t {
  kHasFlags = 1 << 0,
  kReadOnly = 1 << 1,
  kSendFlush = 1 << 2,
  kSendFua = 1 << 3,
  kSendTrim = 1 << 5,
  kSendWriteZeroes = 1 << 6,
  kSendDf = 1 << 7,
  kCanMultiConn = 1 << 8,
  kSendCache = 1 << 10,
  kSendFastZero = 1 << 11,
};

enum Command : uint16_t {
  kRead = 0,
  kWrite = 1,
  kDisconnect = 2,
  kFlush = 3,
  kTrim = 4,
  kCache = 5,
  kWriteZeroes = 6,
  kBlockStatus = 7,
};

enum CommandFlag : uint16_t {
  kFua = 1 << 0,
  kNoHole = 1 << 1,
  kDf = 1 << 2,
  kReqOne = 1 << 3,
  kFastZero = 1 << 4,
};

// The values of the error field. They happen to be Linux's, but are the protocol's.
enum ErrorValue : uint32_t {
  kSuccess = 0,
  kEperm = 1,
  kEio = 5,
  kEnomem = 12,
  kEinval = 22,
  kEnospc = 28,
  kEoverflow = 75,
  kEnotsup = 95,
  kEshutdown = 108,
};

enum ChunkType : uint16_t {
  kChunkNone = 0,
  kChunkOffsetData = 1,
  kChunkBlockStatus = 5,
  kChunkError = 0x8001,
  kChunkErrorOffset = 0x8002,
};
inline constexpr uint16_t kChunkDone = 1;  // the last chunk of a reply

// base:allocation
inline constexpr uint32_t kStateHole = 1;
inline constexpr uint32_t kStateZero = 2;

struct Request {
  uint16_t flags = 0;
  uint16_t command = 0;
  uint64_t cookie = 0;  // the client's, repeated in the reply
  uint64_t offset = 0;
  uint32_t length = 0;
};
inline constexpr size_t kRequestSize = 28;
// Nothing when the magic is wrong: the stream is out of step and the connection must be dropped.
std::optional<Request> parse_request(std::span<const uint8_t, kRequestSize> bytes);
std::array<uint8_t, kRequestSize> write_request(const Request& request);

inline constexpr size_t kSimpleReplySize = 16;
std::array<uint8_t, kSimpleReplySize> write_simple_reply(uint32_t error, uint64_t cookie);

// The header of one chunk of a structured reply; `length` is that of the payload that follows.
inline constexpr size_t kChunkHeaderSize = 20;
std::array<uint8_t, kChunkHeaderSize> write_chunk_header(uint16_t flags, uint16_t type, uint64_t cookie,
                                                         uint32_t length);
// The header of a content chunk, and the offset that begins its payload; `size` bytes of data must follow.
inline constexpr size_t kDataChunkHeaderSize = kChunkHeaderSize + 8;
std::array<uint8_t, kDataChunkHeaderSize> write_data_chunk_header(bool done, uint64_t cookie, uint64_t offset,
                                                                  uint32_t size);
// A whole error chunk, the last of its reply, without a message.
inline constexpr size_t kErrorChunkSize = kChunkHeaderSize + 6;
std::array<uint8_t, kErrorChunkSize> write_error_chunk(uint64_t cookie, uint32_t error);
// The same for an error at `offset`, after content chunks.
inline constexpr size_t kErrorOffsetChunkSize = kChunkHeaderSize + 14;
std::array<uint8_t, kErrorOffsetChunkSize> write_error_offset_chunk(uint64_t cookie, uint32_t error,
                                                                    uint64_t offset);
// A block status chunk is write_status_chunk_header, then `descriptors` times write_status_descriptor.
inline constexpr size_t kStatusChunkHeaderSize = kChunkHeaderSize + 4;
inline constexpr size_t kStatusDescriptorSize = 8;
std::array<uint8_t, kStatusChunkHeaderSize> write_status_chunk_header(bool done, uint64_t cookie,
                                                                      uint32_t context, uint32_t descriptors);
std::array<uint8_t, kStatusDescriptorSize> write_status_descriptor(uint32_t length, uint32_t state);

// What a request is answered with before the device is asked: kSuccess, or why it is refused. `structured`:
// replies are structured, so that DF is offered.
struct Limits {
  uint64_t size = 0;             // of the export
  uint32_t largest_payload = 0;  // of a read or a write
  uint32_t largest_unfragmented = 0;
  bool read_only = false;
  bool structured = false;
  bool block_status = false;  // a metadata context was negotiated
};
ErrorValue check_request(const Request& request, const Limits& limits);

}  // namespace coffer::format::nbd
