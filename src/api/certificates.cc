// SPDX-License-Identifier: Apache-2.0
#include "api/certificates.h"

#include "api/first_start.h"
#include "crypto/certificate.h"

namespace coffer::api {
namespace {
constexpr uint32_t kDays = 30;  // contexts are renewed long before
}

wire::CertificateSource certificate_source(Installation& installation) {
  return [&installation](const std::string& host) -> Result<wire::ServerCertificate> {
    // Read each time: a rotation of the domain key wraps the authority's key anew.
    COFFER_TRY(authority, installed_authority(installation));
    COFFER_TRY(pair, crypto::make_p256_key_pair());
    COFFER_TRY(leaf, installation.keyd.issue_certificate(authority, pair.public_key_der, {host}, kDays));
    wire::ServerCertificate certificate;
    certificate.chain_der = {std::move(leaf), authority.certificate_der};
    certificate.private_key_der = std::move(pair.private_key_der);
    return certificate;
  };
}

}  // namespace coffer::api
