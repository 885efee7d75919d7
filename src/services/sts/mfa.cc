// SPDX-License-Identifier: Apache-2.0
#include "services/sts/mfa.h"

#include "services/mfa_codes.h"

namespace coffer::services::sts {

Result<std::optional<Timestamp>> mfa_authenticated(Call& call,
                                                   const std::optional<std::string>& serial_number,
                                                   const std::optional<std::string>& token_code) {
  if (!serial_number && !token_code) return std::optional<Timestamp>();
  if (!serial_number || !token_code)
    return fail(
        ErrorKind::kPermissionDenied,
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        "AccessDenied");
  // Nobody but a user has devices.
  const bool is_user = call.principal.type == policy::PrincipalType::kUser;
  COFFER_CHECK(
      use_code(call.installation, is_user ? call.principal.id : std::string(), *serial_number, *token_code));
  return std::optional(call.time);
}

}  // namespace coffer::services::sts
