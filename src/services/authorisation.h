// SPDX-License-Identifier: Apache-2.0
// May a principal do something? The one way by which services ask the policy engine (policy/evaluate.h): it
// loads what is attached to the principal, adds the condition keys that every request has, and words the
// refusal as AWS does. Thread-safe.
// Source: IAM User Guide, "AWS global condition context keys", "Troubleshoot access denied error messages".
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/evaluate.h"
#include "policy/requester.h"
#include "services/caller_policies.h"
#include "services/installation.h"

namespace coffer {

struct AccessQuestion {
  std::string action;                 // "kms:Decrypt"
  std::string resource = "*";         // an ARN; "*" when the action has none
  std::string resource_account = {};  // the owner; empty: as the ARN says, or the caller's for "*"
  // What resource control policies leave alone: an AWS managed key.
  bool aws_managed = false;
  // Must outlive the decision, its document too. Documents that are stored as text are read by
  // installation.documents.
  const policy::AttachedPolicy* resource_policy = nullptr;
  policy::ResourcePolicyRule rule = policy::ResourcePolicyRule::kMayAllow;
  policy::Context context = {};  // what the service knows of the request: kms:EncryptionContext:...
  // In its place where that takes time to gather: called if a policy asks. What it refers to outlives this.
  std::function<policy::Context()> gather_context = {};
  // "ec2": that service asks in the caller's name, not the caller itself. Empty within a Call: it follows
  // from the action's service.
  std::string via_service = {};
  // For whoever explains: what the request would say, over all that is known of it, and a look at it as it is
  // evaluated.
  const policy::Context* given = nullptr;
  std::function<void(const policy::AccessRequest&)> observe = {};
};

// What is known of the request that asks, for the global condition keys. The texts outlive it.
struct RequestOrigin {
  Timestamp time;
  std::string_view region;
  std::string_view source_ip_address, user_agent;  // empty in the background
  bool secure_transport = true;
  std::string_view vpc_endpoint = {}, vpc = {};  // empty: it came through none
};

// kCorrupt when a stored policy cannot be read.
Result<SharedCallerPolicies> load_caller(Installation& installation, const policy::Principal& principal);

// A verdict with the policies that it points into, but for the resource's.
struct AccessDecision {
  SharedCallerPolicies policies;
  SharedAccountOrganization resource_organization;  // of the resource's account; null: in none
  policy::Verdict verdict;
  std::string because = {};  // set for what is denied whatever policies say: their turn did not come
  bool allowed() const { return verdict.allowed(); }
};
// kCorrupt when a policy that the resource's organization lays down cannot be read.
Result<AccessDecision> decide(Installation& installation, SharedCallerPolicies policies,
                              const policy::Principal& principal, const RequestOrigin& origin,
                              const AccessQuestion& question);

// The error that tells a decision: "User: ARN is not authorized to perform: ACTION on resource: ARN because
// ...". Its code is that of `service`, which the caller called: UnauthorizedOperation (ec2),
// AccessDeniedException (kms, ebs, organizations), AccessDenied.
Error refusal(const policy::Principal& principal, const std::string& service, const AccessQuestion& question,
              const AccessDecision& decision);

// Whose call is under way with nothing known of the request: work in the background.
RequestOrigin background_origin(Installation& installation, std::string_view region = {});

// Loads, decides and refuses, for work in the background in the name of `principal`
// (policy::principal_of) and for the admin socket. `service`: whose error code.
Status authorise(Installation& installation, const policy::Principal& principal, const std::string& service,
                 const AccessQuestion& question);

}  // namespace coffer
