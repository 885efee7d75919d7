// SPDX-License-Identifier: Apache-2.0
#include "crypto/xts.h"

#include "crypto/cipher_policy.h"
#include "crypto/kernels/kernel_xts.h"
#include "crypto/mac.h"
#include "crypto/xts_openssl.h"

namespace coffer::crypto {

Result<std::unique_ptr<XtsCipher>> XtsCipher::create(const secret::SecretBytes& key) {
  const ByteView raw = key.read(secret::RawAccess::because("XTS takes the data key"));
  if (raw.size() != kXtsKeySize) return fail(ErrorKind::kInvalidArgument, "an AES-256-XTS key has 64 bytes");
  // IEEE 1619 and FIPS 140: with equal halves the tweak and the data are encrypted under one key.
  if (equal_constant_time(raw.first(kXtsKeySize / 2), raw.last(kXtsKeySize / 2)))
    return fail(ErrorKind::kInvalidArgument, "the two halves of an AES-256-XTS key must differ");
  if (const XtsKernel* kernel = admitted_kernel()) return make_kernel_xts(*kernel, raw);
  return make_openssl_xts(raw);
}

}  // namespace coffer::crypto
