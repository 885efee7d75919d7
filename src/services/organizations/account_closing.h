// SPDX-License-Identifier: Apache-2.0
// Closed accounts in the organization. Pure.
#pragma once
#include "services/organizations/membership.h"

namespace coffer::services::organizations {

// ConstraintViolationException for an account that was closed less than 90 days ago.
Status check_may_leave(const catalog::MemberAccount& member, Timestamp now);

}  // namespace coffer::services::organizations
