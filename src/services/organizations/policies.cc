// SPDX-License-Identifier: Apache-2.0
// CreatePolicy, UpdatePolicy, DeletePolicy, DescribePolicy, ListPolicies.
#include <algorithm>

#include "services/organizations/names.h"
#include "services/organizations/organization_policies.h"
#include "services/organizations/paging.h"
#include "services/organizations/policy_documents.h"
#include "services/organizations/shapes.h"

namespace coffer::services::organizations {
namespace {

using catalog::OrganizationPolicy;

// Organizations User Guide, "Quotas for AWS Organizations".
constexpr size_t kMostServiceControl = 10'000;
constexpr size_t kMostResourceControl = 1'000;

api::Policy api_policy(const Organization& organization, const OrganizationPolicy& policy) {
  return {api_policy_summary(organization, policy), policy.content};
}

Status unless_taken(Status written) {
  if (written || written.error().kind != ErrorKind::kConflict) return written;
  return conflict("DuplicatePolicyException", "A policy with the specified name and type already exists.");
}

Status check_number(catalog::Transaction& transaction, const OrganizationPolicy& policy) {
  COFFER_TRY(number, transaction.count_organization_policies(policy.organization_id, policy.type));
  if (number < (policy.type == kServiceControlPolicy ? kMostServiceControl : kMostResourceControl)) return {};
  return constraint_violation("POLICY_NUMBER_LIMIT_EXCEEDED",
                              "You have exceeded the allowed number of policies of this type.");
}

// AWS's own first, as if it came before all ids.
Result<std::vector<OrganizationPolicy>> policies_of(catalog::Transaction& transaction,
                                                    const Organization& organization, const std::string& type,
                                                    const Page& page) {
  const auto* managed = managed_policy_of(type);
  const bool first = page.after.empty();
  COFFER_TRY(
      own, transaction.organization_policies(
               organization.id, type, !first && page.after == managed->id ? "" : page.after, page.limit + 1));
  if (first) own.insert(own.begin(), row_of(*managed, organization));
  return own;
}

}  // namespace

Result<api::CreatePolicyResponse> OrganizationsService::create_policy(
    Call& call, const api::CreatePolicyRequest& request) {
  auto keys = request_keys(request.tags);
  keys.set("organizations:PolicyType", request.type);
  COFFER_TRY(organization, authorise_manager(call, {}, std::move(keys)));
  COFFER_CHECK(
      authorise_new_tags(call, organization, policy_arn(organization, request.type, "p-*"), request.tags));
  COFFER_CHECK(require_available(organization, request.type));
  COFFER_CHECK(check_policy_content(request.content, request.type));
  COFFER_TRY(tags, checked_tags(request.tags));
  const OrganizationPolicy policy{make_policy_id(call.installation.random),
                                  organization.id,
                                  request.type,
                                  request.name,
                                  request.description,
                                  request.content};
  return change<api::CreatePolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::CreatePolicyResponse> {
        COFFER_CHECK(check_number(transaction, policy));
        if (managed_policy_of(policy.type)->name == policy.name)
          return conflict("DuplicatePolicyException",
                          "A policy with the specified name and type already exists.");
        COFFER_CHECK(unless_taken(transaction.insert_organization_policy(policy)));
        COFFER_CHECK(transaction.replace_organization_tags(policy.id, tags));
        return api::CreatePolicyResponse{api_policy(current, policy)};
      });
}

Result<api::UpdatePolicyResponse> OrganizationsService::update_policy(
    Call& call, const api::UpdatePolicyRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.policy_id}));
  return change<api::UpdatePolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::UpdatePolicyResponse> {
        COFFER_TRY(policy, require_own_policy(transaction, current, request.policy_id));
        if (request.content) COFFER_CHECK(check_policy_content(*request.content, policy.type));
        policy.name = request.name.value_or(policy.name);
        policy.description = request.description.value_or(policy.description);
        policy.content = request.content.value_or(policy.content);
        COFFER_CHECK(unless_taken(transaction.update_organization_policy(policy)));
        return api::UpdatePolicyResponse{api_policy(current, policy)};
      });
}

Result<api::DeletePolicyResponse> OrganizationsService::delete_policy(
    Call& call, const api::DeletePolicyRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.policy_id}));
  return change<api::DeletePolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::DeletePolicyResponse> {
        COFFER_TRY(policy, require_own_policy(transaction, current, request.policy_id));
        COFFER_TRY(targets, transaction.organization_policy_targets(current.id, policy.id, "", 1));
        if (!targets.empty())
          return conflict(
              "PolicyInUseException",
              "The policy is attached to one or more entities. You must detach it from all roots, "
              "OUs, and accounts before performing this operation.");
        COFFER_CHECK(transaction.remove_organization_policy(policy.id));
        return api::DeletePolicyResponse{};
      });
}

Result<api::DescribePolicyResponse> OrganizationsService::describe_policy(
    Call& call, const api::DescribePolicyRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.policy_id}));
  return read<api::DescribePolicyResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::DescribePolicyResponse> {
        COFFER_TRY(policy, require_policy(transaction, organization, request.policy_id));
        return api::DescribePolicyResponse{api_policy(organization, policy)};
      });
}

Result<api::ListPoliciesResponse> OrganizationsService::list_policies(
    Call& call, const api::ListPoliciesRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {}, type_key(request.filter)));
  COFFER_TRY(page, page_of("ListPolicies/" + request.filter, request));
  return read<api::ListPoliciesResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListPoliciesResponse> {
        api::ListPoliciesResponse response;
        response.policies.emplace();
        if (!require_available(organization, request.filter)) return response;
        COFFER_TRY(policies, policies_of(transaction, organization, request.filter, page));
        end_page(policies, page, response, [](const OrganizationPolicy& policy) { return policy.id; });
        for (const auto& policy : policies)
          response.policies->push_back(api_policy_summary(organization, policy));
        return response;
      });
}

}  // namespace coffer::services::organizations
