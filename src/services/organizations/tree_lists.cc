// SPDX-License-Identifier: Apache-2.0
// ListParents, ListChildren.
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

// "In the current release, a child can have only a single parent" (API Reference, ListParents).
Result<std::string> parent_of(catalog::Transaction& transaction, const Organization& organization,
                              const std::string& child) {
  if (is_unit_id(child)) {
    COFFER_TRY(unit, transaction.organizational_unit(child));
    if (unit && unit->organization_id == organization.id) return std::move(unit->parent_id);
  } else {
    COFFER_TRY(member, transaction.member_account(child));
    if (member && member->organization_id == organization.id) return std::move(member->parent_id);
  }
  return not_found("Child");
}

Result<std::vector<std::string>> children_of(catalog::Transaction& transaction,
                                             const Organization& organization,
                                             const api::ListChildrenRequest& request, const Page& page) {
  std::vector<std::string> ids;
  if (request.child_type == kUnit) {
    COFFER_TRY(units, transaction.organizational_units(organization.id, request.parent_id, page.after,
                                                       page.limit + 1));
    for (auto& unit : units) ids.push_back(std::move(unit.id));
  } else {
    COFFER_TRY(members,
               transaction.member_accounts(organization.id, request.parent_id, page.after, page.limit + 1));
    for (auto& member : members) ids.push_back(std::move(member.account));
  }
  return ids;
}

}  // namespace

Result<api::ListParentsResponse> OrganizationsService::list_parents(Call& call,
                                                                    const api::ListParentsRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.child_id}));
  return read<api::ListParentsResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListParentsResponse> {
        COFFER_TRY(parent, parent_of(transaction, organization, request.child_id));
        api::ListParentsResponse response;
        response.parents = {{parent, is_root_id(parent) ? kRoot : kUnit}};
        return response;
      });
}

Result<api::ListChildrenResponse> OrganizationsService::list_children(
    Call& call, const api::ListChildrenRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.parent_id}));
  COFFER_TRY(page, page_of("ListChildren/" + request.parent_id + "/" + request.child_type, request));
  return read<api::ListChildrenResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListChildrenResponse> {
        COFFER_CHECK(require_parent(transaction, organization, request.parent_id, "Parent"));
        COFFER_TRY(ids, children_of(transaction, organization, request, page));
        api::ListChildrenResponse response;
        end_page(ids, page, response, [](const std::string& id) { return id; });
        response.children.emplace();
        for (auto& id : ids) response.children->push_back({std::move(id), request.child_type});
        return response;
      });
}

}  // namespace coffer::services::organizations
