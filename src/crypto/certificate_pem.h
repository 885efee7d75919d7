// SPDX-License-Identifier: Apache-2.0
// Certificates in PEM (RFC 7468), as OpenSSL reads them.
#pragma once
#include "base/bytes.h"

namespace coffer::crypto {

// How many there are, whatever text lies between; 0 also when one of them is damaged.
size_t count_certificates(ByteView pem);

}  // namespace coffer::crypto
