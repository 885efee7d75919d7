// SPDX-License-Identifier: Apache-2.0
// PutResourcePolicy, DescribeResourcePolicy, DeleteResourcePolicy: the organization's own policy, by which
// the management account lets members manage policies and read (delegation.h).
#include "policy/document.h"
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/shapes.h"

namespace coffer::services::organizations {
namespace {

using catalog::OrganizationResourcePolicy;
using Stored = std::optional<OrganizationResourcePolicy>;

// By the id that membership.cc knows: "rp-" while there is none.
Result<std::string> id_of(Call& call) {
  std::string id = "rp-";
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(organization, transaction.organization_of(call.account));
    if (!organization) return {};
    COFFER_TRY(policy, transaction.organization_resource_policy(organization->id));
    if (policy) id = policy->id;
    return {};
  }));
  return id;
}

api::ResourcePolicy api_policy(const Organization& organization, const OrganizationResourcePolicy& policy) {
  api::ResourcePolicy shown;
  shown.resource_policy_summary =
      api::ResourcePolicySummary{policy.id, resource_policy_arn(organization, policy.id)};
  shown.content = policy.content;
  return shown;
}

tl::unexpected<Error> no_policy() {
  return fail(ErrorKind::kNotFound, "The organization has no resource policy.",
              "ResourcePolicyNotFoundException");
}

Status check_content(const std::string& content) {
  const auto document = policy::read_document(content, policy::DocumentKind::kResource);
  if (document) return {};
  return invalid_input("INVALID_RESOURCE_POLICY_JSON",
                       "The provided resource policy is not valid: " + document.error().message);
}

}  // namespace

Result<api::PutResourcePolicyResponse> OrganizationsService::put_resource_policy(
    Call& call, const api::PutResourcePolicyRequest& request) {
  COFFER_TRY(id, id_of(call));
  COFFER_TRY(organization, authorise_manager(call, {id}, request_keys(request.tags)));
  COFFER_CHECK(authorise_new_tags(call, organization, resource_policy_arn(organization, id), request.tags));
  COFFER_TRY(tags, checked_tags(request.tags));
  COFFER_CHECK(check_content(request.content));
  return change<api::PutResourcePolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::PutResourcePolicyResponse> {
        COFFER_TRY(before, transaction.organization_resource_policy(current.id));
        const OrganizationResourcePolicy policy{
            before ? before->id : make_resource_policy_id(call.installation.random), current.id,
            request.content};
        COFFER_CHECK(transaction.put_organization_resource_policy(policy));
        if (!before) COFFER_CHECK(transaction.replace_organization_tags(policy.id, tags));
        return api::PutResourcePolicyResponse{api_policy(current, policy)};
      });
}

Result<api::DescribeResourcePolicyResponse> OrganizationsService::describe_resource_policy(
    Call& call, const api::DescribeResourcePolicyRequest&) {
  COFFER_TRY(id, id_of(call));
  COFFER_TRY(organization, authorise_manager(call, {id}));
  return read<api::DescribeResourcePolicyResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::DescribeResourcePolicyResponse> {
        COFFER_TRY(policy, transaction.organization_resource_policy(organization.id));
        if (!policy) return no_policy();
        return api::DescribeResourcePolicyResponse{api_policy(organization, *policy)};
      });
}

Result<api::DeleteResourcePolicyResponse> OrganizationsService::delete_resource_policy(
    Call& call, const api::DeleteResourcePolicyRequest&) {
  COFFER_TRY(id, id_of(call));
  COFFER_TRY(organization, authorise_manager(call, {id}));
  return change<api::DeleteResourcePolicyResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::DeleteResourcePolicyResponse> {
        auto removed = transaction.remove_organization_resource_policy(current.id);
        if (!removed && removed.error().kind == ErrorKind::kNotFound) return no_policy();
        COFFER_CHECK(removed);
        return api::DeleteResourcePolicyResponse{};
      });
}

}  // namespace coffer::services::organizations
