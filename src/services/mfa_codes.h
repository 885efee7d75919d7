// SPDX-License-Identifier: Apache-2.0
// Are these the codes of a user's MFA device? keyd alone can tell, and never gives the seed away. A code is
// accepted once; wrong ones are counted, and too many of them make the device deaf for a while. Thread-safe.
// Source: RFC 6238 sections 5.2 and 6 (one use, the clock's drift); RFC 4226 section 7.3 (throttling).
#pragma once
#include <string>

#include "catalog/iam_rows.h"
#include "services/installation.h"

namespace coffer::services {

// By how many steps of 30 seconds a device's clock may be off, from where it was when it was last heard of;
// and at all, when two codes in a row prove it.
inline constexpr int64_t kCodeWindow = 1, kResyncWindow = 20;
// So many wrong codes in a row are free; each further one makes the device wait twice as long as the one
// before, from one minute to one hour.
inline constexpr int64_t kFreeFailures = 5;

// How long after the last wrong code none is looked at any more. In seconds.
int64_t seconds_deaf(int64_t failures);

// For EnableMFADevice and ResyncMFADevice: has heard both codes, of one step and the next, and is to be
// stored (last step, drift). Nothing when they are not such.
Result<std::optional<catalog::MfaDevice>> heard_both(Installation& installation, catalog::MfaDevice device,
                                                     const std::string& first, const std::string& second);

// For STS: the code is the device's, and used up from now on, durably. AccessDenied, in AWS's words, when it
// is wrong or was used, when the device is not this user's, or hears nobody for now.
Status use_code(Installation& installation, const std::string& user_id, const std::string& serial_number,
                const std::string& code);

}  // namespace coffer::services
