// SPDX-License-Identifier: Apache-2.0
// Finding managed policies, the account's and AWS's own, for the handlers that concern them.
#pragma once
#include <string>

#include "services/iam/iam_service.h"

namespace coffer::services::iam {

// A policy of either kind with all its versions, newest first.
struct FoundPolicy {
  catalog::ManagedPolicy policy;
  std::vector<catalog::PolicyVersion> versions;
  bool is_aws = false;
};

// InvalidInput for what can be no managed policy's ARN, of whatever account. To be asked once the caller is
// known to be allowed the operation.
Status check_policy_arn(const std::string& arn);

// The policy, once the caller is known to be allowed this operation on its ARN; else AccessDenied,
// InvalidInput or NoSuchEntity.
Result<FoundPolicy> find_policy(Call& call, const std::string& arn, policy::Context context = {});
// The same for an operation that changes the policy: AccessDenied for AWS's own.
Result<FoundPolicy> find_own_policy(Call& call, const std::string& arn, policy::Context context = {});

// The account's, or AWS's; nothing where there is none.
Result<std::optional<FoundPolicy>> policy_of(Installation& installation, const std::string& account,
                                             const std::string& arn);

struct AwsManagedPolicy;
FoundPolicy found_aws_policy(const AwsManagedPolicy& known);

// How often it is used in this account: attached, and as a boundary. AWS's own are used in others too.
struct PolicyUse {
  size_t attached = 0, boundaries = 0;
};
Result<PolicyUse> policy_use(catalog::Transaction& transaction, const std::string& account,
                             const std::string& arn);

// May it be attached in this account to a "User", "Group" or "Role", or be a boundary there? NoSuchEntity, or
// PolicyNotAttachable for those of service-linked roles.
Status require_attachable(catalog::Transaction& transaction, const std::string& account,
                          const std::string& arn, std::string_view title);

// LimitExceeded or MalformedPolicyDocument.
Status check_managed_document(const std::string& text);

// "/" and "name" of arn:aws:iam::ACCOUNT:policy/name.
std::string path_of_policy(const std::string& arn);
std::string name_of_policy(const std::string& arn);

}  // namespace coffer::services::iam
