// SPDX-License-Identifier: Apache-2.0
// find_properties of services/resource_properties.h, for what an organization has.
#include "services/resource_properties.h"

#include "services/organizations/delegation.h"
#include "services/organizations/managed_policies.h"
#include "services/organizations/names.h"

namespace coffer::services::organizations {
namespace {

using Found = std::optional<ResourceProperties>;

// One to which the account was invited, or to which its organization invites.
Result<bool> is_invitation(catalog::Transaction& transaction, const ResourceQuestion& question,
                           const std::string& id) {
  COFFER_TRY(handshake, transaction.handshake(id));
  if (!handshake) return false;
  COFFER_TRY(organization, transaction.organization(handshake->organization_id));
  return organization && question.resource == handshake_arn(*organization, id) &&
         (handshake->account == question.account || organization->management_account == question.account);
}

Status find(catalog::Transaction& transaction, const ResourceQuestion& question, const std::string& id,
            Found& found) {
  if (question.arn.resource.starts_with("handshake/")) {
    COFFER_TRY(invited, is_invitation(transaction, question, id));
    if (invited) found = ResourceProperties{question.account, {}};
    return {};
  }
  COFFER_TRY(organization, transaction.organization_of(question.account));
  if (!organization) return {};
  COFFER_TRY(own, is_of(transaction, *organization, id));
  if (!own && find_managed_policy(id) == nullptr) return {};
  const std::string operation = question.action.substr(question.action.find(':') + 1);
  COFFER_TRY(resources, find_resources(transaction, *organization, operation, {id}, {}));
  if (resources.front().arn == question.resource)
    found = ResourceProperties{question.account, std::move(resources.front().context)};
  return {};
}

}  // namespace

Result<Found> find_properties(const ResourceQuestion& question) {
  const std::string id = question.arn.resource.substr(question.arn.resource.rfind('/') + 1);
  Found found;
  COFFER_CHECK(question.installation.catalog.read(
      [&](catalog::Transaction& transaction) { return find(transaction, question, id, found); }));
  return found;
}

}  // namespace coffer::services::organizations
