// SPDX-License-Identifier: Apache-2.0
// find_properties of services/resource_properties.h, for what IAM has.
#include "services/resource_properties.h"

#include "services/iam/entities.h"
#include "services/iam/instance_profiles.h"
#include "services/iam/managed_policy.h"
#include "services/iam_names.h"
#include "services/stored_policy.h"

namespace coffer::services::iam {
namespace {

using Found = std::optional<ResourceProperties>;

std::string operation_of(const std::string& action) {
  return action.substr(action.find(':') + 1);
}

// Of those that act on a role, only STS's are decided by its trust policy.
Result<Found> entity_properties(const ResourceQuestion& question, const std::string& kind,
                                const std::string& name) {
  std::optional<catalog::IamEntity> entity;
  COFFER_CHECK(question.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entity_named(question.arn.account, kind, name));
    if (found && entity_arn(*found) == question.resource) entity = std::move(found);
    return {};
  }));
  if (!entity) return Found();
  ResourceProperties properties{entity->account, entity_context(operation_of(question.action), *entity)};
  if (kind == kRole.kind && question.action.starts_with("sts:")) {
    COFFER_TRY(document,
               read_stored_policy(*question.installation.documents, entity->trust_policy,
                                  policy::DocumentKind::kTrust, "trust policy of " + entity_arn(*entity)));
    properties.trust_policy = std::move(document);
  }
  return Found(std::move(properties));
}

// AWS's own are everybody's to read.
Result<Found> policy_properties(const ResourceQuestion& question) {
  const bool is_aws = question.arn.account == "aws";
  const std::string& account = is_aws ? question.account : question.arn.account;
  COFFER_TRY(found, policy_of(question.installation, account, question.resource));
  if (!found) return Found();
  ResourceProperties properties{account, {}};
  add_resource_tags(found->policy.tags, properties.context);
  return Found(std::move(properties));
}

// Instance profiles, identity providers, MFA devices; with those of root users, who have no tags.
Status find_tagged(catalog::Transaction& transaction, const ResourceQuestion& question,
                   const std::string& type, const std::string& name, std::optional<Tags>& tags) {
  const std::string& account = question.arn.account;
  if (type == "instance-profile") {
    COFFER_TRY(profile, transaction.instance_profile(account, name));
    if (profile && profile_arn(*profile) == question.resource) tags = std::move(profile->tags);
  } else if (type == "oidc-provider") {
    COFFER_TRY(provider, transaction.identity_provider(question.resource));
    if (provider) tags = std::move(provider->tags);
  } else if (type == "mfa") {
    COFFER_TRY(device, transaction.mfa_device(question.resource));
    if (device) tags = std::move(device->tags);
  } else if (type == "root") {
    COFFER_TRY(row, transaction.account(account));
    if (row) tags.emplace();
  }
  return {};
}

Result<Found> properties_in_iam(const ResourceQuestion& question) {
  const std::string& resource = question.arn.resource;
  const std::string type = resource.substr(0, resource.find('/'));
  const std::string name = resource.substr(resource.rfind('/') + 1);
  if (type == "policy") return policy_properties(question);
  if (type == kUser.kind || type == kGroup.kind || type == kRole.kind)
    return entity_properties(question, type, name);
  std::optional<Tags> tags;
  COFFER_CHECK(question.installation.catalog.read([&](catalog::Transaction& transaction) {
    return find_tagged(transaction, question, type, name, tags);
  }));
  if (!tags) return Found();
  ResourceProperties properties{question.arn.account, {}};
  add_resource_tags(*tags, properties.context);
  return Found(std::move(properties));
}

}  // namespace

Status authorise_on(Call& call, const std::string& arn) {
  AccessQuestion question{.action = "iam:" + call.operation, .resource = arn};
  const auto parsed = parse_arn(arn);
  if (parsed && parsed->service == "iam" && parsed->account == call.account) {
    COFFER_TRY(found, properties_in_iam({call.installation, question.action, arn, *parsed, call.account}));
    if (found) question.context = std::move(found->context);
  }
  return call.authorise(question);
}

Result<Found> find_properties(const ResourceQuestion& question) {
  COFFER_TRY(found, properties_in_iam(question));
  // Other services only name them: KMS lists the grants that a principal may retire.
  const bool own = question.action.starts_with("iam:") || question.action.starts_with("sts:");
  if (found && !own) found->context = {};
  return found;
}

}  // namespace coffer::services::iam
