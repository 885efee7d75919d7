// SPDX-License-Identifier: Apache-2.0
// SimulatePrincipalPolicy, SimulateCustomPolicy: what would be decided on each action and each resource, by
// the engine that decides (policy/evaluate.h). GetContextKeysForPrincipalPolicy,
// GetContextKeysForCustomPolicy.
#include <fmt/format.h>

#include "base/ids.h"
#include "policy/caller_keys.h"
#include "policy/context_keys.h"
#include "policy/deciding_statements.h"
#include "policy/match.h"
#include "policy/statement_positions.h"
#include "services/arn.h"
#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam/simulated_context.h"
#include "services/iam/simulated_policies.h"

namespace coffer::services::iam {
namespace {

using policy::AccessRequest;
using policy::AttachedPolicy;
using policy::Outcome;

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllowed:
      return "allowed";
    case Outcome::kExplicitDeny:
      return "explicitDeny";
    case Outcome::kImplicitDeny:
      break;
  }
  return "implicitDeny";
}

// "CallerArn ... must be the ARN of an IAM user" (IAM API Reference).
Status set_caller(SimulatedPolicies& policies, const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "iam" || !parsed->resource.starts_with("user/"))
    return invalid_input(fmt::format("CallerArn {} is not the ARN of an IAM user.", arn));
  policies.caller.identity = {};
  policies.caller.identity.type = policy::CallerType::kUser;
  policies.caller.identity.account = parsed->account;
  policies.caller.identity.arn = arn;
  return {};
}

template <class Request>
Status add_request(Call& call, const Request& request, SimulatedPolicies& policies) {
  if (request.permissions_boundary_policy_input_list &&
      !request.permissions_boundary_policy_input_list->empty()) {
    if (request.permissions_boundary_policy_input_list->size() > 1)
      return invalid_input("Only one permissions boundary can be given.");
    COFFER_TRY(boundary, read_simulated(call, policies, "PermissionsBoundaryPolicyInputList.1",
                                        request.permissions_boundary_policy_input_list->front(),
                                        policy::DocumentKind::kIdentity));
    policies.caller.boundary = std::move(boundary);
  }
  if (request.caller_arn) COFFER_CHECK(set_caller(policies, *request.caller_arn));
  if (!request.resource_policy) return {};
  if (policies.caller.identity.type != policy::CallerType::kUser)
    return invalid_input("CallerArn is required with a ResourcePolicy, unless the policies are a user's.");
  const auto resources = request.resource_arns.value_or(std::vector<std::string>());
  const bool key = !resources.empty() && std::ranges::all_of(resources, [](const std::string& arn) {
    return arn.starts_with("arn:aws:kms:");
  });
  COFFER_TRY(policy, read_simulated(call, policies, "ResourcePolicy", *request.resource_policy,
                                    key ? policy::DocumentKind::kKey : policy::DocumentKind::kResource));
  policies.resource_policy = std::move(policy);
  return {};
}

// What the request says, and what follows from who calls.
Result<policy::Context> context_of(const std::vector<api::ContextEntry>& entries,
                                   const SimulatedPolicies& policies) {
  policy::Context context;
  if (!policies.caller.identity.arn.empty()) policy::add_caller_keys(policies.caller.identity, context);
  for (const auto& [name, value] : policies.principal_tags) context.set("aws:PrincipalTag/" + name, value);
  COFFER_CHECK(add_context_entries(entries, context));
  return context;
}

// An account's id, of itself or of arn:aws:iam::ACCOUNT:root.
Result<std::string> owner_of(const std::string& owner) {
  const auto arn = parse_arn(owner);
  std::string account = arn ? arn->account : owner;
  if (!is_account_id(account))
    return invalid_input(fmt::format("ResourceOwner {} is not an account.", owner));
  return account;
}

// One action on one resource.
class Question {
 public:
  Question(const SimulatedPolicies& policies, const policy::Context& context, const std::string& action,
           const std::string& resource, const std::string& owner)
      : policies_(policies),
        context_(context),
        owner_(owner_of_resource(resource, owner)),
        request_{policies.caller, action, resource, owner_, policy::LazyContext(context)} {
    if (!policies.resource_policy) return;
    request_.resource_policy = &*policies.resource_policy;
    if (policies.resource_policy->document->kind == policy::DocumentKind::kKey)
      request_.rule = policy::ResourcePolicyRule::kMustAllow;
  }

  Outcome outcome() const { return policy::evaluate(request_).outcome; }

  std::vector<api::Statement> matched(Outcome outcome) const {
    std::vector<api::Statement> shown;
    for (const auto& found : policy::deciding_statements(request_, outcome)) {
      api::Statement statement;
      statement.source_policy_id = found.policy->name;
      statement.source_policy_type =
          found.policy == request_.resource_policy ? "Resource Policy" : "IAM Policy";
      const auto positions = policy::statement_positions(policies_.texts.at(found.policy->name));
      if (found.statement < positions.size()) {
        const auto& position = positions[found.statement];
        statement.start_position = api::Position{position.start.line, position.start.column};
        statement.end_position = api::Position{position.end.line, position.end.column};
      }
      shown.push_back(std::move(statement));
    }
    return shown;
  }

  // Of the statements that speak of the action.
  std::vector<std::string> missing() const {
    policy::ContextKeys keys;
    const auto add = [&](const AttachedPolicy& policy) {
      for (const auto& statement : policy.document->statements)
        if (policy::concerns(statement, request_.action)) policy::add_context_keys(statement, keys);
    };
    for (const auto& policy : policies_.caller.identity_policies) add(policy);
    if (policies_.caller.boundary) add(*policies_.caller.boundary);
    if (policies_.resource_policy) add(*policies_.resource_policy);
    std::vector<std::string> missing = keys.all();
    std::erase_if(missing,
                  [&](const std::string& key) { return context_.find(policy::to_lower(key)).has_value(); });
    return missing;
  }

  std::optional<api::PermissionsBoundaryDecisionDetail> boundary() const {
    if (!policies_.caller.boundary) return std::nullopt;
    const auto said = policy::outcome_of({*policies_.caller.boundary}, request_);
    return api::PermissionsBoundaryDecisionDetail{said == Outcome::kAllowed};
  }

  std::optional<api::OrganizationsDecisionDetail> organizations() const {
    const auto& levels = policies_.caller.service_control_levels;
    if (levels.empty()) return std::nullopt;
    const bool allowed = std::ranges::all_of(
        levels, [&](const auto& level) { return policy::outcome_of(level, request_) == Outcome::kAllowed; });
    return api::OrganizationsDecisionDetail{allowed};
  }

  // "Populated for only cross-account simulations"; for a resource of the same account empty.
  std::optional<std::map<std::string, std::string>> details() const {
    if (request_.resource == "*") return std::nullopt;
    std::map<std::string, std::string> details;
    if (owner_ == policies_.caller.identity.account) return details;
    details["IAM Policy"] = name_of(policy::outcome_of(policies_.caller.identity_policies, request_));
    details["Resource Policy"] = name_of(policy::outcome_of_resource_policy(request_));
    return details;
  }

 private:
  std::string owner_of_resource(const std::string& resource, const std::string& owner) const {
    const auto arn = parse_arn(resource);
    if (arn && is_account_id(arn->account)) return arn->account;
    return owner.empty() ? policies_.caller.identity.account : owner;
  }

  const SimulatedPolicies& policies_;
  const policy::Context& context_;
  const std::string owner_;
  AccessRequest request_;
};

api::EvaluationResult result_of(const Question& question, const std::string& action,
                                const std::string& resource, bool listed) {
  const Outcome outcome = question.outcome();
  api::EvaluationResult result;
  result.eval_action_name = action;
  result.eval_resource_name = resource;
  result.eval_decision = name_of(outcome);
  result.matched_statements = question.matched(outcome);
  result.missing_context_values = question.missing();
  result.organizations_decision_detail = question.organizations();
  result.permissions_boundary_decision_detail = question.boundary();
  result.eval_decision_details = question.details();
  if (!listed) return result;
  api::ResourceSpecificResult specific;
  specific.eval_resource_name = resource;
  specific.eval_resource_decision = *result.eval_decision;
  specific.matched_statements = result.matched_statements;
  specific.missing_context_values = result.missing_context_values;
  specific.permissions_boundary_decision_detail = result.permissions_boundary_decision_detail;
  specific.eval_decision_details = result.eval_decision_details;
  result.resource_specific_results = {std::move(specific)};
  return result;
}

struct Combination {
  std::string key;  // in the order of the request
  std::string action, resource;
};

Status check_names(const std::vector<std::string>& actions, const std::vector<std::string>& resources) {
  for (const auto& action : actions)
    if (action.find(':') == std::string::npos)
      return invalid_input(fmt::format("Invalid action: {}", action));
  for (const auto& resource : resources)
    if (resource != "*" && !parse_arn(resource))
      return invalid_input(fmt::format("Resource {} is not an ARN.", resource));
  return {};
}

// Large policies are asked fewer questions in one call: "IAM might return fewer results, even when there are
// more available" (IAM API Reference, SimulateCustomPolicy, MaxItems).
size_t most_results(const SimulatedPolicies& policies) {
  constexpr size_t kTextInOneCall = 2 << 20;  // bytes of policies, once for each question
  size_t size = 1;
  for (const auto& [name, text] : policies.texts) size += text.size();
  return std::max<size_t>(1, kTextInOneCall / size);
}

// Those of the page and one more, of each action on each resource.
std::vector<Combination> combinations(const std::vector<std::string>& actions,
                                      const std::vector<std::string>& resources, const Page& page) {
  std::vector<Combination> wanted;
  const size_t count = actions.size() * resources.size();
  size_t next = page.after.empty() ? 0 : std::strtoull(page.after.c_str(), nullptr, 10) + 1;
  for (; next < count && wanted.size() <= page.limit; ++next)
    wanted.push_back(
        {fmt::format("{:08}", next), actions[next / resources.size()], resources[next % resources.size()]});
  return wanted;
}

template <class Request>
Result<api::SimulatePolicyResponse> simulate(Call& call, const Request& request,
                                             const SimulatedPolicies& policies) {
  COFFER_TRY(page, page_of(call.operation, request.marker, request.max_items));
  COFFER_TRY(context,
             context_of(request.context_entries.value_or(std::vector<api::ContextEntry>()), policies));
  std::string owner;
  if (request.resource_owner) {
    COFFER_TRY(account, owner_of(*request.resource_owner));
    owner = std::move(account);
  }
  const bool listed = request.resource_arns && !request.resource_arns->empty();
  const auto resources = listed ? *request.resource_arns : std::vector<std::string>{"*"};
  COFFER_CHECK(check_names(request.action_names, resources));
  page.limit = std::min(page.limit, most_results(policies));
  auto wanted = combinations(request.action_names, resources, page);
  api::SimulatePolicyResponse response;
  end_page(wanted, page, response, [](const Combination& each) { return each.key; });
  response.evaluation_results.emplace();
  for (const auto& each : wanted) {
    const Question question(policies, context, each.action, each.resource, owner);
    response.evaluation_results->push_back(result_of(question, each.action, each.resource, listed));
  }
  return response;
}

api::GetContextKeysForPolicyResponse keys_of(const SimulatedPolicies& policies) {
  policy::ContextKeys keys;
  for (const auto& policy : policies.caller.identity_policies)
    for (const auto& statement : policy.document->statements) policy::add_context_keys(statement, keys);
  return api::GetContextKeysForPolicyResponse{keys.all()};
}

}  // namespace

Result<api::SimulatePolicyResponse> IamService::simulate_principal_policy(
    Call& call, const api::SimulatePrincipalPolicyRequest& request) {
  SimulatedPolicies policies;
  COFFER_CHECK(add_principal(call, policies, request.policy_source_arn));
  COFFER_CHECK(
      add_input_policies(call, policies, request.policy_input_list.value_or(std::vector<std::string>())));
  COFFER_CHECK(add_request(call, request, policies));
  return simulate(call, request, policies);
}

// Without a CallerArn, a user of the account that is nobody in particular.
Result<api::SimulatePolicyResponse> IamService::simulate_custom_policy(
    Call& call, const api::SimulateCustomPolicyRequest& request) {
  COFFER_CHECK(call.authorise("iam:SimulateCustomPolicy", "*"));
  if (request.resource_policy && !request.caller_arn)
    return invalid_input("CallerArn is required with a ResourcePolicy.");
  SimulatedPolicies policies;
  policies.caller.identity.type = policy::CallerType::kUser;
  policies.caller.identity.account = call.account;
  COFFER_CHECK(add_input_policies(call, policies, request.policy_input_list));
  COFFER_CHECK(add_request(call, request, policies));
  return simulate(call, request, policies);
}

Result<api::GetContextKeysForPolicyResponse> IamService::get_context_keys_for_custom_policy(
    Call& call, const api::GetContextKeysForCustomPolicyRequest& request) {
  COFFER_CHECK(call.authorise("iam:GetContextKeysForCustomPolicy", "*"));
  SimulatedPolicies policies;
  COFFER_CHECK(add_input_policies(call, policies, request.policy_input_list));
  return keys_of(policies);
}

Result<api::GetContextKeysForPolicyResponse> IamService::get_context_keys_for_principal_policy(
    Call& call, const api::GetContextKeysForPrincipalPolicyRequest& request) {
  SimulatedPolicies policies;
  COFFER_CHECK(add_principal(call, policies, request.policy_source_arn));
  COFFER_CHECK(
      add_input_policies(call, policies, request.policy_input_list.value_or(std::vector<std::string>())));
  return keys_of(policies);
}

}  // namespace coffer::services::iam
