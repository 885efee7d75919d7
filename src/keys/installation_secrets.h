// SPDX-License-Identifier: Apache-2.0
// The installation's own secrets, stored by others, wrapped under the domain key
// (docs/format/wrapped-secret.md).
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "format/wrapped_secret.h"
#include "keys/domain_keys.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

Result<Bytes> wrap_secret(const DomainKeys& domain_keys, format::SecretKind kind, std::string_view name,
                          const secret::SecretBytes& secret);
// kRefusedCiphertext unless it was wrapped as this kind under this name.
Result<secret::SecretBytes> open_secret(const DomainKeys& domain_keys, format::SecretKind kind,
                                        std::string_view name, ByteView wrapped);

// 40 characters of base64's alphabet, uniformly distributed: 240 bits.
secret::SecretBytes make_access_key_secret();

// The signing key of AWS Signature Version 4 (AWS General Reference, "Create a signature": HMAC over date,
// region, service and "aws4_request", from "AWS4" and the secret access key).
secret::SecretBytes derive_signing_key(const secret::SecretBytes& secret_access_key, std::string_view date,
                                       std::string_view region, std::string_view service);

}  // namespace coffer::keys
