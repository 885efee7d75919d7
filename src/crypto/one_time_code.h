// SPDX-License-Identifier: Apache-2.0
// The one-time codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds,
// as AWS's virtual MFA devices have it; a step's code is HOTP's (RFC 4226) of that number. Thread-safe;
// cannot fail for a seed of at least one byte.
#pragma once
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

inline constexpr int64_t kOneTimeCodeSeconds = 30;
inline constexpr size_t kOneTimeCodeDigits = 6;

// Steps since 1970.
int64_t one_time_code_step(Timestamp time);
// "005924"
std::string one_time_code(const secret::SecretBytes& seed, int64_t step);

}  // namespace coffer::crypto
