// SPDX-License-Identifier: Apache-2.0
// CreateOrganization, DescribeOrganization, DeleteOrganization, ListRoots.
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

catalog::MemberAccount manager(const std::string& account, Timestamp now) {
  catalog::MemberAccount member;
  member.account = account;
  member.joined_method = "INVITED";
  member.joined = now;
  return member;
}

}  // namespace

// No type of policies is enabled in the new root: EnablePolicyType is the next call of those who want some.
Result<api::CreateOrganizationResponse> OrganizationsService::create_organization(
    Call& call, const api::CreateOrganizationRequest& request) {
  COFFER_CHECK(call.authorise("organizations:CreateOrganization", "*"));
  Organization organization;
  organization.id = make_organization_id(call.installation.random);
  organization.management_account = call.account;
  organization.root_id = make_root_id(call.installation.random);
  organization.feature_set = request.feature_set.value_or("ALL");
  organization.created = call.time;
  return call.commit<api::CreateOrganizationResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateOrganizationResponse> {
        COFFER_TRY(member, transaction.member_account(call.account));
        if (member)
          return conflict("AlreadyInOrganizationException",
                          "The provided account is already a member of an organization.");
        COFFER_CHECK(transaction.insert_organization(organization));
        COFFER_CHECK(add_account(transaction, organization, manager(call.account, call.time)));
        COFFER_TRY(manager, transaction.member_account(call.account));
        return api::CreateOrganizationResponse{api_organization(organization, manager->email)};
      });
}

Result<api::DescribeOrganizationResponse> OrganizationsService::describe_organization(
    Call& call, const api::DescribeOrganizationRequest&) {
  COFFER_TRY(organization, authorise_member(call));
  return read<api::DescribeOrganizationResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::DescribeOrganizationResponse> {
        COFFER_TRY(member, transaction.member_account(organization.management_account));
        return api::DescribeOrganizationResponse{api_organization(organization, member ? member->email : "")};
      });
}

// Units and policies go with it; accounts must have left.
Result<api::DeleteOrganizationResponse> OrganizationsService::delete_organization(
    Call& call, const api::DeleteOrganizationRequest&) {
  COFFER_TRY(organization, authorise_manager(call));
  return change<api::DeleteOrganizationResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::DeleteOrganizationResponse> {
        COFFER_TRY(members, transaction.member_accounts(current.id, "", "", 2));
        if (members.size() > 1)
          return conflict(
              "OrganizationNotEmptyException",
              "To delete an organization you must first remove all member accounts (except the master).");
        COFFER_CHECK(transaction.remove_organization(current.id));
        return api::DeleteOrganizationResponse{};
      });
}

Result<api::ListRootsResponse> OrganizationsService::list_roots(Call& call, const api::ListRootsRequest&) {
  COFFER_TRY(organization, authorise_manager(call));
  return api::ListRootsResponse{std::vector<api::Root>{api_root(organization)}, std::nullopt};
}

}  // namespace coffer::services::organizations
