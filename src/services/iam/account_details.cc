// SPDX-License-Identifier: Apache-2.0
// GetAccountAuthorizationDetails: users, groups, roles and managed policies of an account, with all that
// decides what they may do.
#include <algorithm>
#include <array>

#include "services/iam/aws_managed_policies.h"
#include "services/iam/documents.h"
#include "services/iam/entities.h"
#include "services/iam/instance_profiles.h"
#include "services/iam/managed_policy.h"
#include "services/iam/paging.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;
using catalog::ManagedPolicy;
using Response = api::GetAccountAuthorizationDetailsResponse;

// In this order they are listed; a marker is the kind's place and the last name or ARN.
constexpr std::array<std::string_view, 5> kKinds = {"User", "Group", "Role", "LocalManagedPolicy",
                                                    "AWSManagedPolicy"};

struct Item {
  std::string key;
  IamEntity entity;      // of the first three kinds
  ManagedPolicy policy;  // of the others
};

std::string key_of(size_t kind, const std::string& name) {
  return std::to_string(kind) + "/" + name;
}

// AWS's own, as far as they are used in this account.
Status add_aws_policies(catalog::Transaction& transaction, const std::string& account,
                        const std::string& after, std::vector<Item>& items) {
  for (const auto& known : aws_managed_policies()) {
    if (known.arn <= after) continue;
    COFFER_TRY(use, policy_use(transaction, account, std::string(known.arn)));
    if (use.attached + use.boundaries == 0) continue;
    items.push_back({key_of(4, std::string(known.arn)), {}, {}});
    items.back().policy.arn = known.arn;
  }
  return {};
}

Status add_kind(catalog::Transaction& transaction, const std::string& account, size_t kind,
                const std::string& after, size_t limit, std::vector<Item>& items) {
  if (kind == 4) return add_aws_policies(transaction, account, after, items);
  if (kind == 3) {
    COFFER_TRY(policies, transaction.managed_policies(account, "/", after, limit));
    for (auto& policy : policies) items.push_back({key_of(kind, policy.arn), {}, std::move(policy)});
    return {};
  }
  constexpr std::array kEntityKinds = {"user", "group", "role"};
  COFFER_TRY(entities, transaction.iam_entities(account, kEntityKinds.at(kind), "/", after, limit));
  for (auto& entity : entities) items.push_back({key_of(kind, entity.name), std::move(entity), {}});
  return {};
}

// A page and one more.
Result<std::vector<Item>> items_of(catalog::Transaction& transaction, const std::string& account,
                                   const std::vector<std::string>& filter, const Page& page) {
  std::vector<Item> items;
  for (size_t kind = 0; kind < kKinds.size() && items.size() <= page.limit; ++kind) {
    if (!filter.empty() && std::ranges::find(filter, kKinds.at(kind)) == filter.end()) continue;
    const std::string own = key_of(kind, "");
    if (page.after >= key_of(kind + 1, "")) continue;
    const std::string after = page.after.starts_with(own) ? page.after.substr(own.size()) : std::string();
    COFFER_CHECK(add_kind(transaction, account, kind, after, page.limit + 1 - items.size(), items));
  }
  return items;
}

Result<std::vector<api::PolicyDetail>> inline_details(catalog::Transaction& transaction,
                                                      const std::string& entity_id) {
  COFFER_TRY(policies, transaction.inline_policies(entity_id));
  std::vector<api::PolicyDetail> details;
  for (const auto& policy : policies) details.push_back({policy.name, encoded_document(policy.document)});
  return details;
}

Result<std::vector<api::AttachedPolicy>> attached_details(catalog::Transaction& transaction,
                                                          const std::string& entity_id) {
  COFFER_TRY(arns, transaction.attached_policies(entity_id));
  std::vector<api::AttachedPolicy> details;
  for (auto& arn : arns) details.push_back({name_of_policy(arn), arn});
  return details;
}

// What all three kinds have alike.
template <class Detail>
void describe(const IamEntity& entity, std::vector<api::AttachedPolicy> attached, Detail& detail) {
  detail.path = entity.path;
  detail.arn = entity_arn(entity);
  detail.create_date = entity.created;
  detail.attached_managed_policies = std::move(attached);
}

Result<api::UserDetail> user_detail(catalog::Transaction& transaction, const IamEntity& user) {
  api::UserDetail detail;
  COFFER_TRY(attached, attached_details(transaction, user.id));
  describe(user, std::move(attached), detail);
  detail.user_name = user.name;
  detail.user_id = user.id;
  COFFER_TRY(policies, inline_details(transaction, user.id));
  if (!policies.empty()) detail.user_policy_list = std::move(policies);
  COFFER_TRY(groups, transaction.groups_of_user(user.id));
  detail.group_list.emplace();
  for (const auto& group : groups) detail.group_list->push_back(group.name);
  detail.permissions_boundary = api_boundary(user);
  COFFER_TRY(tags, transaction.iam_tags(user.id));
  if (!tags.empty()) detail.tags = api_tags(tags);
  return detail;
}

Result<api::GroupDetail> group_detail(catalog::Transaction& transaction, const IamEntity& group) {
  api::GroupDetail detail;
  COFFER_TRY(attached, attached_details(transaction, group.id));
  describe(group, std::move(attached), detail);
  detail.group_name = group.name;
  detail.group_id = group.id;
  COFFER_TRY(policies, inline_details(transaction, group.id));
  detail.group_policy_list = std::move(policies);
  return detail;
}

Result<api::RoleDetail> role_detail(catalog::Transaction& transaction, const IamEntity& role, Timestamp now) {
  api::RoleDetail detail;
  COFFER_TRY(attached, attached_details(transaction, role.id));
  describe(role, std::move(attached), detail);
  detail.role_name = role.name;
  detail.role_id = role.id;
  detail.assume_role_policy_document = encoded_document(role.trust_policy);
  COFFER_TRY(policies, inline_details(transaction, role.id));
  detail.role_policy_list = std::move(policies);
  COFFER_TRY(profiles, transaction.instance_profiles_of_role(role.id));
  COFFER_TRY(shown, api_profiles(transaction, profiles));
  detail.instance_profile_list = std::move(shown);
  detail.permissions_boundary = api_boundary(role);
  COFFER_TRY(tags, transaction.iam_tags(role.id));
  if (!tags.empty()) detail.tags = api_tags(tags);
  COFFER_TRY(used, role_last_used(transaction, role, now));
  detail.role_last_used = std::move(used);
  return detail;
}

Result<FoundPolicy> with_versions(catalog::Transaction& transaction, const ManagedPolicy& policy) {
  if (const auto* known = find_aws_managed_policy(policy.arn)) return found_aws_policy(*known);
  COFFER_TRY(versions, transaction.policy_versions(policy.arn));
  return FoundPolicy{policy, std::move(versions), false};
}

Result<api::ManagedPolicyDetail> policy_detail(catalog::Transaction& transaction, const std::string& account,
                                               const ManagedPolicy& policy) {
  COFFER_TRY(found, with_versions(transaction, policy));
  COFFER_TRY(use, policy_use(transaction, account, policy.arn));
  api::ManagedPolicyDetail detail;
  detail.policy_name = found.policy.name;
  detail.policy_id = found.policy.id;
  detail.arn = found.policy.arn;
  detail.path = found.policy.path;
  detail.default_version_id = "v" + std::to_string(found.policy.default_version);
  detail.attachment_count = static_cast<int32_t>(use.attached);
  detail.permissions_boundary_usage_count = static_cast<int32_t>(use.boundaries);
  detail.is_attachable = true;
  if (!found.policy.description.empty()) detail.description = found.policy.description;
  detail.create_date = found.policy.created;
  detail.update_date = found.policy.updated;
  detail.policy_version_list.emplace();
  for (const auto& version : found.versions)
    detail.policy_version_list->push_back({encoded_document(version.document),
                                           "v" + std::to_string(version.version),
                                           version.version == found.policy.default_version, version.created});
  return detail;
}

Status show(catalog::Transaction& transaction, const Call& call, const Item& item, Response& response) {
  if (item.entity.kind.empty()) {
    COFFER_TRY(detail, policy_detail(transaction, call.account, item.policy));
    response.policies->push_back(std::move(detail));
  } else if (item.entity.kind == "user") {
    COFFER_TRY(detail, user_detail(transaction, item.entity));
    response.user_detail_list->push_back(std::move(detail));
  } else if (item.entity.kind == "group") {
    COFFER_TRY(detail, group_detail(transaction, item.entity));
    response.group_detail_list->push_back(std::move(detail));
  } else {
    COFFER_TRY(detail, role_detail(transaction, item.entity, call.time));
    response.role_detail_list->push_back(std::move(detail));
  }
  return {};
}

}  // namespace

Result<Response> IamService::get_account_authorization_details(
    Call& call, const api::GetAccountAuthorizationDetailsRequest& request) {
  COFFER_CHECK(call.authorise("iam:GetAccountAuthorizationDetails", "*"));
  COFFER_TRY(page, page_of("GetAccountAuthorizationDetails", request.marker, request.max_items));
  Response response;
  response.user_detail_list.emplace();
  response.group_detail_list.emplace();
  response.role_detail_list.emplace();
  response.policies.emplace();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(items, items_of(transaction, call.account, request.filter.value_or(std::vector<std::string>()),
                               page));
    end_page(items, page, response, [](const Item& item) { return item.key; });
    for (const auto& item : items) COFFER_CHECK(show(transaction, call, item, response));
    return {};
  }));
  return response;
}

}  // namespace coffer::services::iam
