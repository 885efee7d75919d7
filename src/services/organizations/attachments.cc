// SPDX-License-Identifier: Apache-2.0
// AttachPolicy, DetachPolicy, ListPoliciesForTarget, ListTargetsForPolicy.
#include <algorithm>

#include "services/organizations/names.h"
#include "services/organizations/organization_policies.h"
#include "services/organizations/paging.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

// Organizations User Guide, "Quotas for AWS Organizations": of each type, to a root, a unit or an account.
constexpr size_t kMostAttached = 5;

Result<Target> require_target(catalog::Transaction& transaction, const Organization& organization,
                              const std::string& id) {
  COFFER_TRY(target, find_target(transaction, organization, id));
  if (!target) return not_found("Target");
  return std::move(*target);
}

Status check_detachable(catalog::Transaction& transaction, const catalog::OrganizationPolicy& policy,
                        const std::string& target) {
  COFFER_TRY(attached, transaction.organization_policies_on(target, policy.type));
  if (std::ranges::find(attached, policy.id) == attached.end())
    return conflict("PolicyNotAttachedException",
                    "The policy isn't attached to the specified target in the specified root.");
  if (attached.size() == 1)
    return constraint_violation(
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        "You cannot remove the last policy attached to the specified target. You must "
        "have at least one attached at all times.");
  // "You can't detach this policy" (Organizations User Guide, "Resource control policies").
  if (policy.type == kResourceControlPolicy && policy.id == managed_policy_of(policy.type)->id)
    return constraint_violation("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                                "You cannot detach RCPFullAWSAccess.");
  return {};
}

}  // namespace

Result<api::AttachPolicyResponse> OrganizationsService::attach_policy(
    Call& call, const api::AttachPolicyRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.policy_id, request.target_id}));
  return change<api::AttachPolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::AttachPolicyResponse> {
        COFFER_TRY(policy, require_policy(transaction, current, request.policy_id));
        COFFER_TRY(target, require_target(transaction, current, request.target_id));
        COFFER_CHECK(require_enabled(current, policy.type));
        COFFER_TRY(attached, transaction.organization_policies_on(target.id, policy.type));
        if (std::ranges::find(attached, policy.id) != attached.end())
          return conflict("DuplicatePolicyAttachmentException",
                          "A policy with the specified name and type already exists.");
        if (attached.size() >= kMostAttached)
          return constraint_violation(
              "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
              "You have attached the maximum number of policies to the specified target.");
        COFFER_CHECK(transaction.attach_organization_policy({current.id, target.id, policy.type, policy.id}));
        return api::AttachPolicyResponse{};
      });
}

Result<api::DetachPolicyResponse> OrganizationsService::detach_policy(
    Call& call, const api::DetachPolicyRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.policy_id, request.target_id}));
  return change<api::DetachPolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::DetachPolicyResponse> {
        COFFER_TRY(policy, require_policy(transaction, current, request.policy_id));
        COFFER_TRY(target, require_target(transaction, current, request.target_id));
        COFFER_CHECK(check_detachable(transaction, policy, target.id));
        COFFER_CHECK(transaction.detach_organization_policy({current.id, target.id, policy.type, policy.id}));
        return api::DetachPolicyResponse{};
      });
}

Result<api::ListPoliciesForTargetResponse> OrganizationsService::list_policies_for_target(
    Call& call, const api::ListPoliciesForTargetRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.target_id}, type_key(request.filter)));
  return read<api::ListPoliciesForTargetResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListPoliciesForTargetResponse> {
        COFFER_TRY(target, require_target(transaction, organization, request.target_id));
        COFFER_TRY(ids, transaction.organization_policies_on(target.id, request.filter));
        api::ListPoliciesForTargetResponse response;  // never more than a page
        response.policies.emplace();
        for (const auto& id : ids) {
          COFFER_TRY(policy, require_policy(transaction, organization, id));
          response.policies->push_back(api_policy_summary(organization, policy));
        }
        return response;
      });
}

Result<api::ListTargetsForPolicyResponse> OrganizationsService::list_targets_for_policy(
    Call& call, const api::ListTargetsForPolicyRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.policy_id}));
  COFFER_TRY(page, page_of("ListTargetsForPolicy/" + request.policy_id, request));
  return read<api::ListTargetsForPolicyResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListTargetsForPolicyResponse> {
        COFFER_TRY(policy, require_policy(transaction, organization, request.policy_id));
        COFFER_TRY(ids, transaction.organization_policy_targets(organization.id, policy.id, page.after,
                                                                page.limit + 1));
        api::ListTargetsForPolicyResponse response;
        end_page(ids, page, response, [](const std::string& id) { return id; });
        response.targets.emplace();
        for (const auto& id : ids) {
          COFFER_TRY(target, require_target(transaction, organization, id));
          response.targets->push_back({id, target_arn(organization, id), target.name, target.type});
        }
        return response;
      });
}

}  // namespace coffer::services::organizations
