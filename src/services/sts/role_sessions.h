// SPDX-License-Identifier: Apache-2.0
// What AssumeRole, AssumeRoleWithWebIdentity and GetFederationToken have in common. Thread-safe.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/sts/sts_service.h"

namespace coffer::services::sts {

using SessionTags = std::vector<std::pair<std::string, std::string>>;

tl::unexpected<Error> invalid(std::string message);  // ValidationError

// Nothing when there is no such role. ValidationError for what is no role's ARN.
Result<std::optional<catalog::IamEntity>> find_role(Call& call, const std::string& arn);

// aws:ResourceTag and iam:ResourceTag of the role; aws:RequestTag and aws:TagKeys of the session's tags.
void add_role_tags(const catalog::IamEntity& role, policy::Context& context);
void add_session_tags(const SessionTags& tags, policy::Context& context);

// ValidationError when it is longer than the role allows, or than a session may ask for.
Result<int32_t> duration_of(const Call& call, const catalog::IamEntity& role,
                            const std::optional<int32_t>& seconds);

struct SessionPolicies {
  std::vector<std::string>
      texts;  // of inline policies, and ARNs of managed ones, as a session's row has them
  std::optional<int32_t> packed_size;  // packed_size.h
};
// `account`: whose managed policies they may be. `tags`: all that the session has, which take their part of
// the room. MalformedPolicyDocument, ValidationError, PackedPolicyTooLarge.
Result<SessionPolicies> session_policies(
    Call& call, const std::string& account, const std::optional<std::string>& policy,
    const std::optional<std::vector<api::PolicyDescriptorType>>& policy_arns, const SessionTags& tags);

// ValidationError for names that differ in case alone, or begin with "aws:".
Result<SessionTags> checked_tags(const SessionTags& tags);
SessionTags tags_of(const std::optional<std::vector<api::Tag>>& tags);

}  // namespace coffer::services::sts
