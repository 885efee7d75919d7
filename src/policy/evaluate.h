// SPDX-License-Identifier: Apache-2.0
// The decision on one request from all policies that apply to it, and why. Pure functions, thread-safe; the
// policies outlive the call and its Verdict.
// Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "Troubleshoot
// access denied error messages"; AWS KMS Developer Guide, "Default key policy", "Troubleshooting key access".
//
// In this order:
//   1. A Deny that applies, in any policy, decides.
//   2. Resource control policies: each level of the organization that the resource's account is in must
//   allow;
//      then service control policies: each level of the caller's.
//   3. The resource's policy. In the caller's own account an Allow that names the caller (user, session,
//      everyone) is enough; one that names a session's role leaves the boundary and the session policies to
//      ask; one that names the account hands the decision to identity policies. From another account, some
//      Allow is needed, and all of 4 to 6 besides.
//   4. Identity policies, of which one must allow. A root user is allowed everything here.
//   5. The permissions boundary, if there is one, must allow.
//   6. Session policies, if there are any, of which one must allow. A federated user must have one.
// Where the resource's policy must allow by itself (KMS keys, roles' trust), identity policies count only for
// what it allows to the caller's account.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/context.h"
#include "policy/document.h"
#include "policy/principal.h"

namespace coffer::policy {

struct AttachedPolicy {
  std::string name;  // for explanations: an ARN, or "user/alice/inline"
  const Document* document = nullptr;
};

// From an organization's root down to an account: what is attached to each on that way.
using ControlLevels = std::vector<std::vector<AttachedPolicy>>;

struct Caller {
  CallerIdentity identity;
  std::vector<AttachedPolicy> identity_policies;  // its own and its groups'; a role session: the role's
  std::optional<AttachedPolicy> boundary;
  std::vector<AttachedPolicy> session_policies;
  ControlLevels service_control_levels;  // empty where none apply (services, the management account)
};

// What a resource's policy is, and whether it has to allow even in its own account.
enum class ResourcePolicyRule {
  kMayAllow,         // a bucket, a file system, or a resource that has no policy
  kMustAllow,        // a KMS key
  kMustAllowAsTrust  // a role that is to be assumed: AWS words refusals differently
};

struct AccessRequest {
  const Caller& caller;
  std::string_view action;            // "kms:Decrypt"
  std::string_view resource;          // an ARN; "*" when the action has none
  std::string_view resource_account;  // the caller's when the action has no resource
  LazyContext context;
  const AttachedPolicy* resource_policy = nullptr;  // absent where the resource has none
  ResourcePolicyRule rule = ResourcePolicyRule::kMayAllow;
  // Of the resource's account; absent where none apply. Everybody is named by their statements.
  const ControlLevels* resource_control_levels = nullptr;
};

enum class PolicyKind {
  kResourceControl,
  kServiceControl,
  kResource,
  kTrust,
  kIdentity,
  kBoundary,
  kSession
};

enum class Outcome { kAllowed, kExplicitDeny, kImplicitDeny };

// What one kind of policy said: the statement that allowed or denied, or that none did.
struct Finding {
  PolicyKind kind = PolicyKind::kIdentity;
  Outcome outcome = Outcome::kImplicitDeny;
  const AttachedPolicy* policy = nullptr;  // absent where no statement spoke: implicit denies, root's allow
  size_t statement = 0;                    // of that policy, from 0
  Closeness closeness = Closeness::kNone;  // kResource, kTrust: how the statement names the caller
};

struct Verdict {
  Outcome outcome = Outcome::kImplicitDeny;
  std::vector<Finding> findings;  // as far as evaluation went; the last one decided

  bool allowed() const { return outcome == Outcome::kAllowed; }
};

Verdict evaluate(const AccessRequest& request);

// Why it was refused, in AWS's words, to follow "... is not authorized to perform: ACTION on resource: ARN":
// "because no identity-based policy allows the kms:Decrypt action", "with an explicit deny in a
// resource-based policy". Why it was allowed: "because an identity-based policy allows the kms:Decrypt
// action".
std::string reason(const Verdict& verdict, std::string_view action);

// A line for each finding: "identity-based policy user/alice/inline, statement 2 (Sid "a"): allows".
std::vector<std::string> explain(const Verdict& verdict);

// Does the statement's Action, or its Resource, match?
bool action_applies(const Statement& statement, std::string_view action);
bool resource_applies(const Statement& statement, const AccessRequest& request);
// Does the statement apply to the request, leaving its principal aside?
bool applies(const Statement& statement, const AccessRequest& request);

}  // namespace coffer::policy
