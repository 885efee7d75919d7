// SPDX-License-Identifier: Apache-2.0
// ListEntitiesForPolicy.
#include "services/iam/entities.h"
#include "services/iam/managed_policy.h"
#include "services/iam/paging.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

// "group", "user" or "role"; empty for every kind, nothing for a kind that no policy is attached to.
std::optional<std::string> wanted_kind(const std::optional<std::string>& filter) {
  if (!filter) return std::string();
  if (*filter == "User") return std::string("user");
  if (*filter == "Group") return std::string("group");
  if (*filter == "Role") return std::string("role");
  return std::nullopt;
}

Result<std::vector<IamEntity>> entities_with(catalog::Transaction& transaction, const std::string& arn,
                                             const std::optional<std::string>& usage) {
  std::vector<IamEntity> all;
  if (usage != "PermissionsBoundary") {
    COFFER_TRY(attached, transaction.entities_with_policy(arn));
    all = std::move(attached);
  }
  if (usage == "PermissionsPolicy") return all;
  COFFER_TRY(bounded, transaction.entities_with_boundary(arn));
  for (auto& entity : bounded)
    if (std::ranges::find(all, entity.id, &IamEntity::id) == all.end()) all.push_back(std::move(entity));
  return all;
}

void show(const IamEntity& entity, api::ListEntitiesForPolicyResponse& response) {
  if (entity.kind == "user")
    response.policy_users->push_back({entity.name, entity.id});
  else if (entity.kind == "group")
    response.policy_groups->push_back({entity.name, entity.id});
  else
    response.policy_roles->push_back({entity.name, entity.id});
}

}  // namespace

Result<api::ListEntitiesForPolicyResponse> IamService::list_entities_for_policy(
    Call& call, const api::ListEntitiesForPolicyRequest& request) {
  COFFER_TRY(found, find_policy(call, request.policy_arn));
  COFFER_TRY(page, page_of("ListEntitiesForPolicy", request.marker, request.max_items));
  const auto kind = wanted_kind(request.entity_filter);
  const std::string prefix = request.path_prefix.value_or("/");
  std::vector<IamEntity> entities;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(all, entities_with(transaction, found.policy.arn, request.policy_usage_filter));
    entities = std::move(all);
    return {};
  }));
  std::erase_if(entities, [&](const IamEntity& entity) {
    return entity.account != call.account || !kind || (!kind->empty() && entity.kind != *kind) ||
           !entity.path.starts_with(prefix);
  });
  api::ListEntitiesForPolicyResponse response;
  take_page(entities, page, response,
            [](const IamEntity& entity) { return entity.kind + "/" + entity.name; });
  response.policy_groups.emplace();
  response.policy_users.emplace();
  response.policy_roles.emplace();
  for (const auto& entity : entities) show(entity, response);
  return response;
}

}  // namespace coffer::services::iam
