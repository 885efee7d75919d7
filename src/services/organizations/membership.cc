// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/membership.h"

#include "services/organizations/errors.h"
#include "services/organizations/managed_policies.h"
#include "services/organizations/names.h"

namespace coffer::services::organizations {
namespace {

struct Resource {
  std::string arn;
  Tags tags;
};

Result<std::string> arn_of_policy(catalog::Transaction& transaction, const Organization& organization,
                                  const std::string& id) {
  if (const auto* managed = find_managed_policy(id)) return managed_policy_arn(managed->type, id);
  COFFER_TRY(policy, transaction.organization_policy(id));
  return policy_arn(organization, policy ? policy->type : kServiceControlPolicy, id);
}

Result<Resource> find_resource(catalog::Transaction& transaction, const Organization& organization,
                               const std::string& id) {
  Resource resource;
  if (is_policy_id(id)) {
    COFFER_TRY(arn, arn_of_policy(transaction, organization, id));
    resource.arn = std::move(arn);
  } else {
    resource.arn = id.starts_with("h-") ? handshake_arn(organization, id) : target_arn(organization, id);
  }
  COFFER_TRY(tags, transaction.organization_tags(id));
  resource.tags = std::move(tags);
  return resource;
}

// The management account's resources are asked about as the caller's own: whether others get in is not for
// policies to say.
Status authorise(Call& call, const Resource& resource, policy::Context context) {
  for (const auto& [name, value] : resource.tags) context.set("aws:ResourceTag/" + name, value);
  return call.authorise({.action = "organizations:" + call.operation,
                         .resource = resource.arn,
                         .resource_account = call.account,
                         .context = std::move(context)});
}

}  // namespace

Result<catalog::Organization> authorise_member(Call& call, const std::vector<std::string>& ids,
                                               policy::Context context) {
  std::optional<Organization> organization;
  std::vector<Resource> resources;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.organization_of(call.account));
    organization = std::move(found);
    if (!organization) return {};
    for (const auto& id : ids) {
      COFFER_TRY(resource, find_resource(transaction, *organization, id));
      resources.push_back(std::move(resource));
    }
    return {};
  }));
  if (resources.empty()) resources.push_back({"*", {}});
  for (const auto& resource : resources) COFFER_CHECK(authorise(call, resource, context));
  if (!organization) return not_in_use();
  return std::move(*organization);
}

Result<catalog::Organization> authorise_manager(Call& call, const std::vector<std::string>& ids,
                                                policy::Context context) {
  COFFER_TRY(organization, authorise_member(call, ids, std::move(context)));
  if (organization.management_account != call.account) return not_for_members();
  return organization;
}

policy::Context request_keys(const std::optional<std::vector<api::Tag>>& tags) {
  policy::Context context;
  for (const auto& tag : tags.value_or(std::vector<api::Tag>())) {
    context.set("aws:RequestTag/" + tag.key, tag.value);
    context.add("aws:TagKeys", tag.key);
  }
  return context;
}

policy::Context type_key(const std::string& policy_type) {
  policy::Context context;
  context.set("organizations:PolicyType", policy_type);
  return context;
}

}  // namespace coffer::services::organizations
