// SPDX-License-Identifier: Apache-2.0
// The third version of the ciphertext blob: a blob of the first version (ciphertext_blob.h), encrypted once
// more by an external key store (docs/format/ciphertext-blob.md). Pure: it says what a blob claims, not
// whether the claim is authentic.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "format/encryption_context.h"
#include "format/key_binding.h"
#include "format/uuid.h"

namespace coffer::format {

inline constexpr uint8_t kExternalBlobVersion = 3;

// What an external key store's proxy made of a plaintext, by AES-256-GCM.
struct ExternallySealed {
  Bytes iv;        // 12 or 16 bytes
  Bytes metadata;  // at most 20 bytes, of the proxy's own; often empty
  Bytes tag;       // 16 bytes
  Bytes ciphertext;
};
bool is_well_formed(const ExternallySealed& sealed);  // by these sizes, with a ciphertext

// As the blob inside has it: every version of the blob begins alike.
struct ExternalBlobHeader {
  BlobClass blob_class = BlobClass::kCustomer;
  UuidBytes key_id{};
  uint32_t backing_key_version = 0;
};

struct ExternalBlob {
  ExternalBlobHeader header;
  ExternallySealed sealed;
};
Bytes encode(const ExternalBlob& blob);
// kRefusedCiphertext for anything else.
Result<ExternalBlob> parse_external_blob(ByteView blob);

// What the external key authenticates beside the blob inside: the header, and of the encryption context what
// `context_digest` is, the SHA-256 of frame(context), since it may be longer than proxies need to take.
Bytes external_associated_data(const ExternalBlobHeader& header, ByteView context_digest);

}  // namespace coffer::format
