// SPDX-License-Identifier: Apache-2.0
#include "policy/possible_outcome.h"

#include <algorithm>
#include <array>
#include <deque>

namespace coffer::policy {
namespace {

bool can_vary(const Condition& condition) {
  return !is_fixed(condition.lower_case_key);
}

// Copies of a request's policies without the conditions that can vary.
class Relaxed {
 public:
  AttachedPolicy policy(const AttachedPolicy& original) {
    Document& copy = documents_.emplace_back(*original.document);
    std::erase_if(copy.statements, [](const Statement& statement) {
      return statement.effect == Effect::kDeny && std::ranges::any_of(statement.conditions, can_vary);
    });
    for (Statement& statement : copy.statements)
      if (statement.effect == Effect::kAllow) std::erase_if(statement.conditions, can_vary);
    return {original.name, &copy};
  }
  std::vector<AttachedPolicy> policies(const std::vector<AttachedPolicy>& originals) {
    std::vector<AttachedPolicy> copies;
    for (const AttachedPolicy& each : originals) copies.push_back(policy(each));
    return copies;
  }
  ControlLevels levels(const ControlLevels& originals) {
    ControlLevels copies;
    for (const auto& each : originals) copies.push_back(policies(each));
    return copies;
  }
  Caller caller(const Caller& original) {
    Caller copy{original.identity, policies(original.identity_policies), std::nullopt,
                policies(original.session_policies), levels(original.service_control_levels)};
    if (original.boundary) copy.boundary = policy(*original.boundary);
    return copy;
  }

 private:
  std::deque<Document> documents_;
};

}  // namespace

bool is_fixed(std::string_view lower_case_key) {
  constexpr std::array<std::string_view, 13> kFixed = {"aws:principalaccount",
                                                       "aws:principalarn",
                                                       "aws:principalisawsservice",
                                                       "aws:principalorgid",
                                                       "aws:principalorgpaths",
                                                       "aws:principalservicename",
                                                       "aws:principalservicenameslist",
                                                       "aws:principaltype",
                                                       "aws:resourceaccount",
                                                       "aws:resourceorgid",
                                                       "aws:resourceorgpaths",
                                                       "aws:username",
                                                       "kms:calleraccount"};
  return std::ranges::find(kFixed, lower_case_key) != kFixed.end();
}

Outcome possible_outcome(const AccessRequest& request) {
  Relaxed relaxed;
  const Caller caller = relaxed.caller(request.caller);
  std::optional<AttachedPolicy> resource_policy;
  if (request.resource_policy != nullptr) resource_policy = relaxed.policy(*request.resource_policy);
  ControlLevels resource_control;
  if (request.resource_control_levels != nullptr)
    resource_control = relaxed.levels(*request.resource_control_levels);
  return evaluate({caller, request.action, request.resource, request.resource_account,
                   LazyContext(request.context.get()), resource_policy ? &*resource_policy : nullptr,
                   request.rule, request.resource_control_levels != nullptr ? &resource_control : nullptr})
      .outcome;
}

}  // namespace coffer::policy
