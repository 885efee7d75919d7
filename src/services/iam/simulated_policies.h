// SPDX-License-Identifier: Apache-2.0
// The policies that a simulation is about: those that a request brings, and those of a user, group or role.
// Thread-safe.
// Source: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/evaluate.h"
#include "services/account_organization.h"
#include "services/iam/iam_service.h"

namespace coffer::services::iam {

// By the name that answers call each: "PolicyInputList.1", a managed policy's name, "user_alice_policy".
struct SimulatedPolicies {
  policy::Caller caller;
  std::optional<policy::AttachedPolicy> resource_policy;
  std::vector<std::pair<std::string, std::string>> principal_tags;
  std::map<std::string, std::string> texts;
  std::vector<std::shared_ptr<const policy::Document>> documents;  // that the others point to
  SharedAccountOrganization organization;                          // likewise
};

// Reads it and keeps it alive. InvalidInput with what is wrong.
Result<policy::AttachedPolicy> read_simulated(Call& call, SimulatedPolicies& into, const std::string& name,
                                              const std::string& text, policy::DocumentKind kind);

// "PolicyInputList.1" and so on, as further identity policies.
Status add_input_policies(Call& call, SimulatedPolicies& into, const std::vector<std::string>& texts);

// Those of the user (with its groups), group or role, its boundary, and what its account's organization lays
// down, once the caller is known to be allowed this operation on its ARN. InvalidInput, AccessDenied,
// NoSuchEntity.
Status add_principal(Call& call, SimulatedPolicies& into, const std::string& arn);

}  // namespace coffer::services::iam
