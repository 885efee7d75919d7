// SPDX-License-Identifier: Apache-2.0
// PKCS#11's error numbers (2.40, section 5.1) as our errors, in words.
#pragma once
#include <p11-kit/pkcs11.h>

#include "base/result.h"

namespace coffer::sealer {

Error pkcs11_error(const char* what, CK_RV code);

#define COFFER_CK(what, expression)                                                                          \
  do {                                                                                                       \
    if (const CK_RV code_ = (expression); code_ != CKR_OK) return tl::unexpected(pkcs11_error(what, code_)); \
  } while (0)

}  // namespace coffer::sealer
