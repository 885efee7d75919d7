// SPDX-License-Identifier: Apache-2.0
// What goes on from one role's session to the next: the source identity, transitive session tags, and that
// the user at its beginning had authenticated by MFA. Thread-safe. Source: IAM User Guide, "Monitor and
// control actions taken with assumed roles", "Pass session tags in AWS STS"
// ("Chaining roles with session tags").
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "services/sts/role_sessions.h"

namespace coffer::services::sts {

struct ChainedFacts {
  std::string source_identity;  // empty without one
  SessionTags tags;             // inherited ones and the request's
  std::vector<std::string> transitive_tags;
  std::optional<Timestamp> mfa_authenticated;
};

// AccessDenied for another source identity than the session's own; ValidationError for tags that cannot be,
// or that are inherited already.
Result<ChainedFacts> chained_facts(const Call& call, const api::AssumeRoleRequest& request);

}  // namespace coffer::services::sts
