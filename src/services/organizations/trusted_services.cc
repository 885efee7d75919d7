// SPDX-License-Identifier: Apache-2.0
// EnableAWSServiceAccess, DisableAWSServiceAccess, ListAWSServiceAccessForOrganization. The list is kept, and
// delegated administrators are of services in it; no service works for organizations here.
#include "services/organizations/delegation.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"

namespace coffer::services::organizations {

Result<api::EnableAWSServiceAccessResponse> OrganizationsService::enable_aws_service_access(
    Call& call, const api::EnableAWSServiceAccessRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {}, service_key(request.service_principal)));
  COFFER_CHECK(check_service_principal(request.service_principal));
  return change<api::EnableAWSServiceAccessResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::EnableAWSServiceAccessResponse> {
        if (current.feature_set != "ALL") return not_all_features();
        COFFER_CHECK(transaction.put_trusted_service({current.id, request.service_principal, call.time}));
        return api::EnableAWSServiceAccessResponse{};
      });
}

Result<api::DisableAWSServiceAccessResponse> OrganizationsService::disable_aws_service_access(
    Call& call, const api::DisableAWSServiceAccessRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {}, service_key(request.service_principal)));
  COFFER_CHECK(check_service_principal(request.service_principal));
  return change<api::DisableAWSServiceAccessResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::DisableAWSServiceAccessResponse> {
        COFFER_CHECK(transaction.remove_trusted_service({current.id, request.service_principal, {}}));
        return api::DisableAWSServiceAccessResponse{};
      });
}

Result<api::ListAWSServiceAccessForOrganizationResponse>
OrganizationsService::list_aws_service_access_for_organization(
    Call& call, const api::ListAWSServiceAccessForOrganizationRequest& request) {
  COFFER_TRY(organization, authorise_manager(call));
  COFFER_TRY(page, page_of("ListAWSServiceAccessForOrganization", request));
  return read<api::ListAWSServiceAccessForOrganizationResponse>(
      call,
      [&](catalog::Transaction& transaction) -> Result<api::ListAWSServiceAccessForOrganizationResponse> {
        COFFER_TRY(all, transaction.trusted_services(organization.id));
        std::erase_if(all, [&](const auto& each) { return each.service <= page.after; });
        api::ListAWSServiceAccessForOrganizationResponse response;
        end_page(all, page, response, [](const auto& each) { return each.service; });
        response.enabled_service_principals.emplace();
        for (const auto& each : all)
          response.enabled_service_principals->push_back({each.service, each.since});
        return response;
      });
}

}  // namespace coffer::services::organizations
