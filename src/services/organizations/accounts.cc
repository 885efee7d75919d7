// SPDX-License-Identifier: Apache-2.0
// ListAccounts, ListAccountsForParent, DescribeAccount, MoveAccount, RemoveAccountFromOrganization,
// LeaveOrganization.
#include "services/organizations/account_closing.h"
#include "services/organizations/delegation.h"
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

using catalog::MemberAccount;

template <class Response>
Result<Response> list(catalog::Transaction& transaction, const Organization& organization,
                      const std::string& parent_id, const Page& page) {
  COFFER_TRY(members, transaction.member_accounts(organization.id, parent_id, page.after, page.limit + 1));
  Response response;
  end_page(members, page, response, [](const MemberAccount& member) { return member.account; });
  response.accounts.emplace();
  for (const auto& member : members) response.accounts->push_back(api_account(organization, member));
  return response;
}

// The account keeps its role for the management account, as at AWS; whoever owns it may delete that.
Status remove_account(Call& call, catalog::Transaction& transaction, const Organization& organization,
                      const std::string& account) {
  COFFER_TRY(member, require_account(transaction, organization, account));
  if (account == organization.management_account)
    return conflict("MasterCannotLeaveOrganizationException",
                    "You can't remove a management account from an organization.");
  COFFER_CHECK(check_may_leave(member, call.time));
  COFFER_TRY(delegated, is_delegated_administrator(transaction, organization, account));
  if (delegated)
    return constraint_violation("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
                                "You can't remove an account that is a delegated administrator.");
  return transaction.remove_member_account(account);
}

}  // namespace

Result<api::ListAccountsResponse> OrganizationsService::list_accounts(
    Call& call, const api::ListAccountsRequest& request) {
  COFFER_TRY(organization, authorise_manager(call));
  COFFER_TRY(page, page_of("ListAccounts", request));
  return read<api::ListAccountsResponse>(call, [&](catalog::Transaction& transaction) {
    return list<api::ListAccountsResponse>(transaction, organization, "", page);
  });
}

Result<api::ListAccountsForParentResponse> OrganizationsService::list_accounts_for_parent(
    Call& call, const api::ListAccountsForParentRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.parent_id}));
  COFFER_TRY(page, page_of("ListAccountsForParent/" + request.parent_id, request));
  return read<api::ListAccountsForParentResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListAccountsForParentResponse> {
        COFFER_CHECK(require_parent(transaction, organization, request.parent_id, "Parent"));
        return list<api::ListAccountsForParentResponse>(transaction, organization, request.parent_id, page);
      });
}

Result<api::DescribeAccountResponse> OrganizationsService::describe_account(
    Call& call, const api::DescribeAccountRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.account_id}));
  return read<api::DescribeAccountResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::DescribeAccountResponse> {
        COFFER_TRY(member, require_account(transaction, organization, request.account_id));
        return api::DescribeAccountResponse{api_account(organization, member)};
      });
}

Result<api::MoveAccountResponse> OrganizationsService::move_account(Call& call,
                                                                    const api::MoveAccountRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.account_id, request.source_parent_id,
                                                    request.destination_parent_id}));
  return change<api::MoveAccountResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::MoveAccountResponse> {
        COFFER_TRY(member, require_account(transaction, current, request.account_id));
        COFFER_CHECK(require_parent(transaction, current, request.source_parent_id, "SourceParent"));
        COFFER_CHECK(
            require_parent(transaction, current, request.destination_parent_id, "DestinationParent"));
        if (member.parent_id != request.source_parent_id) return not_found("Account");
        if (request.destination_parent_id == request.source_parent_id)
          return conflict("DuplicateAccountException",
                          "The account is already present in the specified destination.");
        COFFER_CHECK(transaction.move_member_account(member.account, request.destination_parent_id));
        return api::MoveAccountResponse{};
      });
}

Result<api::RemoveAccountFromOrganizationResponse> OrganizationsService::remove_account_from_organization(
    Call& call, const api::RemoveAccountFromOrganizationRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.account_id}));
  return change<api::RemoveAccountFromOrganizationResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::RemoveAccountFromOrganizationResponse> {
        COFFER_CHECK(remove_account(call, transaction, current, request.account_id));
        return api::RemoveAccountFromOrganizationResponse{};
      });
}

Result<api::LeaveOrganizationResponse> OrganizationsService::leave_organization(
    Call& call, const api::LeaveOrganizationRequest&) {
  COFFER_TRY(organization, authorise_member(call));
  return change<api::LeaveOrganizationResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::LeaveOrganizationResponse> {
        COFFER_CHECK(remove_account(call, transaction, current, call.account));
        return api::LeaveOrganizationResponse{};
      });
}

}  // namespace coffer::services::organizations
