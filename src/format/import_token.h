// SPDX-License-Identifier: Apache-2.0
// The token of GetParametersForImport: the private half of a wrapping key, sealed by keyd, so that keyd keeps
// nothing between that call and ImportKeyMaterial (docs/format/import-token.md). Pure.
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "format/key_binding.h"
#include "format/key_kinds.h"
#include "format/message_key.h"

namespace coffer::format {

inline constexpr uint8_t kImportTokenVersion = 1;

struct ImportTokenHeader {
  KeySpec wrapping_spec = KeySpec::kRsa2048;  // one of RSA
  WrappingAlgorithm algorithm = WrappingAlgorithm::kRsaesOaepSha256;
  Timestamp valid_to;
  uint32_t domain_key_version = 0;
  MessageKeyInputs inputs;
};
Bytes encode(const ImportTokenHeader& header);

struct ImportToken {
  ImportTokenHeader header;
  ByteView header_bytes;  // views into what was parsed
  ByteView sealed;        // the private key's PKCS#8, and the tag
};
// kRefusedCiphertext for anything else.
Result<ImportToken> parse_import_token(ByteView token);

// The header as it stands and the KMS key that the token is for, which is not stored in it.
Bytes associated_data(ByteView header_bytes, const KeyBinding& binding);

}  // namespace coffer::format
