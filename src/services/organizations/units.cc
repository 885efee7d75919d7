// SPDX-License-Identifier: Apache-2.0
// CreateOrganizationalUnit, UpdateOrganizationalUnit, DeleteOrganizationalUnit, DescribeOrganizationalUnit,
// ListOrganizationalUnitsForParent.
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

using catalog::OrganizationalUnit;

// Organizations User Guide, "Quotas for AWS Organizations".
constexpr size_t kMostUnits = 2000;
constexpr size_t kDeepest = 5;  // levels of units under the root

Status check_place(catalog::Transaction& transaction, const Organization& organization,
                   const std::string& parent_id) {
  COFFER_CHECK(require_parent(transaction, organization, parent_id, "Parent"));
  COFFER_TRY(depth, depth_of(transaction, parent_id));
  if (depth >= kDeepest)
    return constraint_violation("OU_DEPTH_LIMIT_EXCEEDED",
                                "You have exceeded the maximum nesting depth of organizational units.");
  COFFER_TRY(number, transaction.count_organizational_units(organization.id));
  if (number >= kMostUnits)
    return constraint_violation("OU_NUMBER_LIMIT_EXCEEDED",
                                "You have exceeded the allowed number of organizational units.");
  return {};
}

Status unless_taken(Status written) {
  if (written || written.error().kind != ErrorKind::kConflict) return written;
  return conflict("DuplicateOrganizationalUnitException", "An OU with the same name already exists.");
}

Status check_empty(catalog::Transaction& transaction, const OrganizationalUnit& unit) {
  COFFER_TRY(units, transaction.organizational_units(unit.organization_id, unit.id, "", 1));
  COFFER_TRY(accounts, transaction.member_accounts(unit.organization_id, unit.id, "", 1));
  if (units.empty() && accounts.empty()) return {};
  return conflict("OrganizationalUnitNotEmptyException",
                  "The specified OU is not empty. Move all accounts to another root or to other OUs, remove "
                  "all child OUs, and try the operation again.");
}

}  // namespace

Result<api::CreateOrganizationalUnitResponse> OrganizationsService::create_organizational_unit(
    Call& call, const api::CreateOrganizationalUnitRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.parent_id}, request_keys(request.tags)));
  COFFER_CHECK(authorise_new_tags(call, organization, unit_arn(organization, "ou-*"), request.tags));
  COFFER_TRY(tags, checked_tags(request.tags));
  const OrganizationalUnit unit{make_unit_id(call.installation.random, organization.root_id), organization.id,
                                request.parent_id, request.name};
  return change<api::CreateOrganizationalUnitResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::CreateOrganizationalUnitResponse> {
        COFFER_CHECK(check_place(transaction, current, unit.parent_id));
        COFFER_CHECK(unless_taken(transaction.insert_organizational_unit(unit)));
        COFFER_CHECK(transaction.replace_organization_tags(unit.id, tags));
        COFFER_CHECK(attach_managed_policies(transaction, current, unit.id));
        return api::CreateOrganizationalUnitResponse{api_unit(current, unit)};
      });
}

Result<api::UpdateOrganizationalUnitResponse> OrganizationsService::update_organizational_unit(
    Call& call, const api::UpdateOrganizationalUnitRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.organizational_unit_id}));
  return change<api::UpdateOrganizationalUnitResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::UpdateOrganizationalUnitResponse> {
        COFFER_TRY(unit, require_unit(transaction, current, request.organizational_unit_id));
        if (request.name) {
          unit.name = *request.name;
          COFFER_CHECK(unless_taken(transaction.rename_organizational_unit(unit.id, unit.name)));
        }
        return api::UpdateOrganizationalUnitResponse{api_unit(current, unit)};
      });
}

Result<api::DeleteOrganizationalUnitResponse> OrganizationsService::delete_organizational_unit(
    Call& call, const api::DeleteOrganizationalUnitRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.organizational_unit_id}));
  return change<api::DeleteOrganizationalUnitResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::DeleteOrganizationalUnitResponse> {
        COFFER_TRY(unit, require_unit(transaction, current, request.organizational_unit_id));
        COFFER_CHECK(check_empty(transaction, unit));
        COFFER_CHECK(transaction.remove_organizational_unit(unit.id));
        return api::DeleteOrganizationalUnitResponse{};
      });
}

Result<api::DescribeOrganizationalUnitResponse> OrganizationsService::describe_organizational_unit(
    Call& call, const api::DescribeOrganizationalUnitRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.organizational_unit_id}));
  return read<api::DescribeOrganizationalUnitResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::DescribeOrganizationalUnitResponse> {
        COFFER_TRY(unit, require_unit(transaction, organization, request.organizational_unit_id));
        return api::DescribeOrganizationalUnitResponse{api_unit(organization, unit)};
      });
}

Result<api::ListOrganizationalUnitsForParentResponse>
OrganizationsService::list_organizational_units_for_parent(
    Call& call, const api::ListOrganizationalUnitsForParentRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.parent_id}));
  COFFER_TRY(page, page_of("ListOrganizationalUnitsForParent/" + request.parent_id, request));
  return read<api::ListOrganizationalUnitsForParentResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListOrganizationalUnitsForParentResponse> {
        COFFER_CHECK(require_parent(transaction, organization, request.parent_id, "Parent"));
        COFFER_TRY(units, transaction.organizational_units(organization.id, request.parent_id, page.after,
                                                           page.limit + 1));
        api::ListOrganizationalUnitsForParentResponse response;
        end_page(units, page, response, [](const OrganizationalUnit& unit) { return unit.id; });
        response.organizational_units.emplace();
        for (const auto& unit : units) response.organizational_units->push_back(api_unit(organization, unit));
        return response;
      });
}

}  // namespace coffer::services::organizations
