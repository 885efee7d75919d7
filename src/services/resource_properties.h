// SPDX-License-Identifier: Apache-2.0
// What the service that has a resource says of it when it asks policies about an action on it: for whoever
// explains a call without making it. Each service gives what its handlers give, by the same functions.
// Thread-safe.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "policy/context.h"
#include "policy/document.h"
#include "services/arn.h"
#include "services/installation.h"

namespace coffer::services {

struct ResourceQuestion {
  Installation& installation;
  std::string action;    // "ec2:DeleteVolume": not every action is told everything
  std::string resource;  // the ARN
  Arn arn;               // the same
  std::string account;   // of the one who would act
};

struct ResourceProperties {
  std::string account;      // who owns it, as the service says where it asks
  policy::Context context;  // what it is like: aws:ResourceTag/..., ec2:VolumeSize
  // Of a role that is to be assumed.
  std::shared_ptr<const policy::Document> trust_policy = nullptr;
};

// Nothing where there is no such resource. KMS keys are not for here: see kms/key_access.h.
Result<std::optional<ResourceProperties>> find_properties(const ResourceQuestion& question);

namespace ec2 {
// Of volumes, snapshots and instances; for the EBS direct APIs too.
Result<std::optional<ResourceProperties>> find_properties(const ResourceQuestion& question);
}  // namespace ec2
namespace iam {
// Of users, groups, roles, policies, instance profiles, identity providers, MFA devices and root users.
Result<std::optional<ResourceProperties>> find_properties(const ResourceQuestion& question);
}  // namespace iam
namespace organizations {
// Of what the acting account's organization has. It counts as that account's own.
Result<std::optional<ResourceProperties>> find_properties(const ResourceQuestion& question);
}  // namespace organizations

}  // namespace coffer::services
