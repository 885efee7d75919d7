// SPDX-License-Identifier: Apache-2.0
#include "format/nbd.h"

#include <algorithm>

#include "format/big_endian.h"

namespace coffer::format::nbd {

std::optional<Request> parse_request(std::span<const uint8_t, kRequestSize> bytes) {
  const uint8_t* in = bytes.data();
  if (get_big_endian<uint32_t>(in) != kRequestMagic) return std::nullopt;
  return Request{get_big_endian<uint16_t>(in + 4), get_big_endian<uint16_t>(in + 6),
                 get_big_endian<uint64_t>(in + 8), get_big_endian<uint64_t>(in + 16),
                 get_big_endian<uint32_t>(in + 24)};
}

std::array<uint8_t, kRequestSize> write_request(const Request& request) {
  std::array<uint8_t, kRequestSize> out;
  put_big_endian(&out[0], kRequestMagic);
  put_big_endian(&out[4], request.flags);
  put_big_endian(&out[6], request.command);
  put_big_endian(&out[8], request.cookie);
  put_big_endian(&out[16], request.offset);
  put_big_endian(&out[24], request.length);
  return out;
}

std::array<uint8_t, kSimpleReplySize> write_simple_reply(uint32_t error, uint64_t cookie) {
  std::array<uint8_t, kSimpleReplySize> out;
  put_big_endian(&out[0], kSimpleReplyMagic);
  put_big_endian(&out[4], error);
  put_big_endian(&out[8], cookie);
  return out;
}

std::array<uint8_t, kChunkHeaderSize> write_chunk_header(uint16_t flags, uint16_t type, uint64_t cookie,
                                                         uint32_t length) {
  std::array<uint8_t, kChunkHeaderSize> out;
  put_big_endian(&out[0], kStructuredReplyMagic);
  put_big_endian(&out[4], flags);
  put_big_endian(&out[6], type);
  put_big_endian(&out[8], cookie);
  put_big_endian(&out[16], length);
  return out;
}

namespace {
// A chunk header at the start of a larger array, whose rest is the payload's fixed part.
template <size_t size>
std::array<uint8_t, size> begin_chunk(uint16_t flags, uint16_t type, uint64_t cookie, uint32_t length) {
  std::array<uint8_t, size> out{};
  std::ranges::copy(write_chunk_header(flags, type, cookie, length), out.begin());
  return out;
}
}  // namespace

std::array<uint8_t, kDataChunkHeaderSize> write_data_chunk_header(bool done, uint64_t cookie, uint64_t offset,
                                                                  uint32_t size) {
  auto out = begin_chunk<kDataChunkHeaderSize>(done ? kChunkDone : 0, kChunkOffsetData, cookie, size + 8);
  put_big_endian(&out[20], offset);
  return out;
}

std::array<uint8_t, kErrorChunkSize> write_error_chunk(uint64_t cookie, uint32_t error) {
  auto out = begin_chunk<kErrorChunkSize>(kChunkDone, kChunkError, cookie, 6);
  put_big_endian(&out[20], error);
  return out;
}

std::array<uint8_t, kErrorOffsetChunkSize> write_error_offset_chunk(uint64_t cookie, uint32_t error,
                                                                    uint64_t offset) {
  auto out = begin_chunk<kErrorOffsetChunkSize>(kChunkDone, kChunkErrorOffset, cookie, 14);
  put_big_endian(&out[20], error);
  put_big_endian(&out[26], offset);
  return out;
}

std::array<uint8_t, kStatusChunkHeaderSize> write_status_chunk_header(bool done, uint64_t cookie,
                                                                      uint32_t context,
                                                                      uint32_t descriptors) {
  const auto length = static_cast<uint32_t>(4 + descriptors * kStatusDescriptorSize);
  auto out = begin_chunk<kStatusChunkHeaderSize>(done ? kChunkDone : 0, kChunkBlockStatus, cookie, length);
  put_big_endian(&out[20], context);
  return out;
}

std::array<uint8_t, kStatusDescriptorSize> write_status_descriptor(uint32_t length, uint32_t state) {
  std::array<uint8_t, kStatusDescriptorSize> out;
  put_big_endian(&out[0], length);
  put_big_endian(&out[4], state);
  return out;
}

namespace {

// The flags that the protocol documents for a command. FUA is valid with every one, where it is offered at
// all.
uint16_t allowed_flags(uint16_t command, const Limits& limits) {
  switch (command) {
    case kRead:
      return limits.structured ? kFua | kDf : kFua;
    case kWriteZeroes:
      return kFua | kNoHole | kFastZero;
    case kBlockStatus:
      return kFua | kReqOne;
    default:
      return kFua;
  }
}

bool writes(uint16_t command) {
  return command == kWrite || command == kTrim || command == kWriteZeroes;
}

ErrorValue check_range(const Request& request, const Limits& limits) {
  const bool inside = request.offset <= limits.size && request.length <= limits.size - request.offset;
  if (inside) return kSuccess;
  return request.command == kWrite || request.command == kWriteZeroes ? kEnospc : kEinval;
}

}  // namespace

ErrorValue check_request(const Request& request, const Limits& limits) {
  if (request.command > kBlockStatus) return kEinval;
  if (request.flags & ~allowed_flags(request.command, limits)) return kEinval;
  if (request.command == kFlush) return request.offset == 0 && request.length == 0 ? kSuccess : kEinval;
  if (limits.read_only && writes(request.command)) return kEperm;
  if ((request.command == kRead || request.command == kWrite) && request.length > limits.largest_payload)
    return kEinval;
  if (request.command == kRead && (request.flags & kDf) && request.length > limits.largest_unfragmented)
    return kEoverflow;
  if (request.command == kBlockStatus && (!limits.block_status || request.length == 0)) return kEinval;
  return check_range(request, limits);
}

}  // namespace coffer::format::nbd
