// SPDX-License-Identifier: Apache-2.0
#include "policy/explanation.h"

#include "policy/possible_outcome.h"

namespace coffer::policy {
namespace {

using Reports = std::vector<PolicyReport>;

Reports all_policies(const AccessRequest& request) {
  const Caller& caller = request.caller;
  Reports all;
  const auto add = [&](const std::vector<AttachedPolicy>& policies, PolicyKind kind) {
    for (const AttachedPolicy& policy : policies) all.push_back(report_of(policy, kind, request));
  };
  if (request.resource_control_levels != nullptr)
    for (const auto& level : *request.resource_control_levels) add(level, PolicyKind::kResourceControl);
  for (const auto& level : caller.service_control_levels) add(level, PolicyKind::kServiceControl);
  const bool trust = request.rule == ResourcePolicyRule::kMustAllowAsTrust;
  if (request.resource_policy != nullptr)
    add({*request.resource_policy}, trust ? PolicyKind::kTrust : PolicyKind::kResource);
  add(caller.identity_policies, PolicyKind::kIdentity);
  if (caller.boundary) add({*caller.boundary}, PolicyKind::kBoundary);
  add(caller.session_policies, PolicyKind::kSession);
  return all;
}

}  // namespace

Explanation explain_request(const AccessRequest& request) {
  const Verdict verdict = evaluate(request);
  Explanation told;
  told.outcome = verdict.outcome;
  told.reason = reason(verdict, request.action);
  told.because = explain(verdict);
  told.policies = all_policies(request);
  if (told.allowed()) return told;
  told.needed = needs_of(request, told.policies);
  told.lacks_only_conditions = possible_outcome(request) == Outcome::kAllowed;
  return told;
}

}  // namespace coffer::policy
