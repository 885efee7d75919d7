// SPDX-License-Identifier: Apache-2.0
#include "policy/evaluate.h"

#include <algorithm>

#include "policy/match.h"
#include "policy/resource_consent.h"

namespace coffer::policy {
namespace {

using Attached = std::vector<AttachedPolicy>;

std::optional<Finding> find_in(const AttachedPolicy& policy, PolicyKind kind, Effect effect,
                               const AccessRequest& request) {
  const auto& statements = policy.document->statements;
  for (size_t i = 0; i < statements.size(); ++i)
    if (statements[i].effect == effect && applies(statements[i], request))
      return Finding{kind, effect == Effect::kAllow ? Outcome::kAllowed : Outcome::kExplicitDeny, &policy, i,
                     Closeness::kNone};
  return std::nullopt;
}

std::optional<Finding> find_in(const Attached& policies, PolicyKind kind, Effect effect,
                               const AccessRequest& request) {
  for (const auto& policy : policies)
    if (auto found = find_in(policy, kind, effect, request)) return found;
  return std::nullopt;
}

PolicyKind resource_kind(const AccessRequest& request) {
  return request.rule == ResourcePolicyRule::kMustAllowAsTrust ? PolicyKind::kTrust : PolicyKind::kResource;
}

std::optional<Finding> find_resource_deny(const AccessRequest& request) {
  if (request.resource_policy == nullptr) return std::nullopt;
  const auto& statements = request.resource_policy->document->statements;
  const auto& identity = request.caller.identity;
  for (size_t i = 0; i < statements.size(); ++i) {
    const auto& statement = statements[i];
    if (statement.effect != Effect::kDeny || !statement.principal) continue;
    if (is_denied(*statement.principal, identity, request.caller.boundary.has_value()) &&
        applies(statement, request))
      return Finding{resource_kind(request), Outcome::kExplicitDeny, request.resource_policy, i,
                     closeness(*statement.principal, identity)};
  }
  return std::nullopt;
}

// The statement that allows and names the caller most closely.
Finding find_resource_allow(const AccessRequest& request) {
  Finding best{resource_kind(request), Outcome::kImplicitDeny, nullptr, 0, Closeness::kNone};
  if (request.resource_policy == nullptr) return best;
  const auto& statements = request.resource_policy->document->statements;
  for (size_t i = 0; i < statements.size(); ++i) {
    const auto& statement = statements[i];
    if (statement.effect != Effect::kAllow || !statement.principal) continue;
    const Closeness named = closeness(*statement.principal, request.caller.identity);
    if (named > best.closeness && applies(statement, request))
      best = {best.kind, Outcome::kAllowed, request.resource_policy, i, named};
  }
  return best;
}

std::optional<Finding> find_deny(const ControlLevels& levels, PolicyKind kind, const AccessRequest& request) {
  for (const auto& level : levels)
    if (auto found = find_in(level, kind, Effect::kDeny, request)) return found;
  return std::nullopt;
}

std::optional<Finding> find_deny(const AccessRequest& request) {
  const Caller& caller = request.caller;
  if (request.resource_control_levels != nullptr)
    if (auto found = find_deny(*request.resource_control_levels, PolicyKind::kResourceControl, request))
      return found;
  if (auto found = find_deny(caller.service_control_levels, PolicyKind::kServiceControl, request))
    return found;
  if (auto found = find_resource_deny(request)) return found;
  if (auto found = find_in(caller.identity_policies, PolicyKind::kIdentity, Effect::kDeny, request))
    return found;
  if (caller.boundary)
    if (auto found = find_in(*caller.boundary, PolicyKind::kBoundary, Effect::kDeny, request)) return found;
  return find_in(caller.session_policies, PolicyKind::kSession, Effect::kDeny, request);
}

// The steps after the search for a Deny. Each adds what it found and says whether evaluation goes on.
class Steps {
 public:
  Steps(const AccessRequest& request, Verdict& verdict) : request_(request), verdict_(verdict) {}

  bool add(const Finding& finding) {
    verdict_.findings.push_back(finding);
    return finding.outcome == Outcome::kAllowed;
  }

  bool organizations() {
    return (request_.resource_control_levels == nullptr ||
            each_level(*request_.resource_control_levels, PolicyKind::kResourceControl)) &&
           each_level(request_.caller.service_control_levels, PolicyKind::kServiceControl);
  }

  bool identity() {
    if (is_root(request_.caller.identity))
      return add({PolicyKind::kIdentity, Outcome::kAllowed, nullptr, 0, Closeness::kNone});
    return need(find_in(request_.caller.identity_policies, PolicyKind::kIdentity, Effect::kAllow, request_),
                PolicyKind::kIdentity);
  }

  bool boundary() {
    if (!request_.caller.boundary) return true;
    return need(find_in(*request_.caller.boundary, PolicyKind::kBoundary, Effect::kAllow, request_),
                PolicyKind::kBoundary);
  }

  bool session() {
    const auto& policies = request_.caller.session_policies;
    if (policies.empty() && request_.caller.identity.type != CallerType::kFederatedUser) return true;
    return need(find_in(policies, PolicyKind::kSession, Effect::kAllow, request_), PolicyKind::kSession);
  }

 private:
  bool each_level(const ControlLevels& levels, PolicyKind kind) {
    return std::all_of(levels.begin(), levels.end(), [&](const Attached& level) {
      return need(find_in(level, kind, Effect::kAllow, request_), kind);
    });
  }
  bool need(const std::optional<Finding>& allow, PolicyKind kind) {
    return add(allow.value_or(Finding{kind, Outcome::kImplicitDeny, nullptr, 0, Closeness::kNone}));
  }

  const AccessRequest& request_;
  Verdict& verdict_;
};

// Has the caller policies of its own at all?
bool is_iam_principal(const CallerIdentity& identity) {
  return !identity.account.empty() && identity.type != CallerType::kService &&
         identity.type != CallerType::kIdentityProvider && identity.type != CallerType::kAnonymous;
}

// Do all that must allow do so?
bool is_allowed(const AccessRequest& request, Verdict& verdict) {
  Steps steps(request, verdict);
  if (!steps.organizations()) return false;
  const auto& who = request.caller.identity;
  const Finding resource = find_resource_allow(request);
  if (!is_iam_principal(who)) {
    // Nobody else speaks for it, so it must be named itself.
    const Finding nobody{resource.kind, Outcome::kImplicitDeny, nullptr, 0, Closeness::kNone};
    return steps.add(resource.closeness == Closeness::kDirect ? resource : nobody);
  }
  const bool same_account = who.account == request.resource_account;
  const bool must_allow = !same_account || request.rule != ResourcePolicyRule::kMayAllow;
  if (must_allow || resource.outcome == Outcome::kAllowed)
    if (!steps.add(resource)) return false;
  if (same_account && resource.closeness == Closeness::kDirect) return true;
  const bool named_by_role = same_account && resource.closeness == Closeness::kSource;
  return (named_by_role || steps.identity()) && steps.boundary() && steps.session();
}

}  // namespace

bool action_applies(const Statement& statement, std::string_view action) {
  const auto& actions = statement.actions;
  const bool listed = std::any_of(actions.begin(), actions.end(), [&](const std::string& pattern) {
    return matches_ignoring_case(pattern, action);
  });
  return listed != statement.not_action;
}

bool resource_applies(const Statement& statement, const AccessRequest& request) {
  if (statement.resource_rule == Statement::Resources::kAny) return true;
  if (statement.resource_rule == Statement::Resources::kNone) return false;
  const auto& resources = statement.resources;
  const bool listed = std::any_of(resources.begin(), resources.end(), [&](const Text& resource) {
    if (resource.variables.empty()) return matches(resource.pattern, request.resource);
    std::string buffer;
    const auto pattern = expand(resource, request.context.get(), buffer);
    return pattern && matches(*pattern, request.resource);
  });
  return listed == (statement.resource_rule == Statement::Resources::kListed);
}

bool applies(const Statement& statement, const AccessRequest& request) {
  return action_applies(statement, request.action) && resource_applies(statement, request) &&
         std::all_of(statement.conditions.begin(), statement.conditions.end(),
                     [&](const Condition& condition) {
                       return holds(condition, statement.effect, request.context.get());
                     });
}

bool resource_policy_allows(const AccessRequest& request) {
  return !find_resource_deny(request) && find_resource_allow(request).outcome == Outcome::kAllowed;
}

std::optional<PolicyKind> forbidding_bound(const AccessRequest& request) {
  const Caller& caller = request.caller;
  if (caller.boundary && !find_in(*caller.boundary, PolicyKind::kBoundary, Effect::kAllow, request))
    return PolicyKind::kBoundary;
  if (!caller.session_policies.empty() &&
      !find_in(caller.session_policies, PolicyKind::kSession, Effect::kAllow, request))
    return PolicyKind::kSession;
  return std::nullopt;
}

Verdict evaluate(const AccessRequest& request) {
  Verdict verdict;
  verdict.findings.reserve(2);  // most often the resource's policy and the identity's speak
  if (const auto deny = find_deny(request)) {
    verdict.outcome = Outcome::kExplicitDeny;
    verdict.findings.push_back(*deny);
  } else if (is_allowed(request, verdict)) {
    verdict.outcome = Outcome::kAllowed;
  }
  return verdict;
}

}  // namespace coffer::policy
