// SPDX-License-Identifier: Apache-2.0
// RegisterDelegatedAdministrator, DeregisterDelegatedAdministrator, ListDelegatedAdministrators,
// ListDelegatedServicesForAccount. No service works for organizations here: what a delegated administrator
// has of it is reading the organization (delegation.h).
#include <algorithm>

#include "services/organizations/delegation.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

using catalog::DelegatedAdministrator;

Status require_trusted(catalog::Transaction& transaction, const Organization& organization,
                       const std::string& service) {
  COFFER_TRY(all, transaction.trusted_services(organization.id));
  if (std::ranges::find(all, service, &catalog::TrustedService::service) != all.end()) return {};
  return constraint_violation("SERVICE_ACCESS_NOT_ENABLED",
                              "You must enable service access for " + service + " first.");
}

api::DelegatedAdministrator api_delegated(const Organization& organization,
                                          const catalog::MemberAccount& member, Timestamp since) {
  api::DelegatedAdministrator shown;
  shown.id = member.account;
  shown.arn = account_arn(organization, member.account);
  shown.email = member.email;
  shown.name = member.name;
  shown.status = status_of(member);
  shown.joined_method = member.joined_method;
  shown.joined_timestamp = member.joined;
  shown.delegation_enabled_date = since;
  return shown;
}

// One row an account, the earliest: of all services, or of one.
std::vector<DelegatedAdministrator> by_account(std::vector<DelegatedAdministrator> all,
                                               const std::optional<std::string>& service) {
  std::vector<DelegatedAdministrator> accounts;
  for (auto& each : all) {
    if (service && each.service != *service) continue;
    if (accounts.empty() || accounts.back().account != each.account)
      accounts.push_back(std::move(each));
    else
      accounts.back().since = std::min(accounts.back().since, each.since);
  }
  return accounts;
}

}  // namespace

Result<api::RegisterDelegatedAdministratorResponse> OrganizationsService::register_delegated_administrator(
    Call& call, const api::RegisterDelegatedAdministratorRequest& request) {
  COFFER_TRY(organization,
             authorise_manager(call, {request.account_id}, service_key(request.service_principal)));
  COFFER_CHECK(check_service_principal(request.service_principal));
  return change<api::RegisterDelegatedAdministratorResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::RegisterDelegatedAdministratorResponse> {
        COFFER_CHECK(require_account(transaction, current, request.account_id));
        if (request.account_id == current.management_account)
          return constraint_violation(
              "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
              "You cannot register the management account as delegated administrator.");
        COFFER_CHECK(require_trusted(transaction, current, request.service_principal));
        auto inserted = transaction.insert_delegated_administrator(
            {current.id, request.account_id, request.service_principal, call.time});
        if (!inserted && inserted.error().kind == ErrorKind::kConflict)
          return conflict("AccountAlreadyRegisteredException",
                          "The provided account is already a delegated administrator of this service.");
        COFFER_CHECK(inserted);
        return api::RegisterDelegatedAdministratorResponse{};
      });
}

Result<api::DeregisterDelegatedAdministratorResponse>
OrganizationsService::deregister_delegated_administrator(
    Call& call, const api::DeregisterDelegatedAdministratorRequest& request) {
  COFFER_TRY(organization,
             authorise_manager(call, {request.account_id}, service_key(request.service_principal)));
  return change<api::DeregisterDelegatedAdministratorResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::DeregisterDelegatedAdministratorResponse> {
        COFFER_CHECK(require_account(transaction, current, request.account_id));
        auto removed = transaction.remove_delegated_administrator(
            {current.id, request.account_id, request.service_principal, {}});
        if (!removed && removed.error().kind == ErrorKind::kNotFound) return not_registered();
        COFFER_CHECK(removed);
        return api::DeregisterDelegatedAdministratorResponse{};
      });
}

Result<api::ListDelegatedAdministratorsResponse> OrganizationsService::list_delegated_administrators(
    Call& call, const api::ListDelegatedAdministratorsRequest& request) {
  policy::Context context;
  if (request.service_principal) context = service_key(*request.service_principal);
  COFFER_TRY(organization, authorise_manager(call, {}, std::move(context)));
  COFFER_TRY(page, page_of("ListDelegatedAdministrators/" + request.service_principal.value_or(""), request));
  return read<api::ListDelegatedAdministratorsResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListDelegatedAdministratorsResponse> {
        COFFER_TRY(all, transaction.delegated_administrators(organization.id));
        auto accounts = by_account(std::move(all), request.service_principal);
        std::erase_if(accounts, [&](const auto& each) { return each.account <= page.after; });
        api::ListDelegatedAdministratorsResponse response;
        end_page(accounts, page, response, [](const auto& each) { return each.account; });
        response.delegated_administrators.emplace();
        for (const auto& each : accounts) {
          COFFER_TRY(member, require_account(transaction, organization, each.account));
          response.delegated_administrators->push_back(api_delegated(organization, member, each.since));
        }
        return response;
      });
}

Result<api::ListDelegatedServicesForAccountResponse>
OrganizationsService::list_delegated_services_for_account(
    Call& call, const api::ListDelegatedServicesForAccountRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.account_id}));
  COFFER_TRY(page, page_of("ListDelegatedServicesForAccount/" + request.account_id, request));
  return read<api::ListDelegatedServicesForAccountResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListDelegatedServicesForAccountResponse> {
        COFFER_CHECK(require_account(transaction, organization, request.account_id));
        COFFER_TRY(all, transaction.delegated_administrators(organization.id));
        std::erase_if(all, [&](const auto& each) { return each.account != request.account_id; });
        if (all.empty()) return not_registered();
        std::erase_if(all, [&](const auto& each) { return each.service <= page.after; });
        api::ListDelegatedServicesForAccountResponse response;
        end_page(all, page, response, [](const auto& each) { return each.service; });
        response.delegated_services.emplace();
        for (const auto& each : all) response.delegated_services->push_back({each.service, each.since});
        return response;
      });
}

}  // namespace coffer::services::organizations
