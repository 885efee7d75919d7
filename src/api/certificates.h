// SPDX-License-Identifier: Apache-2.0
// Server certificates for names under amazonaws.com (through CONNECT) and for the endpoint, signed in keyd by
// the installation's own authority. The leaf's private key is made here and stays in this process.
#pragma once
#include "services/installation.h"
#include "wire/tls_contexts.h"

namespace coffer::api {

// `installation` must outlive the source.
wire::CertificateSource certificate_source(Installation& installation);

}  // namespace coffer::api
