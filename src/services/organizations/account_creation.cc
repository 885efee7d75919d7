// SPDX-License-Identifier: Apache-2.0
// CreateAccount, DescribeCreateAccountStatus, ListCreateAccountStatus. An account is there when the call is
// answered; it has no access key, but the role by which the management account gets in.
#include <fmt/format.h>

#include <algorithm>

#include "services/account_ids.h"
#include "services/iam/entities.h"
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

using catalog::AccountCreation;

constexpr const char* kUsualRole = "OrganizationAccountAccessRole";
constexpr int32_t kSessionSeconds = 3600;
// Organizations User Guide, "Accessing member accounts": "a policy named AdministratorAccess".
constexpr const char* kEverything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";

api::CreateAccountStatus api_status(const AccountCreation& creation) {
  api::CreateAccountStatus shown;
  shown.id = creation.id;
  shown.account_name = creation.account_name;
  shown.state = creation.state;
  shown.requested_timestamp = creation.requested;
  shown.completed_timestamp = creation.completed;
  if (!creation.account.empty()) shown.account_id = creation.account;
  if (!creation.failure_reason.empty()) shown.failure_reason = creation.failure_reason;
  return shown;
}

std::string trust_in(const std::string& account) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",)"
                     R"("Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"sts:AssumeRole"}}]}})",
                     account);
}

Status check_role_name(const std::string& name) {
  if (!name.starts_with("AWSServiceRoleFor")) return {};
  return invalid_input("INVALID_ROLE_NAME",
                       "You provided a role name that isn't valid. A role name can't begin with the reserved "
                       "prefix AWSServiceRoleFor.");
}

// The role that the management account may assume.
Status insert_access_role(Call& call, catalog::Transaction& transaction, const Organization& organization,
                          const std::string& account, const std::string& name) {
  catalog::IamEntity role;
  role.id = iam::make_iam_id(call.installation.random, iam::kRole.id_prefix);
  role.kind = iam::kRole.kind;
  role.account = account;
  role.path = "/";
  role.name = name;
  role.created = call.time;
  role.trust_policy = trust_in(organization.management_account);
  role.longest_session_seconds = kSessionSeconds;
  COFFER_CHECK(transaction.insert_iam_entity(role));
  return transaction.put_inline_policy(role.id, {"AdministratorAccess", kEverything});
}

Status insert_account(Call& call, catalog::Transaction& transaction, const Organization& organization,
                      const api::CreateAccountRequest& request, const std::string& id, const Tags& tags) {
  COFFER_CHECK(transaction.insert_account({id, call.time}));
  COFFER_CHECK(
      insert_access_role(call, transaction, organization, id, request.role_name.value_or(kUsualRole)));
  catalog::MemberAccount member;
  member.account = id;
  member.name = request.account_name;
  member.email = request.email;
  member.joined_method = "CREATED";
  member.joined = call.time;
  COFFER_CHECK(add_account(transaction, organization, std::move(member)));
  return transaction.replace_organization_tags(id, tags);
}

}  // namespace

Result<api::CreateAccountResponse> OrganizationsService::create_account(
    Call& call, const api::CreateAccountRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {}, request_keys(request.tags)));
  COFFER_CHECK(authorise_new_tags(call, organization, account_arn(organization, "*"), request.tags));
  COFFER_TRY(tags, checked_tags(request.tags));
  COFFER_CHECK(check_role_name(request.role_name.value_or(kUsualRole)));
  AccountCreation creation;
  creation.id = make_creation_id(call.installation.random);
  creation.organization_id = organization.id;
  creation.account_name = request.account_name;
  creation.requested = creation.completed = call.time;
  return change<api::CreateAccountResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::CreateAccountResponse> {
        COFFER_TRY(taken, transaction.is_email_of_account(request.email));
        creation.state = taken ? "FAILED" : "SUCCEEDED";
        if (taken) {
          creation.failure_reason = "EMAIL_ALREADY_EXISTS";
        } else {
          creation.account = make_account_id(call.installation.random);
          COFFER_CHECK(insert_account(call, transaction, current, request, creation.account, tags));
        }
        COFFER_CHECK(transaction.insert_account_creation(creation));
        return api::CreateAccountResponse{api_status(creation)};
      });
}

Result<api::DescribeCreateAccountStatusResponse> OrganizationsService::describe_create_account_status(
    Call& call, const api::DescribeCreateAccountStatusRequest& request) {
  COFFER_TRY(organization, authorise_manager(call));
  return read<api::DescribeCreateAccountStatusResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::DescribeCreateAccountStatusResponse> {
        COFFER_TRY(creation, transaction.account_creation(request.create_account_request_id));
        if (!creation || creation->organization_id != organization.id)
          return not_found("CreateAccountStatus");
        return api::DescribeCreateAccountStatusResponse{api_status(*creation)};
      });
}

Result<api::ListCreateAccountStatusResponse> OrganizationsService::list_create_account_status(
    Call& call, const api::ListCreateAccountStatusRequest& request) {
  COFFER_TRY(organization, authorise_manager(call));
  COFFER_TRY(page, page_of("ListCreateAccountStatus", request));
  return read<api::ListCreateAccountStatusResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListCreateAccountStatusResponse> {
        COFFER_TRY(creations, transaction.account_creations(organization.id, page.after, page.limit + 1));
        api::ListCreateAccountStatusResponse response;
        end_page(creations, page, response, [](const AccountCreation& creation) { return creation.id; });
        response.create_account_statuses.emplace();
        for (const auto& creation : creations)
          if (!request.states || std::ranges::find(*request.states, creation.state) != request.states->end())
            response.create_account_statuses->push_back(api_status(creation));
        return response;
      });
}

}  // namespace coffer::services::organizations
