// SPDX-License-Identifier: Apache-2.0
// What keyd asks of coffer-sealer (docs/format/sealer-protocol.md): one request a packet, one reply a packet,
// one after the other. Header only: the messages are a few fields each.
#pragma once
#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "format/codec.h"
#include "format/hsm_blob.h"

namespace coffer::format::sealer {

inline constexpr uint8_t kProtocolVersion = 1;
inline constexpr size_t kLargestPacket = 64 << 10;  // an encryption context, framed, has up to 42 KiB
inline constexpr size_t kKeySize = 32;              // of a seal
inline constexpr size_t kCounterAuthSize = 32;      // what moves a TPM's counter; sealed with the key

enum class Operation : uint8_t {
  kTpmCreate = 1,     // parameters, secret (key and counter's authorisation) -> parameters
  kTpmOpen = 2,       // parameters -> secret
  kTpmCounter = 3,    // parameters, counter's authorisation -> u64
  kTpmAdvance = 4,    // parameters, counter's authorisation -> u64: the counter, one more
  kPkcs11Create = 5,  // parameters, PIN, key -> parameters
  kPkcs11Open = 6,    // parameters, PIN -> key
  // Of a process that serves one key store: the token stays open between requests.
  kHsmLogIn = 7,     // place of the token, PIN -> outcome (1); without a PIN: whether one could log in
  kHsmGenerate = 8,  // object's id, label (field) ->
  kHsmEncrypt = 9,   // object's id, IV, associated data; plaintext -> IV, ciphertext and tag
  kHsmDecrypt = 10,  // object's id, IV, associated data; ciphertext and tag -> plaintext
  kHsmDestroy = 11,  // object's id ->
  kHsmRandom = 12,   // size (4) -> bytes
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

// The parameters of kHsmEncrypt and kHsmDecrypt.
struct HsmMessageView {
  HsmObjectId object{};
  HsmIv iv{};  // to encrypt: a random one, for tokens that take one
  ByteView associated_data;
};
inline Bytes encode_hsm_message(const HsmMessageView& message) {
  return Writer().raw(message.object).raw(message.iv).raw(message.associated_data).take();
}
inline Result<HsmMessageView> parse_hsm_message(ByteView parameters) {
  Reader reader(parameters);
  HsmMessageView message;
  const ByteView object = reader.raw(message.object.size());
  const ByteView iv = reader.raw(message.iv.size());
  if (!reader.ok()) return fail(ErrorKind::kInvalidArgument, "malformed message on the sealer's channel");
  std::ranges::copy(object, message.object.begin());
  std::ranges::copy(iv, message.iv.begin());
  message.associated_data = reader.raw(reader.left());
  return message;
}

// The parameters of kHsmGenerate.
struct HsmGenerate {
  HsmObjectId object{};
  std::string label;
};
inline Bytes encode(const HsmGenerate& wanted) {
  return Writer().raw(wanted.object).field(wanted.label).take();
}
inline Result<HsmGenerate> parse_hsm_generate(ByteView parameters) {
  Reader reader(parameters);
  HsmGenerate wanted;
  const ByteView object = reader.raw(wanted.object.size());
  wanted.label = reader.text_field();
  if (!reader.at_end()) return fail(ErrorKind::kInvalidArgument, "malformed message on the sealer's channel");
  std::ranges::copy(object, wanted.object.begin());
  return wanted;
}

}  // namespace coffer::format::sealer
