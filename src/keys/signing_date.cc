// SPDX-License-Identifier: Apache-2.0
#include "keys/signing_date.h"

namespace coffer::keys {
namespace {

// A presigned request may be seven days old, and clocks differ. Beyond that nobody needs a signing key; and a
// compromised apid could lay in those of the years to come.
constexpr int64_t kDay = 24ll * 3600 * 1000000;
constexpr int64_t kOldestSigningDay = -8 * kDay, kLatestSigningDay = kDay;

}  // namespace

Status check_signing_date(const std::string& date, Timestamp now) {
  const auto day_at = [&](int64_t offset) {
    return basic_iso8601(Timestamp{now.microseconds + offset}).substr(0, 8);
  };
  const bool digits = date.size() == 8 && date.find_first_not_of("0123456789") == std::string::npos;
  if (digits && date >= day_at(kOldestSigningDay) && date <= day_at(kLatestSigningDay)) return {};
  return fail(ErrorKind::kInvalidArgument, "signing keys are made for about today only");
}

}  // namespace coffer::keys
