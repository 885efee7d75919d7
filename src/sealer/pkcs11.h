// SPDX-License-Identifier: Apache-2.0
// A key pair in a PKCS#11 token that wraps a seal's key: CKM_RSA_PKCS_OAEP with SHA-1, which every token has
// and p11-kit carries. The private half never leaves the token.
#pragma once
#include "base/result.h"
#include "format/seal_parameters.h"
#include "secret/secret_bytes.h"

namespace coffer::sealer {

// Each call starts the module and ends it again; none tries a PIN twice. kUnavailable: no such token;
// kPermissionDenied: the PIN is wrong or locked; kRefusedCiphertext: the token's key does not open it; kIo:
// anything else, with PKCS#11's own name of the error.

// Makes a pair of RSA-3072 keys in the token that `wanted` names, and wraps `key`.
Result<format::Pkcs11Parameters> create_pkcs11_seal(format::Pkcs11Parameters wanted,
                                                    const secret::SecretBytes& pin,
                                                    const secret::SecretBytes& key);
Result<secret::SecretBytes> open_pkcs11_seal(const format::Pkcs11Parameters& parameters,
                                             const secret::SecretBytes& pin);

}  // namespace coffer::sealer
