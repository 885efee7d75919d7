// SPDX-License-Identifier: Apache-2.0
// SerialNumber and TokenCode of GetSessionToken and AssumeRole. Thread-safe.
#pragma once
#include <optional>
#include <string>

#include "services/sts/sts_service.h"

namespace coffer::services::sts {

// Nothing when the call brings neither; else the code, of a device of the calling user's own, is used up, and
// the time is the call's. AccessDenied.
Result<std::optional<Timestamp>> mfa_authenticated(Call& call,
                                                   const std::optional<std::string>& serial_number,
                                                   const std::optional<std::string>& token_code);

}  // namespace coffer::services::sts
