// SPDX-License-Identifier: Apache-2.0
// CreateAlias, UpdateAlias, DeleteAlias, ListAliases. Source: KMS API Reference; AWS KMS Developer Guide,
// "Aliases in AWS KMS", "Resource quotas".
#include <fmt/format.h>

#include <algorithm>

#include "services/arn.h"
#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/key_states.h"
#include "services/kms/kms_service.h"
#include "services/kms/managed_keys.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

constexpr size_t kMostAliasesOfAKey = 50;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

Status check_alias_name(const std::string& name) {
  if (!name.starts_with("alias/") || name == "alias/") return invalid("Invalid identifier");
  if (name.starts_with("alias/aws/"))
    return fail(ErrorKind::kPermissionDenied,
                "Aliases that begin with alias/aws/ are reserved for AWS managed keys.",
                "NotAuthorizedException");
  if (name.find(':') != std::string::npos)
    return invalid(fmt::format("{} contains invalid characters for an alias", name));
  return {};
}

// The key that an alias is to have, with leave for the call to give it one.
Result<FoundKey> new_target(Call& call, const std::string& key_identifier) {
  const std::string action = "kms:" + call.operation;
  if (key_identifier.find("alias/") != std::string::npos)
    return invalid("Aliases must refer to keys. Not aliases");
  COFFER_TRY(target, find_key(call, action, key_identifier, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, action, target));
  COFFER_CHECK(refuse_managed(call, action, target));
  COFFER_CHECK(check_key_state(target, call.operation));
  return target;
}

Status check_room(catalog::Transaction& transaction, const FoundKey& target) {
  COFFER_TRY(count, transaction.count_aliases(target.key.region, target.key.id));
  if (count < kMostAliasesOfAKey) return {};
  return fail(ErrorKind::kLimitExceeded,
              fmt::format("Key '{}' has {} aliases, and may have no more.", target.arn, count),
              "LimitExceededException");
}

Result<catalog::Alias> present_alias(const Call& call, catalog::Transaction& transaction,
                                     const std::string& name) {
  COFFER_TRY(alias, transaction.alias(call.account, call.region, name));
  if (alias) return std::move(*alias);
  return fail(ErrorKind::kNotFound,
              fmt::format("Alias {} is not found.", alias_arn(call.region, call.account, name)),
              "NotFoundException");
}

// The key that an alias has, which the call takes it from.
Result<FoundKey> present_target(Call& call, const std::string& name) {
  const std::string action = "kms:" + call.operation;
  std::optional<catalog::Alias> alias;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, present_alias(call, transaction, name));
    alias = std::move(row);
    return {};
  }));
  COFFER_TRY(target, find_key(call, action, alias->target_key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, action, target));
  return target;
}

// Symmetric, asymmetric or HMAC.
std::string_view family(const catalog::Key& key) {
  if (key.spec == "SYMMETRIC_DEFAULT") return "symmetric";
  return key.spec.starts_with("HMAC_") ? "HMAC" : "asymmetric";
}

// So that code which uses the alias goes on working.
Status check_alike(const catalog::Key& before, const catalog::Key& after) {
  if (family(before) == family(after) && before.usage == after.usage) return {};
  return invalid(
      "The current and the new KMS key of an alias must be the same type (both symmetric, both asymmetric or "
      "both HMAC), and they must have the same key usage.");
}

api::AliasListEntry entry_of(const catalog::Alias& alias) {
  api::AliasListEntry entry;
  entry.alias_name = alias.name;
  entry.alias_arn = alias_arn(alias.region, alias.account, alias.name);
  entry.target_key_id = alias.target_key_id;
  entry.creation_date = alias.created;
  entry.last_updated_date = alias.updated;
  return entry;
}

// A predefined alias whose key nobody has asked for yet has no target.
api::AliasListEntry entry_of(const Call& call, const ManagedKeyKind& kind) {
  api::AliasListEntry entry;
  entry.alias_name = std::string(kind.alias);
  entry.alias_arn = alias_arn(call.region, call.account, kind.alias);
  return entry;
}

// At most one more than `limit`, by name.
Result<std::vector<api::AliasListEntry>> list_entries(Call& call, const std::string& only_key_id,
                                                      const std::string& after, size_t limit) {
  std::vector<api::AliasListEntry> entries;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.aliases(call.account, call.region, only_key_id, after, limit + 1));
    for (const auto& row : rows) entries.push_back(entry_of(row));
    for (const ManagedKeyKind& kind : managed_key_kinds()) {
      if (!only_key_id.empty() || kind.alias <= after) continue;
      COFFER_TRY(made, transaction.alias(call.account, call.region, std::string(kind.alias)));
      if (!made) entries.push_back(entry_of(call, kind));
    }
    return {};
  }));
  std::ranges::sort(entries, {}, [](const auto& entry) { return *entry.alias_name; });
  if (entries.size() > limit + 1) entries.resize(limit + 1);
  return entries;
}

}  // namespace

Result<api::CreateAliasResponse> KmsService::create_alias(Call& call,
                                                          const api::CreateAliasRequest& request) {
  const std::string& name = request.alias_name;
  COFFER_CHECK(check_alias_name(name));
  COFFER_CHECK(call.authorise("kms:CreateAlias", alias_arn(call.region, call.account, name)));
  COFFER_TRY(target, new_target(call, request.target_key_id));

  return call.commit<api::CreateAliasResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateAliasResponse> {
        COFFER_CHECK(key_to_change(call, transaction, target));
        COFFER_CHECK(check_room(transaction, target));
        auto status =
            transaction.insert_alias({call.account, call.region, name, target.key.id, call.time, call.time});
        if (!status && status.error().kind == ErrorKind::kConflict)
          return fail(ErrorKind::kConflict,
                      fmt::format("An alias with the name {} already exists",
                                  alias_arn(call.region, call.account, name)),
                      "AlreadyExistsException");
        COFFER_CHECK(status);
        return api::CreateAliasResponse{};
      });
}

Result<api::UpdateAliasResponse> KmsService::update_alias(Call& call,
                                                          const api::UpdateAliasRequest& request) {
  const std::string& name = request.alias_name;
  COFFER_CHECK(check_alias_name(name));
  COFFER_CHECK(call.authorise("kms:UpdateAlias", alias_arn(call.region, call.account, name)));
  COFFER_TRY(before, present_target(call, name));
  COFFER_TRY(after, new_target(call, request.target_key_id));
  COFFER_CHECK(check_alike(before.key, after.key));

  return call.commit<api::UpdateAliasResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::UpdateAliasResponse> {
        COFFER_CHECK(key_to_change(call, transaction, after));
        COFFER_TRY(alias, present_alias(call, transaction, name));
        if (alias.target_key_id != after.key.id) COFFER_CHECK(check_room(transaction, after));
        alias.target_key_id = after.key.id;
        alias.updated = call.time;
        COFFER_CHECK(transaction.update_alias(alias));
        return api::UpdateAliasResponse{};
      });
}

Result<api::DeleteAliasResponse> KmsService::delete_alias(Call& call,
                                                          const api::DeleteAliasRequest& request) {
  const std::string& name = request.alias_name;
  COFFER_CHECK(check_alias_name(name));
  COFFER_CHECK(call.authorise("kms:DeleteAlias", alias_arn(call.region, call.account, name)));
  COFFER_CHECK(present_target(call, name));
  return call.commit<api::DeleteAliasResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DeleteAliasResponse> {
        COFFER_CHECK(present_alias(call, transaction, name));
        COFFER_CHECK(transaction.remove_alias(call.account, call.region, name));
        return api::DeleteAliasResponse{};
      });
}

Result<api::ListAliasesResponse> KmsService::list_aliases(Call& call,
                                                          const api::ListAliasesRequest& request) {
  COFFER_CHECK(call.authorise("kms:ListAliases", "*"));
  const auto limit = static_cast<size_t>(request.limit.value_or(50));
  std::string only_key_id;
  if (request.key_id) {
    COFFER_TRY(found, find_key(call, "kms:ListAliases", *request.key_id, AliasUse::kRefused));
    only_key_id = found.key.id;
  }
  COFFER_TRY(after, marker_position("ListAliases", request.marker));
  COFFER_TRY(entries, list_entries(call, only_key_id, after, limit));
  api::ListAliasesResponse response;
  response.truncated = entries.size() > limit;
  if (entries.size() > limit) {
    entries.resize(limit);
    response.next_marker = make_page_token("ListAliases", *entries.back().alias_name);
  }
  response.aliases = std::move(entries);
  return response;
}

}  // namespace coffer::services::kms
