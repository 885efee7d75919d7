// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/membership.h"

#include "services/organizations/delegation.h"
#include "services/organizations/errors.h"
#include "services/organizations/managed_policies.h"
#include "services/organizations/names.h"
#include "services/organizations/tree.h"
#include "services/request_tags.h"

namespace coffer::services::organizations {
namespace {

// Empty where there is no such policy, and for that of another organization, of which nothing may be told.
Result<std::string> type_of_policy(catalog::Transaction& transaction, const Organization& organization,
                                   const std::string& id) {
  if (const auto* managed = find_managed_policy(id)) return std::string(managed->type);
  COFFER_TRY(policy, transaction.organization_policy(id));
  return policy && policy->organization_id == organization.id ? policy->type : std::string();
}

Result<std::string> arn_of_policy(catalog::Transaction& transaction, const Organization& organization,
                                  const std::string& id) {
  COFFER_TRY(type, type_of_policy(transaction, organization, id));
  if (find_managed_policy(id) != nullptr) return managed_policy_arn(type, id);
  return policy_arn(organization, type.empty() ? kServiceControlPolicy : type, id);
}

// None of what is another organization's: a condition on aws:ResourceTag would tell them.
Status add_resource_tags(catalog::Transaction& transaction, const Organization& organization,
                         const std::string& id, policy::Context& context) {
  COFFER_TRY(own, is_of(transaction, organization, id));
  if (!own) return {};
  COFFER_TRY(tags, transaction.organization_tags(id));
  for (const auto& [name, value] : tags) context.add("aws:ResourceTag/" + name, value);
  return {};
}

// A request about a policy is about one of its type, also where it is asked on a target. To tag a policy is
// asked on its ARN alone, which has the type. Source: Service Authorization Reference, AWS Organizations.
Status add_policy_type(catalog::Transaction& transaction, const Organization& organization,
                       const std::string& operation, const std::vector<std::string>& ids,
                       policy::Context& context) {
  if (operation == "TagResource" || operation == "UntagResource" || operation == "ListTagsForResource")
    return {};
  for (const auto& id : ids) {
    if (!is_policy_id(id)) continue;
    COFFER_TRY(type, type_of_policy(transaction, organization, id));
    if (!type.empty()) context.set("organizations:PolicyType", type);
  }
  return {};
}

Result<AskedResource> find_resource(catalog::Transaction& transaction, const Organization& organization,
                                    const std::string& id, policy::Context context) {
  AskedResource resource;
  if (is_policy_id(id)) {
    COFFER_TRY(arn, arn_of_policy(transaction, organization, id));
    resource.arn = std::move(arn);
  } else if (is_resource_policy_id(id)) {
    resource.arn = resource_policy_arn(organization, id);
  } else {
    resource.arn = id.starts_with("h-") ? handshake_arn(organization, id) : target_arn(organization, id);
  }
  COFFER_CHECK(add_resource_tags(transaction, organization, id, context));
  resource.context = std::move(context);
  return resource;
}

// The management account's resources are asked about as the caller's own: whether others get in is not for
// policies to say.
Status authorise(Call& call, const AskedResource& resource) {
  return call.authorise({.action = resource.action,
                         .resource = resource.arn,
                         .resource_account = call.account,
                         .context = resource.context});
}

struct Asked {
  std::optional<Organization> organization;  // of the caller's account
  std::vector<AskedResource> resources;      // never empty
};

Result<Asked> find_asked(Call& call, const std::vector<std::string>& ids, policy::Context context) {
  Asked asked;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.organization_of(call.account));
    asked.organization = std::move(found);
    if (!asked.organization) return {};
    COFFER_TRY(resources, find_resources(transaction, *asked.organization, call.operation, ids, context));
    asked.resources = std::move(resources);
    return {};
  }));
  if (asked.resources.empty())
    asked.resources.push_back({"organizations:" + call.operation, "*", std::move(context)});
  return asked;
}

// AWSOrganizationsNotInUseException without an organization.
Result<Asked> authorise_asked(Call& call, const std::vector<std::string>& ids, policy::Context context) {
  COFFER_TRY(asked, find_asked(call, ids, std::move(context)));
  for (const auto& resource : asked.resources) COFFER_CHECK(authorise(call, resource));
  if (!asked.organization) return not_in_use();
  return asked;
}

Status require_manager(Call& call, const Organization& organization,
                       const std::vector<AskedResource>& resources) {
  if (organization.management_account == call.account) return {};
  const Decide decide = [&](const AccessQuestion& question) { return call.decide(question); };
  COFFER_TRY(delegated,
             is_delegated(call.installation, call.account, call.operation, organization, resources, decide));
  return delegated ? Status() : not_for_members();
}

}  // namespace

Result<bool> is_of(catalog::Transaction& transaction, const Organization& organization,
                   const std::string& id) {
  if (is_policy_id(id)) {
    COFFER_TRY(policy, transaction.organization_policy(id));
    return policy && policy->organization_id == organization.id;
  }
  if (is_resource_policy_id(id)) {
    COFFER_TRY(policy, transaction.organization_resource_policy(organization.id));
    return policy && policy->id == id;
  }
  COFFER_TRY(target, find_target(transaction, organization, id));
  return target.has_value();
}

Result<std::vector<AskedResource>> find_resources(catalog::Transaction& transaction,
                                                  const Organization& organization,
                                                  const std::string& operation,
                                                  const std::vector<std::string>& ids,
                                                  policy::Context context) {
  COFFER_CHECK(add_policy_type(transaction, organization, operation, ids, context));
  std::vector<AskedResource> resources;
  for (const auto& id : ids) {
    COFFER_TRY(resource, find_resource(transaction, organization, id, context));
    resource.action = "organizations:" + operation;
    resources.push_back(std::move(resource));
  }
  return resources;
}

Result<catalog::Organization> authorise_member(Call& call, const std::vector<std::string>& ids,
                                               policy::Context context) {
  COFFER_TRY(asked, authorise_asked(call, ids, std::move(context)));
  return std::move(*asked.organization);
}

Result<catalog::Organization> authorise_manager(Call& call, const std::vector<std::string>& ids,
                                                policy::Context context) {
  COFFER_TRY(asked, authorise_asked(call, ids, std::move(context)));
  COFFER_CHECK(require_manager(call, *asked.organization, asked.resources));
  return std::move(*asked.organization);
}

Status authorise_new_tags(Call& call, const Organization& organization, const std::string& arn,
                          const std::optional<std::vector<api::Tag>>& tags) {
  if (!tags || tags->empty()) return {};
  AskedResource resource{"organizations:TagResource", arn, request_keys(tags)};
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) {
    return add_resource_tags(transaction, organization, arn.substr(arn.rfind('/') + 1), resource.context);
  }));
  COFFER_CHECK(authorise(call, resource));
  return require_manager(call, organization, {resource});
}

policy::Context request_keys(const std::optional<std::vector<api::Tag>>& tags) {
  policy::Context context;
  for (const auto& tag : tags.value_or(std::vector<api::Tag>())) add_request_tag(tag.key, tag.value, context);
  return context;
}

policy::Context type_key(const std::string& policy_type) {
  policy::Context context;
  context.set("organizations:PolicyType", policy_type);
  return context;
}

}  // namespace coffer::services::organizations
