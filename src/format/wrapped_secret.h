// SPDX-License-Identifier: Apache-2.0
// One of the installation's own secrets as the catalog stores it (docs/format/wrapped-secret.md). Pure.
#pragma once
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "format/message_key.h"

namespace coffer::format {

inline constexpr uint8_t kWrappedSecretVersion = 1;

enum class SecretKind : uint8_t {
  kAccessKeySecret = 1,          // its name is the access key id
  kCertificateAuthorityKey = 2,  // its name is the SHA-256 of the CA certificate, in hexadecimal
  kProxySecret = 3,       // an external key store proxy's secret access key; its name is the store's id
  kKeyStorePassword = 4,  // of the user in a cluster's token; its name is the store's id
  kMfaSeed = 5,           // of an MFA device's one-time codes; its name is the device's serial number
};

struct WrappedSecretHeader {
  SecretKind kind = SecretKind::kAccessKeySecret;
  uint32_t domain_key_version = 0;
  MessageKeyInputs inputs;
};
Bytes encode(const WrappedSecretHeader& header);

struct WrappedSecret {
  WrappedSecretHeader header;
  ByteView header_bytes;  // views into what was parsed
  ByteView sealed;        // ciphertext and tag
};
// kRefusedCiphertext for anything else.
Result<WrappedSecret> parse_wrapped_secret(ByteView wrapped);

// The header as it stands and the name, which is not stored: a secret opens under its own name only.
Bytes associated_data(ByteView header_bytes, std::string_view name);

}  // namespace coffer::format
