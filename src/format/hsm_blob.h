// SPDX-License-Identifier: Apache-2.0
// The second version of the ciphertext blob: under a KMS key whose material is in a PKCS#11 token
// (docs/format/ciphertext-blob.md). Pure: it says what a blob claims, not whether the claim is authentic.
#pragma once
#include "format/ciphertext_blob.h"
#include "format/hsm_object.h"

namespace coffer::format {

inline constexpr uint8_t kHsmBlobVersion = 2;
inline constexpr size_t kHsmIvSize = 12;
using HsmIv = std::array<uint8_t, kHsmIvSize>;

struct HsmBlobHeader {
  BlobClass blob_class = BlobClass::kCustomer;
  UuidBytes key_id{};
  uint32_t backing_key_version = 0;
  HsmObjectId object_id{};
};
// What the token authenticates, before the context. The IV is not in it: GCM authenticates that by itself,
// and a token may insist on making it.
Bytes encode(const HsmBlobHeader& header);

struct HsmBlob {
  HsmBlobHeader header;
  ByteView header_bytes;  // views into what was parsed
  ByteView iv;
  ByteView sealed;  // ciphertext and tag
};
// kRefusedCiphertext for anything else, also for a blob of another version.
Result<HsmBlob> parse_hsm_blob(ByteView blob);

// What a blob of either version says about its key. kRefusedCiphertext if it is none of ours.
struct BlobClaim {
  UuidBytes key_id{};
  uint32_t backing_key_version = 0;
};
Result<BlobClaim> claim_of_blob(ByteView blob);

}  // namespace coffer::format
