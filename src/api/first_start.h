// SPDX-License-Identifier: Apache-2.0
// What an installation has from its first start on: the owner's account with its credentials file, the
// certificate authority, and this host as an instance. Each step can be cut off anywhere and is done again at
// the next start.
#pragma once
#include <string>

#include "base/disk.h"
#include "services/installation.h"

namespace coffer::api {

// Makes what is not there yet, and returns the certificate authority. Writes FOLDER/root-credentials (0600)
// and FOLDER/ca.pem (0644).
Result<keyclient::CertificateAuthority> prepare_installation(Installation& installation, Disk& disk,
                                                             const std::string& folder);

// What is there since the first start.
Result<keyclient::CertificateAuthority> installed_authority(Installation& installation);

}  // namespace coffer::api
