// SPDX-License-Identifier: Apache-2.0
// What keyd asks of coffer-sealer (docs/format/sealer-protocol.md): one request a packet, one reply a packet,
// one after the other. Header only: the messages are a few fields each.
#pragma once
#include "base/bytes.h"
#include "format/codec.h"

namespace coffer::format::sealer {

inline constexpr uint8_t kProtocolVersion = 1;
inline constexpr size_t kLargestPacket = 32 << 10;
inline constexpr size_t kKeySize = 32;          // of a seal
inline constexpr size_t kCounterAuthSize = 32;  // what moves a TPM's counter; sealed with the key

enum class Operation : uint8_t {
  kTpmCreate = 1,     // parameters, secret (key and counter's authorisation) -> parameters
  kTpmOpen = 2,       // parameters -> secret
  kTpmCounter = 3,    // parameters, counter's authorisation -> u64
  kTpmAdvance = 4,    // parameters, counter's authorisation -> u64: the counter, one more
  kPkcs11Create = 5,  // parameters, PIN, key -> parameters
  kPkcs11Open = 6,    // parameters, PIN -> key
};

// version (1), operation (1), parameters (field), first secret (field), second secret (field)
struct RequestView {
  Operation operation = Operation::kTpmOpen;
  ByteView parameters, first, second;
};

inline size_t request_size(const RequestView& request) {
  return 2 + 12 + request.parameters.size() + request.first.size() + request.second.size();
}
inline void encode_request(const RequestView& request, MutableByteView out) {
  FixedWriter(out)
      .u8(kProtocolVersion)
      .u8(static_cast<uint8_t>(request.operation))
      .field(request.parameters)
      .field(request.first)
      .field(request.second);
}
inline Result<RequestView> parse_request(ByteView packet) {
  Reader reader(packet);
  const uint8_t version = reader.u8();
  RequestView request;
  request.operation = static_cast<Operation>(reader.u8());
  request.parameters = reader.field();
  request.first = reader.field();
  request.second = reader.field();
  if (!reader.at_end() || version != kProtocolVersion)
    return fail(ErrorKind::kInvalidArgument, "malformed message on the sealer's channel");
  return request;
}

}  // namespace coffer::format::sealer
