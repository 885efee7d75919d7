// SPDX-License-Identifier: Apache-2.0
// Importing key material: keyd makes a wrapping key pair, whose private half leaves it sealed in an import
// token and nowhere else (docs/format/import-token.md), and later opens with it what the customer wrapped.
// keyd keeps nothing in between. Thread-safe.
// Source: AWS KMS API Reference, GetParametersForImport, ImportKeyMaterial.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "format/import_token.h"
#include "keys/backing_keys.h"

namespace coffer::keys {

struct ImportParameters {
  Bytes token;
  Bytes public_key_der;
};
// kInvalidArgument unless `spec` is one of RSA.
Result<ImportParameters> create_import_parameters(const DomainKeys& domain_keys,
                                                  const format::KeyBinding& binding, format::KeySpec spec,
                                                  format::WrappingAlgorithm algorithm, Timestamp valid_to);

// Why nothing was imported, as ImportKeyMaterial tells it apart.
enum class ImportRefusal { kInvalidToken, kExpiredToken, kInvalidCiphertext, kIncorrectMaterial };

// The material, wrapped by the customer under the token's public key, as a key of `spec`.
tl::expected<KeyMaterial, ImportRefusal> open_import(const DomainKeys& domain_keys,
                                                     const format::KeyBinding& binding, format::KeySpec spec,
                                                     ByteView import_token, ByteView wrapped_material,
                                                     Timestamp now);

}  // namespace coffer::keys
