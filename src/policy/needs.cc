// SPDX-License-Identifier: Apache-2.0
#include "policy/needs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/condition_text.h"
#include "policy/match.h"
#include "policy/possible_outcome.h"

namespace coffer::policy {
namespace {

using Reports = std::vector<PolicyReport>;

std::string reference(const PolicyReport& policy, const StatementReport& statement) {
  return fmt::format("statement {}{} of {}", statement.position + 1,
                     statement.sid.empty() ? "" : fmt::format(" (Sid \"{}\")", statement.sid), policy.name);
}

// Goes through what has to allow, in the order of evaluate(), and notes what does not.
class Needs {
 public:
  explicit Needs(const AccessRequest& request) : request_(request), who_(request.caller.identity) {}

  std::vector<Need> collect(const Reports& policies) {
    denials_in(policies);
    if (request_.resource_control_levels != nullptr)
      each_level(*request_.resource_control_levels, PolicyKind::kResourceControl);
    each_level(request_.caller.service_control_levels, PolicyKind::kServiceControl);
    if (resource()) own();
    return std::move(needed_);
  }

 private:
  Reports reports(const std::vector<AttachedPolicy>& policies, PolicyKind kind) const {
    Reports told;
    for (const AttachedPolicy& policy : policies) told.push_back(report_of(policy, kind, request_));
    return told;
  }

  void each_level(const ControlLevels& levels, PolicyKind kind) {
    for (size_t i = 0; i < levels.size(); ++i)
      need(reports(levels[i], kind), fmt::format("a {} at level {} of {} from the organization's root",
                                                 name_of(kind), i + 1, levels.size()));
  }

  void denials_in(const Reports& policies) {
    for (const PolicyReport& policy : policies)
      for (const StatementReport& statement : policy.statements) {
        if (statement.effect != Effect::kDeny || !statement.applies()) continue;
        Need& lifted = needed_.emplace_back(Need{reference(policy, statement) + " must not deny it", {}});
        for (const ConditionReport& condition : statement.conditions)
          if (!is_fixed(to_lower(condition.key)))
            lifted.any_of.push_back(reference(policy, statement) + " would not, if " +
                                    when_not_met(condition));
      }
  }

  // Is an Allow among them? Otherwise says where one is missing, and which would be one but for its
  // conditions.
  bool need(const Reports& policies, const std::string& where) {
    for (const PolicyReport& policy : policies)
      for (const StatementReport& statement : policy.statements)
        if (statement.effect == Effect::kAllow && statement.applies()) return true;
    Need& missing = needed_.emplace_back(
        Need{fmt::format("{} that allows {} on {}", where, request_.action, request_.resource), {}});
    for (const PolicyReport& policy : policies)
      for (const StatementReport& statement : policy.statements)
        if (statement.effect == Effect::kAllow && statement.fits())
          missing.any_of.push_back(reference(policy, statement) + " would, if " + failing(statement));
    return false;
  }

  // In its own account the resource's policy may allow in place of an identity policy.
  void name_by_resource(Need& missing) const {
    if (request_.resource_policy == nullptr || who_.account != request_.resource_account) return;
    const PolicyReport told = report_of(*request_.resource_policy, PolicyKind::kResource, request_);
    for (const StatementReport& statement : told.statements)
      if (statement.effect == Effect::kAllow && statement.fits() && !statement.applies() && statement.named &&
          closeness(*statement.named, who_) > Closeness::kAccount)
        missing.any_of.push_back(reference(told, statement) + " would, if " + failing(statement));
  }

  static std::string failing(const StatementReport& statement) {
    std::vector<std::string> texts;
    for (const ConditionReport& condition : statement.conditions)
      if (!condition.holds) texts.push_back(when_met(condition));
    return fmt::format("{}", fmt::join(texts, " and "));
  }

  // How closely the resource's policy names the caller where it allows, or would if conditions held.
  Closeness named_by_resource(bool conditions_hold) const {
    Closeness closest = Closeness::kNone;
    if (request_.resource_policy == nullptr) return closest;
    for (const Statement& statement : request_.resource_policy->document->statements) {
      const bool fits = action_applies(statement, request_.action) && resource_applies(statement, request_);
      if (statement.effect == Effect::kAllow && statement.principal &&
          (conditions_hold ? applies(statement, request_) : fits))
        closest = std::max(closest, closeness(*statement.principal, who_));
    }
    return closest;
  }

  // Of a session that stands for all of its role's, the role.
  const std::string& caller_name() const { return who_.source_arn.empty() ? who_.arn : who_.source_arn; }

  // Must the caller's own policies be asked?
  bool resource() {
    const bool same_account = who_.account == request_.resource_account;
    named_ = named_by_resource(true);
    if (named_ == Closeness::kNone && (!same_account || request_.rule != ResourcePolicyRule::kMayAllow)) {
      Reports policy;
      if (request_.resource_policy != nullptr)
        policy = reports({*request_.resource_policy}, PolicyKind::kResource);
      need(policy, fmt::format("a statement in {} that names {} or its account, and",
                               policy.empty() ? std::string("a policy of the resource") : policy.front().name,
                               caller_name()));
      named_ = named_by_resource(false);
    }
    return !same_account || named_ != Closeness::kDirect;
  }

  // In its own account, whom the resource's policy comes to name needs nothing else.
  std::string unless_named() const {
    const bool to_be_named = who_.account == request_.resource_account && named_ == Closeness::kNone &&
                             request_.rule != ResourcePolicyRule::kMayAllow;
    return to_be_named ? "unless that names " + caller_name() + " itself, " : "";
  }

  void own() {
    const Caller& caller = request_.caller;
    const bool by_role = who_.account == request_.resource_account && named_ == Closeness::kSource;
    if (!is_root(who_) && !by_role &&
        !need(reports(caller.identity_policies, PolicyKind::kIdentity),
              unless_named() + "an identity-based policy of " + caller_name()))
      name_by_resource(needed_.back());
    if (caller.boundary)
      need(reports({*caller.boundary}, PolicyKind::kBoundary),
           "the permissions boundary " + caller.boundary->name + " with a statement");
    if (!caller.session_policies.empty())
      need(reports(caller.session_policies, PolicyKind::kSession), "a session policy");
  }

  const AccessRequest& request_;
  const CallerIdentity& who_;
  std::vector<Need> needed_;
  Closeness named_ = Closeness::kNone;  // by the resource's policy
};

}  // namespace

std::vector<Need> needs_of(const AccessRequest& request, const std::vector<PolicyReport>& policies) {
  return Needs(request).collect(policies);
}

}  // namespace coffer::policy
