// SPDX-License-Identifier: Apache-2.0
// Certificates for NBD over TLS: volumed's own, and those of clients (docs/format/nbd.md).
#pragma once
#include <string>
#include <vector>

#include "services/installation.h"

namespace coffer::api {

// Has volumed's key certified for the names by which clients call this host; nothing to do when it does not
// listen. Done again, it renews.
Status certify_volumed(Installation& installation, const std::vector<std::string>& names);

struct NbdClientCertificate {
  std::string certificate_pem, authority_pem;
};
// `what`: a volume's id, or "*". kInvalidArgument for what is no public key (SubjectPublicKeyInfo).
Result<NbdClientCertificate> certify_nbd_client(Installation& installation, ByteView public_key_der,
                                                const std::string& what, uint32_t days);

}  // namespace coffer::api
