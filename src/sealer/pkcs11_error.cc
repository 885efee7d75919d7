// SPDX-License-Identifier: Apache-2.0
#include "sealer/pkcs11_error.h"

#include <fmt/format.h>

namespace coffer::sealer {
namespace {

// The errors that people meet, by PKCS#11's own names (2.40, section 5.1).
std::string name_of(CK_RV code) {
  switch (code) {
    case CKR_PIN_INCORRECT:
      return "CKR_PIN_INCORRECT: that is not the PIN";
    case CKR_PIN_LOCKED:
      return "CKR_PIN_LOCKED: too many wrong PINs were tried; unlock the token first";
    case CKR_PIN_EXPIRED:
      return "CKR_PIN_EXPIRED";
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_INVALID:
      return "CKR_PIN_INVALID: a PIN of this length or form is none";
    case CKR_TOKEN_NOT_PRESENT:
      return "CKR_TOKEN_NOT_PRESENT";
    case CKR_DEVICE_ERROR:
      return "CKR_DEVICE_ERROR: the module's process ended, or the device failed";
    case CKR_DEVICE_REMOVED:
      return "CKR_DEVICE_REMOVED";
    case CKR_DEVICE_MEMORY:
      return "CKR_DEVICE_MEMORY: the token is full";
    case CKR_TOKEN_WRITE_PROTECTED:
      return "CKR_TOKEN_WRITE_PROTECTED";
    case CKR_MECHANISM_INVALID:
      return "CKR_MECHANISM_INVALID: the token does not know that mechanism";
    default:
      return fmt::format("error 0x{:x}", code);
  }
}

}  // namespace

Error pkcs11_error(const char* what, CK_RV code) {
  ErrorKind kind = ErrorKind::kIo;
  if (code == CKR_PIN_INCORRECT || code == CKR_PIN_LOCKED || code == CKR_PIN_EXPIRED ||
      code == CKR_PIN_INVALID || code == CKR_PIN_LEN_RANGE)
    kind = ErrorKind::kPermissionDenied;
  if (code == CKR_ENCRYPTED_DATA_INVALID || code == CKR_ENCRYPTED_DATA_LEN_RANGE)
    kind = ErrorKind::kRefusedCiphertext;
  return Error{kind, fmt::format("PKCS#11: {}: {}", what, name_of(code))};
}

}  // namespace coffer::sealer
