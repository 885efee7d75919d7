// SPDX-License-Identifier: Apache-2.0
// The symmetric ciphertext blob that Encrypt and GenerateDataKey return (docs/format/ciphertext-blob.md).
// Pure: it says what a blob claims, not whether the claim is authentic.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "format/encryption_context.h"
#include "format/key_binding.h"
#include "format/message_key.h"
#include "format/uuid.h"

namespace coffer::format {

inline constexpr uint8_t kCiphertextBlobVersion = 1;

struct CiphertextBlobHeader {
  BlobClass blob_class = BlobClass::kCustomer;
  UuidBytes key_id{};
  uint32_t backing_key_version = 0;
  MessageKeyInputs inputs;
};
Bytes encode(const CiphertextBlobHeader& header);

struct CiphertextBlob {
  CiphertextBlobHeader header;
  ByteView header_bytes;  // views into what was parsed
  ByteView sealed;        // ciphertext and tag
};
// kRefusedCiphertext for anything else, also a version or class of a later release.
Result<CiphertextBlob> parse_ciphertext_blob(ByteView blob);

// What AES-GCM authenticates beside the plaintext: the header as it stands, and the framed context.
Bytes associated_data(ByteView header_bytes, const EncryptionContext& context);

// The one error of every cryptographic refusal. Which check failed is not said, on purpose.
Error refused_ciphertext();

}  // namespace coffer::format
