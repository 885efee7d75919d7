// SPDX-License-Identifier: Apache-2.0
#include "api/nbd_certificate.h"

#include "api/first_start.h"
#include "crypto/certificate.h"

namespace coffer::api {
namespace {
constexpr uint32_t kServerDays = 30;  // renewed long before
}

Status certify_volumed(Installation& installation, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  COFFER_TRY(key, installation.volumed.nbd_key());
  if (key.public_key_der.empty()) return {};
  COFFER_TRY(authority, installed_authority(installation));
  COFFER_TRY(certificate,
             installation.keyd.issue_certificate(authority, key.public_key_der, names, kServerDays));
  return installation.volumed.set_nbd_certificate(certificate, authority.certificate_der);
}

Result<NbdClientCertificate> certify_nbd_client(Installation& installation, ByteView public_key_der,
                                                const std::string& what, uint32_t days) {
  COFFER_TRY(authority, installed_authority(installation));
  COFFER_TRY(certificate, installation.keyd.issue_certificate(authority, public_key_der,
                                                              {std::string(format::kNbdPrefix) + what}, days,
                                                              format::CertificatePurpose::kNbdClient));
  return NbdClientCertificate{crypto::certificate_pem(certificate),
                              crypto::certificate_pem(authority.certificate_der)};
}

}  // namespace coffer::api
