// SPDX-License-Identifier: Apache-2.0
#include "services/account_organization.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "services/installation.h"
#include "services/organizations/managed_policies.h"
#include "services/stored_policy.h"

namespace coffer {
namespace {

using catalog::NamedPolicy;
using TextLevels = std::vector<std::vector<NamedPolicy>>;

// What policies are attached to.
struct Target {
  std::string id, name;
};

// As the catalog has it, before the policies are read.
struct Stored {
  std::optional<catalog::Organization> organization;
  std::vector<Target> way;  // from the root to the account
  TextLevels service_control, resource_control;
  bool closed = false;
};

Result<std::vector<Target>> way_to(catalog::Transaction& transaction, const std::string& account) {
  COFFER_TRY(member, transaction.member_account(account));
  std::vector<Target> way = {{account, member ? member->name : std::string()}};
  std::string parent = member ? member->parent_id : std::string();
  while (!parent.empty()) {
    COFFER_TRY(unit, transaction.organizational_unit(parent));
    way.push_back({std::move(parent), unit ? unit->name : "Root"});
    parent = unit ? unit->parent_id : std::string();  // the root is no unit
  }
  std::ranges::reverse(way);
  return way;
}

// For explanations. A policy may be attached at several places, of which each counts by itself.
std::string shown(std::string_view id, std::string_view name, const Target& target) {
  return fmt::format("{} \"{}\" on {} \"{}\"", id, name, target.id, target.name);
}

Result<TextLevels> levels_on(catalog::Transaction& transaction, const std::vector<Target>& way,
                             const char* type) {
  TextLevels levels;
  for (const Target& target : way) {
    COFFER_TRY(ids, transaction.organization_policies_on(target.id, type));
    auto& level = levels.emplace_back();
    for (const auto& id : ids) {
      if (const auto* managed = services::organizations::find_managed_policy(id)) {
        level.push_back({shown(id, managed->name, target), std::string(managed->content)});
        continue;
      }
      COFFER_TRY(policy, transaction.organization_policy(id));
      if (policy) level.push_back({shown(id, policy->name, target), std::move(policy->content)});
    }
  }
  return levels;
}

Result<Stored> read_stored(catalog::Transaction& transaction, const std::string& account) {
  Stored stored;
  COFFER_TRY(row, transaction.account(account));
  stored.closed = row && row->closed;
  COFFER_TRY(organization, transaction.organization_of(account));
  stored.organization = std::move(organization);
  if (!stored.organization) return stored;
  COFFER_TRY(way, way_to(transaction, account));
  stored.way = std::move(way);
  if (stored.organization->management_account == account) return stored;
  if (stored.organization->service_control_policies) {
    COFFER_TRY(levels, levels_on(transaction, stored.way, services::organizations::kServiceControlPolicy));
    stored.service_control = std::move(levels);
  }
  if (stored.organization->resource_control_policies) {
    COFFER_TRY(levels, levels_on(transaction, stored.way, services::organizations::kResourceControlPolicy));
    stored.resource_control = std::move(levels);
  }
  return stored;
}

Result<policy::ControlLevels> read_levels(policy::DocumentCache& cache, TextLevels texts,
                                          policy::DocumentKind kind, AccountOrganization& into) {
  policy::ControlLevels levels;
  for (auto& texts_of_level : texts) {
    auto& level = levels.emplace_back();
    for (auto& text : texts_of_level) {
      COFFER_TRY(document, services::read_stored_policy(cache, text.document, kind, "policy " + text.name));
      into.documents.push_back(document);
      level.push_back({std::move(text.name), document.get()});
    }
  }
  return levels;
}

std::string path_of(const Stored& stored) {
  std::string path = stored.organization->id + "/";
  for (size_t i = 0; i + 1 < stored.way.size(); ++i) path += stored.way[i].id + "/";
  return path;
}

Result<SharedAccountOrganization> load(Installation& installation, const std::string& account) {
  Stored stored;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, read_stored(transaction, account));
    stored = std::move(found);
    return {};
  }));
  auto loaded = std::make_shared<AccountOrganization>();
  loaded->closed = stored.closed;
  if (!stored.organization) return SharedAccountOrganization(std::move(loaded));
  loaded->id = stored.organization->id;
  loaded->path = path_of(stored);
  COFFER_TRY(service_control, read_levels(*installation.documents, std::move(stored.service_control),
                                          policy::DocumentKind::kIdentity, *loaded));
  loaded->service_control = std::move(service_control);
  COFFER_TRY(resource_control, read_levels(*installation.documents, std::move(stored.resource_control),
                                           policy::DocumentKind::kResource, *loaded));
  loaded->resource_control = std::move(resource_control);
  return SharedAccountOrganization(std::move(loaded));
}

Result<bool> has_any(catalog::Catalog& catalog) {
  bool any = false;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(organizations, transaction.count_organizations());
    COFFER_TRY(closed, transaction.count_closed_accounts());
    any = organizations + closed > 0;
    return {};
  }));
  return any;
}

}  // namespace

Result<SharedAccountOrganization> AccountOrganizations::find(Installation& installation,
                                                             const std::string& account) {
  const uint64_t generation = installation.catalog.generation();  // before anything is read
  if (!any(installation.catalog)) return SharedAccountOrganization();
  auto found = known_.get(installation.catalog, account, [&]() -> Result<SharedAccountOrganization> {
    COFFER_TRY(any, has_any(installation.catalog));
    if (any) return load(installation, account);
    none_at_.store(generation, std::memory_order_relaxed);
    return SharedAccountOrganization();
  });
  if (found && *found && (*found)->id.empty() && !(*found)->closed) return SharedAccountOrganization();
  return found;
}

}  // namespace coffer
