// SPDX-License-Identifier: Apache-2.0
// PutUserPolicy, GetUserPolicy, ListUserPolicies, DeleteUserPolicy, and the same for roles and groups.
#include <fmt/format.h>

#include "services/iam/documents.h"
#include "services/iam/entities.h"
#include "services/iam/paging.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;
using catalog::NamedPolicy;

tl::unexpected<Error> no_such_policy(const EntityKind& kind, const std::string& name) {
  return no_such_entity(fmt::format("The {} policy with name {} cannot be found.", kind.kind, name));
}

Result<std::vector<NamedPolicy>> read_policies(Call& call, const IamEntity& entity) {
  std::vector<NamedPolicy> policies;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.inline_policies(entity.id));
    policies = std::move(found);
    return {};
  }));
  return policies;
}

// The quota is on all inline policies together.
Status check_size(catalog::Transaction& transaction, const EntityKind& kind, const IamEntity& entity) {
  COFFER_TRY(policies, transaction.inline_policies(entity.id));
  size_t size = 0;
  for (const auto& policy : policies) size += counted_size(policy.document);
  if (size <= kind.longest_inline_policies) return {};
  return limit_exceeded(fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                    kind.longest_inline_policies, kind.kind, entity.name));
}

template <class Response>
Result<Response> put(Call& call, const EntityKind& kind, const std::string& name, const NamedPolicy& policy) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_CHECK(check_modifiable(entity));
  COFFER_CHECK(check_document(policy.document, policy::DocumentKind::kIdentity));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.put_inline_policy(entity.id, policy));
    return check_size(transaction, kind, entity);
  });
}

Result<NamedPolicy> get(Call& call, const EntityKind& kind, const std::string& name,
                        const std::string& policy_name) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_TRY(policies, read_policies(call, entity));
  for (auto& policy : policies)
    if (policy.name == policy_name) return std::move(policy);
  return no_such_policy(kind, policy_name);
}

template <class Response, class Request>
Result<Response> list(Call& call, const EntityKind& kind, const std::string& name, const Request& request) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_TRY(page, page_of(call.operation, request.marker, request.max_items));
  COFFER_TRY(policies, read_policies(call, entity));
  Response response;
  take_page(policies, page, response, [](const NamedPolicy& policy) { return policy.name; });
  response.policy_names.emplace();
  for (auto& policy : policies) response.policy_names->push_back(std::move(policy.name));
  return response;
}

template <class Response>
Result<Response> remove(Call& call, const EntityKind& kind, const std::string& name,
                        const std::string& policy_name) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_CHECK(check_modifiable(entity));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    auto removed = transaction.remove_inline_policy(entity.id, policy_name);
    if (!removed && removed.error().kind == ErrorKind::kNotFound) return no_such_policy(kind, policy_name);
    return removed;
  });
}

}  // namespace

Result<api::PutUserPolicyResponse> IamService::put_user_policy(Call& call,
                                                               const api::PutUserPolicyRequest& request) {
  return put<api::PutUserPolicyResponse>(call, kUser, request.user_name,
                                         {request.policy_name, request.policy_document});
}

Result<api::GetUserPolicyResponse> IamService::get_user_policy(Call& call,
                                                               const api::GetUserPolicyRequest& request) {
  COFFER_TRY(policy, get(call, kUser, request.user_name, request.policy_name));
  return api::GetUserPolicyResponse{request.user_name, policy.name, encoded_document(policy.document)};
}

Result<api::ListUserPoliciesResponse> IamService::list_user_policies(
    Call& call, const api::ListUserPoliciesRequest& request) {
  return list<api::ListUserPoliciesResponse>(call, kUser, request.user_name, request);
}

Result<api::DeleteUserPolicyResponse> IamService::delete_user_policy(
    Call& call, const api::DeleteUserPolicyRequest& request) {
  return remove<api::DeleteUserPolicyResponse>(call, kUser, request.user_name, request.policy_name);
}

Result<api::PutRolePolicyResponse> IamService::put_role_policy(Call& call,
                                                               const api::PutRolePolicyRequest& request) {
  return put<api::PutRolePolicyResponse>(call, kRole, request.role_name,
                                         {request.policy_name, request.policy_document});
}

Result<api::GetRolePolicyResponse> IamService::get_role_policy(Call& call,
                                                               const api::GetRolePolicyRequest& request) {
  COFFER_TRY(policy, get(call, kRole, request.role_name, request.policy_name));
  return api::GetRolePolicyResponse{request.role_name, policy.name, encoded_document(policy.document)};
}

Result<api::ListRolePoliciesResponse> IamService::list_role_policies(
    Call& call, const api::ListRolePoliciesRequest& request) {
  return list<api::ListRolePoliciesResponse>(call, kRole, request.role_name, request);
}

Result<api::DeleteRolePolicyResponse> IamService::delete_role_policy(
    Call& call, const api::DeleteRolePolicyRequest& request) {
  return remove<api::DeleteRolePolicyResponse>(call, kRole, request.role_name, request.policy_name);
}

Result<api::PutGroupPolicyResponse> IamService::put_group_policy(Call& call,
                                                                 const api::PutGroupPolicyRequest& request) {
  return put<api::PutGroupPolicyResponse>(call, kGroup, request.group_name,
                                          {request.policy_name, request.policy_document});
}

Result<api::GetGroupPolicyResponse> IamService::get_group_policy(Call& call,
                                                                 const api::GetGroupPolicyRequest& request) {
  COFFER_TRY(policy, get(call, kGroup, request.group_name, request.policy_name));
  return api::GetGroupPolicyResponse{request.group_name, policy.name, encoded_document(policy.document)};
}

Result<api::ListGroupPoliciesResponse> IamService::list_group_policies(
    Call& call, const api::ListGroupPoliciesRequest& request) {
  return list<api::ListGroupPoliciesResponse>(call, kGroup, request.group_name, request);
}

Result<api::DeleteGroupPolicyResponse> IamService::delete_group_policy(
    Call& call, const api::DeleteGroupPolicyRequest& request) {
  return remove<api::DeleteGroupPolicyResponse>(call, kGroup, request.group_name, request.policy_name);
}

}  // namespace coffer::services::iam
