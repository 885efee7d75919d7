// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/shapes.h"

#include <set>

#include "services/organizations/managed_policies.h"
#include "services/organizations/names.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

constexpr size_t kMostTags = 50;

api::PolicyTypeSummary enabled(const char* type) {
  return {type, "ENABLED"};
}

}  // namespace

api::Organization api_organization(const Organization& organization, const std::string& email) {
  api::Organization shown;
  shown.id = organization.id;
  shown.arn = organization_arn(organization);
  shown.feature_set = organization.feature_set;
  shown.master_account_id = organization.management_account;
  shown.master_account_arn = account_arn(organization, organization.management_account);
  shown.master_account_email = email;
  // "This property is deprecated and doesn't include complete information" (API Reference, Organization).
  shown.available_policy_types.emplace();
  if (organization.feature_set == "ALL")
    shown.available_policy_types->push_back(enabled(kServiceControlPolicy));
  return shown;
}

api::Root api_root(const Organization& organization) {
  api::Root shown;
  shown.id = organization.root_id;
  shown.arn = root_arn(organization);
  shown.name = kRootName;
  shown.policy_types.emplace();
  if (organization.service_control_policies) shown.policy_types->push_back(enabled(kServiceControlPolicy));
  if (organization.resource_control_policies) shown.policy_types->push_back(enabled(kResourceControlPolicy));
  return shown;
}

api::OrganizationalUnit api_unit(const Organization& organization, const catalog::OrganizationalUnit& unit) {
  return {unit.id, unit_arn(organization, unit.id), unit.name};
}

std::string status_of(const catalog::MemberAccount& member) {
  return member.closed ? "SUSPENDED" : "ACTIVE";
}

api::Account api_account(const Organization& organization, const catalog::MemberAccount& member) {
  api::Account shown;
  shown.id = member.account;
  shown.arn = account_arn(organization, member.account);
  shown.email = member.email;
  shown.name = member.name;
  shown.status = status_of(member);
  shown.joined_method = member.joined_method;
  shown.joined_timestamp = member.joined;
  return shown;
}

api::PolicySummary api_policy_summary(const Organization& organization,
                                      const catalog::OrganizationPolicy& policy) {
  const bool managed = find_managed_policy(policy.id) != nullptr;
  api::PolicySummary shown;
  shown.id = policy.id;
  shown.arn =
      managed ? managed_policy_arn(policy.type, policy.id) : policy_arn(organization, policy.type, policy.id);
  shown.name = policy.name;
  shown.description = policy.description;
  shown.type = policy.type;
  shown.aws_managed = managed;
  return shown;
}

std::string made_up_email(const std::string& account) {
  return account + "@accounts.invalid";
}

Result<Tags> checked_tags(const std::optional<std::vector<api::Tag>>& tags) {
  Tags checked;
  std::set<std::string> names;
  for (const auto& tag : tags.value_or(std::vector<api::Tag>())) {
    if (!names.insert(tag.key).second)
      return invalid_input("DUPLICATE_TAG_KEY",
                           "Tag keys must be unique among the tags attached to a resource.");
    if (tag.key.starts_with("aws:"))
      return invalid_input("INVALID_SYSTEM_TAGS_PARAMETER", "You can't use aws: as a prefix of tag keys.");
    checked.emplace_back(tag.key, tag.value);
  }
  COFFER_CHECK(check_number_of_tags(checked));
  return checked;
}

Status check_number_of_tags(const Tags& tags) {
  if (tags.size() <= kMostTags) return {};
  return constraint_violation("MAX_TAG_LIMIT_EXCEEDED",
                              "You have exceeded the number of tags allowed on this resource.");
}

}  // namespace coffer::services::organizations
