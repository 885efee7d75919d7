// SPDX-License-Identifier: Apache-2.0
// AttachUserPolicy, DetachUserPolicy, ListAttachedUserPolicies, and the same for roles and groups.
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/managed_policy.h"
#include "services/iam/paging.h"

namespace coffer::services::iam {
namespace {

constexpr size_t kMostAttached = 10;

policy::Context naming(const std::string& policy_arn) {
  policy::Context context;
  context.set("iam:PolicyARN", policy_arn);
  return context;
}

template <class Response>
Result<Response> attach(Call& call, const EntityKind& kind, const std::string& name,
                        const std::string& policy_arn) {
  COFFER_TRY(entity, find_entity(call, kind, name, naming(policy_arn)));
  COFFER_CHECK(check_policy_arn(policy_arn));
  COFFER_CHECK(check_modifiable(entity));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(require_attachable(transaction, call.account, policy_arn, kind.title));
    COFFER_CHECK(transaction.attach_policy(entity.id, policy_arn));
    COFFER_TRY(attached, transaction.attached_policies(entity.id));
    if (attached.size() > kMostAttached)
      return limit_exceeded(
          fmt::format("Cannot exceed quota for PoliciesPer{}: {}", kind.title, kMostAttached));
    return {};
  });
}

template <class Response>
Result<Response> detach(Call& call, const EntityKind& kind, const std::string& name,
                        const std::string& policy_arn) {
  COFFER_TRY(entity, find_entity(call, kind, name, naming(policy_arn)));
  COFFER_CHECK(check_policy_arn(policy_arn));
  COFFER_CHECK(check_modifiable(entity));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    auto detached = transaction.detach_policy(entity.id, policy_arn);
    if (!detached && detached.error().kind == ErrorKind::kNotFound)
      return no_such_entity(fmt::format("Policy {} was not found.", policy_arn));
    return detached;
  });
}

template <class Response, class Request>
Result<Response> list(Call& call, const EntityKind& kind, const std::string& name, const Request& request) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_TRY(page, page_of(call.operation, request.marker, request.max_items));
  std::vector<std::string> arns;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.attached_policies(entity.id));
    arns = std::move(found);
    return {};
  }));
  const std::string prefix = request.path_prefix.value_or("/");
  std::erase_if(arns, [&](const std::string& arn) { return !path_of_policy(arn).starts_with(prefix); });
  Response response;
  take_page(arns, page, response, [](const std::string& arn) { return arn; });
  response.attached_policies.emplace();
  for (auto& arn : arns) response.attached_policies->push_back({name_of_policy(arn), arn});
  return response;
}

}  // namespace

Result<api::AttachUserPolicyResponse> IamService::attach_user_policy(
    Call& call, const api::AttachUserPolicyRequest& request) {
  return attach<api::AttachUserPolicyResponse>(call, kUser, request.user_name, request.policy_arn);
}

Result<api::DetachUserPolicyResponse> IamService::detach_user_policy(
    Call& call, const api::DetachUserPolicyRequest& request) {
  return detach<api::DetachUserPolicyResponse>(call, kUser, request.user_name, request.policy_arn);
}

Result<api::ListAttachedUserPoliciesResponse> IamService::list_attached_user_policies(
    Call& call, const api::ListAttachedUserPoliciesRequest& request) {
  return list<api::ListAttachedUserPoliciesResponse>(call, kUser, request.user_name, request);
}

Result<api::AttachRolePolicyResponse> IamService::attach_role_policy(
    Call& call, const api::AttachRolePolicyRequest& request) {
  return attach<api::AttachRolePolicyResponse>(call, kRole, request.role_name, request.policy_arn);
}

Result<api::DetachRolePolicyResponse> IamService::detach_role_policy(
    Call& call, const api::DetachRolePolicyRequest& request) {
  return detach<api::DetachRolePolicyResponse>(call, kRole, request.role_name, request.policy_arn);
}

Result<api::ListAttachedRolePoliciesResponse> IamService::list_attached_role_policies(
    Call& call, const api::ListAttachedRolePoliciesRequest& request) {
  return list<api::ListAttachedRolePoliciesResponse>(call, kRole, request.role_name, request);
}

Result<api::AttachGroupPolicyResponse> IamService::attach_group_policy(
    Call& call, const api::AttachGroupPolicyRequest& request) {
  return attach<api::AttachGroupPolicyResponse>(call, kGroup, request.group_name, request.policy_arn);
}

Result<api::DetachGroupPolicyResponse> IamService::detach_group_policy(
    Call& call, const api::DetachGroupPolicyRequest& request) {
  return detach<api::DetachGroupPolicyResponse>(call, kGroup, request.group_name, request.policy_arn);
}

Result<api::ListAttachedGroupPoliciesResponse> IamService::list_attached_group_policies(
    Call& call, const api::ListAttachedGroupPoliciesRequest& request) {
  return list<api::ListAttachedGroupPoliciesResponse>(call, kGroup, request.group_name, request);
}

}  // namespace coffer::services::iam
