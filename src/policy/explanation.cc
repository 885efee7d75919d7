// SPDX-License-Identifier: Apache-2.0
#include "policy/explanation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace coffer::policy {
namespace {

ConditionReport report(const Condition& condition, Effect effect, const Context& context) {
  ConditionReport told{condition.operator_name, condition.key, condition.written, std::nullopt, false};
  if (const auto values = context.find(condition.lower_case_key)) told.actual = values->copies();
  told.holds = holds(condition, effect, context);
  return told;
}

bool names_caller(const Statement& statement, const AccessRequest& request) {
  if (!statement.principal) return true;
  const Caller& caller = request.caller;
  if (statement.effect == Effect::kDeny)
    return is_denied(*statement.principal, caller.identity, caller.boundary.has_value());
  return closeness(*statement.principal, caller.identity) != Closeness::kNone;
}

PolicyReport report(const AttachedPolicy& policy, PolicyKind kind, const AccessRequest& request) {
  PolicyReport told{kind, policy.name, {}};
  for (const Statement& statement : policy.document->statements) {
    StatementReport each;
    each.position = told.statements.size();
    each.sid = statement.sid;
    each.effect = statement.effect;
    each.principal = names_caller(statement, request);
    each.action = action_applies(statement, request.action);
    each.resource = resource_applies(statement, request);
    for (const Condition& condition : statement.conditions)
      each.conditions.push_back(report(condition, statement.effect, request.context.get()));
    told.statements.push_back(std::move(each));
  }
  return told;
}

using Reports = std::vector<PolicyReport>;

Reports reports(const std::vector<AttachedPolicy>& policies, PolicyKind kind, const AccessRequest& request) {
  Reports told;
  for (const AttachedPolicy& policy : policies) told.push_back(report(policy, kind, request));
  return told;
}

std::string reference(const PolicyReport& policy, const StatementReport& statement) {
  return fmt::format("statement {}{} of {}", statement.position + 1,
                     statement.sid.empty() ? "" : fmt::format(" (Sid \"{}\")", statement.sid), policy.name);
}

std::string failing(const StatementReport& statement) {
  std::vector<std::string> texts;
  for (const ConditionReport& condition : statement.conditions) {
    if (condition.holds) continue;
    const std::string actual =
        condition.actual ? fmt::format("is {}", fmt::join(*condition.actual, ", ")) : "is absent";
    texts.push_back(fmt::format("{} met {} {} (it {})", condition.key, condition.operator_name,
                                fmt::join(condition.wanted, " or "), actual));
  }
  return fmt::format("{}", fmt::join(texts, " and "));
}

// Goes through what has to allow, in the order of evaluate(), and notes what does not.
class Needs {
 public:
  Needs(const AccessRequest& request, Explanation& told) : request_(request), told_(told) {}

  void collect() {
    denials();
    if (request_.resource_control_levels != nullptr)
      each_level(*request_.resource_control_levels, PolicyKind::kResourceControl);
    each_level(request_.caller.service_control_levels, PolicyKind::kServiceControl);
    if (resource()) identity();
    told_.lacks_only_conditions =
        told_.outcome == Outcome::kImplicitDeny && missing_ > 0 && missing_ == nearly_;
  }

 private:
  void each_level(const ControlLevels& levels, PolicyKind kind) {
    for (size_t i = 0; i < levels.size(); ++i)
      need(reports(levels[i], kind, request_),
           fmt::format("a {} at level {} of {} from the organization's root", name_of(kind), i + 1,
                       levels.size()));
  }

  void denials() {
    for (const PolicyReport& policy : told_.policies)
      for (const StatementReport& statement : policy.statements)
        if (statement.effect == Effect::kDeny && statement.applies())
          told_.needed.push_back(reference(policy, statement) + " must not deny it");
  }

  // Is an Allow among them? Otherwise says where one is missing, and which would be one but for its
  // conditions.
  bool need(const Reports& policies, const std::string& where) {
    for (const PolicyReport& policy : policies)
      for (const StatementReport& statement : policy.statements)
        if (statement.effect == Effect::kAllow && statement.applies()) return true;
    told_.needed.push_back(fmt::format("{} that allows {} on {}", where, request_.action, request_.resource));
    ++missing_;
    bool nearly = false;
    for (const PolicyReport& policy : policies)
      for (const StatementReport& statement : policy.statements)
        if (statement.effect == Effect::kAllow && statement.fits()) {
          nearly = true;
          told_.needed.push_back(
              fmt::format("{} would, if {}", reference(policy, statement), failing(statement)));
        }
    if (nearly) ++nearly_;
    return false;
  }

  // How closely the resource's policy names the caller where it allows, or would if conditions held.
  Closeness named_by_resource(bool conditions_hold) const {
    Closeness closest = Closeness::kNone;
    if (request_.resource_policy == nullptr) return closest;
    for (const Statement& statement : request_.resource_policy->document->statements) {
      const bool fits = action_applies(statement, request_.action) && resource_applies(statement, request_);
      if (statement.effect == Effect::kAllow && statement.principal &&
          (conditions_hold ? applies(statement, request_) : fits))
        closest = std::max(closest, closeness(*statement.principal, request_.caller.identity));
    }
    return closest;
  }

  // Must the caller's own policies be asked?
  bool resource() {
    const CallerIdentity& who = request_.caller.identity;
    const bool own = who.account == request_.resource_account;
    named_ = named_by_resource(true);
    if (named_ == Closeness::kNone && (!own || request_.rule != ResourcePolicyRule::kMayAllow)) {
      Reports policy;
      if (request_.resource_policy != nullptr)
        policy.push_back(report(*request_.resource_policy, PolicyKind::kResource, request_));
      need(policy, fmt::format("a statement in {} that names {} or its account, and",
                               policy.empty() ? std::string("a policy of the resource") : policy.front().name,
                               who.arn));
      named_ = named_by_resource(false);
    }
    return !own || named_ != Closeness::kDirect;
  }

  void identity() {
    const Caller& caller = request_.caller;
    const bool own = caller.identity.account == request_.resource_account;
    const bool by_role = own && named_ == Closeness::kSource;
    if (!is_root(caller.identity) && !by_role)
      need(reports(caller.identity_policies, PolicyKind::kIdentity, request_),
           "an identity-based policy of " +
               (caller.identity.source_arn.empty() ? caller.identity.arn : caller.identity.source_arn));
    if (caller.boundary)
      need(reports({*caller.boundary}, PolicyKind::kBoundary, request_),
           "the permissions boundary " + caller.boundary->name + " with a statement");
    if (!caller.session_policies.empty())
      need(reports(caller.session_policies, PolicyKind::kSession, request_), "a session policy");
  }

  const AccessRequest& request_;
  Explanation& told_;
  size_t missing_ = 0, nearly_ = 0;
  Closeness named_ = Closeness::kNone;  // by the resource's policy
};

Reports all_policies(const AccessRequest& request) {
  const Caller& caller = request.caller;
  Reports all;
  const auto add = [&](const std::vector<AttachedPolicy>& policies, PolicyKind kind) {
    std::ranges::move(reports(policies, kind, request), std::back_inserter(all));
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

bool StatementReport::applies() const {
  return fits() && std::ranges::all_of(conditions, &ConditionReport::holds);
}

Explanation explain_request(const AccessRequest& request) {
  const Verdict verdict = evaluate(request);
  Explanation told;
  told.outcome = verdict.outcome;
  told.reason = reason(verdict, request.action);
  told.because = explain(verdict);
  told.policies = all_policies(request);
  if (!told.allowed()) Needs(request, told).collect();
  return told;
}

}  // namespace coffer::policy
