// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <climits>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {

size_t count_certificates(ByteView pem) {
  if (pem.size() > INT_MAX) return 0;
  const std::unique_ptr<BIO, OpenSslFree<BIO_free_all>> source(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(source != nullptr);
  ERR_clear_error();
  size_t count = 0;
  while (Certificate(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr))) ++count;
  // The end of the text reads as another beginning that is missing.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return ended ? count : 0;
}

}  // namespace coffer::crypto
