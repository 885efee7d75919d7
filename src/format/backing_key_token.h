// SPDX-License-Identifier: Apache-2.0
// The token as which a KMS key's backing key leaves keyd (docs/format/token.md). Pure.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "format/key_binding.h"
#include "format/key_kinds.h"
#include "format/message_key.h"

namespace coffer::format {

inline constexpr uint8_t kOldTokenVersion = 1;  // 32 bytes of a symmetric encryption key, and nothing else
inline constexpr uint8_t kTokenVersion = 2;
// The material is in a PKCS#11 token: what is sealed says where (hsm_object.h). SYMMETRIC_DEFAULT only.
inline constexpr uint8_t kHsmTokenVersion = 3;
inline constexpr size_t kBackingKeySize = 32;
inline constexpr size_t kLargestKeyMaterial = 4096;  // an RSA_4096 key has some 2,400 bytes

struct BackingKeyTokenHeader {
  uint8_t version = kTokenVersion;
  KeySpec spec = KeySpec::kSymmetricDefault;  // what the sealed material is
  uint32_t domain_key_version = 0;
  KeyBinding binding;
  uint32_t backing_key_version = 0;
  MessageKeyInputs inputs;
};
// The associated data of the token, and its first bytes. binding.key_id must be one that key_id_bytes takes.
Bytes encode(const BackingKeyTokenHeader& header);

struct BackingKeyToken {
  BackingKeyTokenHeader header;
  ByteView header_bytes;  // views into what was parsed
  ByteView sealed;        // the material and the tag
};
// kRefusedCiphertext for anything else.
Result<BackingKeyToken> parse_backing_key_token(ByteView token);

}  // namespace coffer::format
