// SPDX-License-Identifier: Apache-2.0
// X.509 for the installation's own certificate authority: ECDSA P-256 with SHA-256, RFC 5280.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

struct PrivateKeyPair {
  secret::SecretBytes private_key_der;  // PKCS#8
  Bytes public_key_der;                 // SubjectPublicKeyInfo
};
Result<PrivateKeyPair> make_p256_key_pair();

// A self-signed CA certificate (basicConstraints CA:TRUE pathlen 0, keyCertSign), DER, valid for ten years.
Result<Bytes> make_ca_certificate(const secret::SecretBytes& ca_private_key_der,
                                  const std::string& common_name, Timestamp now);
// A server certificate for `names` (DNS names, or IP addresses in text), DER, valid from an hour before now
// for `days`.
Result<Bytes> issue_server_certificate(const secret::SecretBytes& ca_private_key_der,
                                       ByteView ca_certificate_der, ByteView subject_public_key_der,
                                       const std::vector<std::string>& names, Timestamp now, int days);
// A client certificate (extended key usage clientAuth alone) whose subject alternative names are `uris`, of
// letters, digits and "-._:*"; otherwise the same.
Result<Bytes> issue_client_certificate(const secret::SecretBytes& ca_private_key_der,
                                       ByteView ca_certificate_der, ByteView subject_public_key_der,
                                       const std::vector<std::string>& uris, Timestamp now, int days);
std::string certificate_pem(ByteView certificate_der);

}  // namespace coffer::crypto
