// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/ids.h"
#include "crypto/mac.h"
#include "services/arn.h"
#include "services/kms/explained_use.h"
#include "services/kms/external_key_refusals.h"
#include "services/kms/external_keys.h"
#include "services/kms/imported_material.h"
#include "services/kms/key_access.h"
#include "services/kms/key_identifier.h"
#include "services/kms/key_states.h"
#include "services/kms/managed_keys.h"

namespace coffer::services::kms {
namespace {

tl::unexpected<Error> not_found(std::string message) {
  return fail(ErrorKind::kNotFound, std::move(message), "NotFoundException");
}

// The row as it is by now; nothing when there is none.
Result<std::optional<catalog::Key>> key_by_now(Installation& installation, const std::string& region,
                                               const std::string& key_id, Timestamp now) {
  COFFER_TRY(stored, find_stored(installation, region, key_id));
  return stored ? std::optional(stored->key_at(now)) : std::nullopt;
}

Result<FoundKey> find_by_id(Call& call, const std::string& key_id) {
  COFFER_TRY(stored, find_stored(call.installation, call.region, key_id));
  if (stored && stored->key.account == call.account) return found_in(std::move(stored), call.time);
  return not_found(fmt::format("Key '{}' does not exist", key_arn(call.region, call.account, key_id)));
}

Result<StoredMaterial> material_in(std::shared_ptr<const StoredKey> key, uint32_t version) {
  const size_t count = key ? key->materials.size() : 0;
  for (size_t i = 0; i < count; ++i)
    if (const auto& row = key->materials[i]; row.version == version && !row.token.empty())
      return StoredMaterial{std::move(key), i};
  return fail(ErrorKind::kRefusedCiphertext, "no such backing key version");
}

// Another account's key or alias, by its ARN.
Result<FoundKey> find_foreign(Call& call, const std::string& action, const Arn& arn,
                              const std::string& text) {
  COFFER_TRY(found, key_named(call.installation, arn, call.time));
  if (!found) return tl::unexpected(unknown_foreign_key(call, action, text));
  return std::move(*found);
}

Result<FoundKey> find_by_alias(Call& call, const std::string& action, const std::string& alias_name) {
  // A predefined alias stands for a key that is made when it is first asked for by somebody who may.
  if (const auto* kind = managed_key_kind(alias_name)) return managed_key(call, *kind, action);
  COFFER_TRY(alias, find_alias(call, alias_name));
  if (alias) return find_by_id(call, alias->target_key_id);
  return not_found(fmt::format("Alias {} is not found.", alias_arn(call.region, call.account, alias_name)));
}

}  // namespace

Result<std::string> key_id_of_alias(Installation& installation, const std::string& account,
                                    const std::string& region, const std::string& name) {
  std::string key_id;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(alias, transaction.alias(account, region, name));
    if (alias) key_id = alias->target_key_id;
    return {};
  }));
  return key_id;
}

Result<std::optional<FoundKey>> key_named(Installation& installation, const Arn& arn, Timestamp now) {
  const bool is_alias = arn.resource.starts_with("alias/");
  std::string key_id = arn.resource.starts_with("key/") ? arn.resource.substr(4) : "";
  if (is_alias) {
    COFFER_TRY(target, key_id_of_alias(installation, arn.account, arn.region, arn.resource));
    key_id = std::move(target);
  }
  COFFER_TRY(stored, find_stored(installation, arn.region, key_id));
  if (!stored || stored->key.account != arn.account) return std::optional<FoundKey>();
  FoundKey found = found_in(std::move(stored), now);
  if (is_alias) found.alias = arn.resource;
  return found;
}

FoundKey with_arn(catalog::Key key) {
  std::string arn = key_arn(key.region, key.account, key.id);
  return FoundKey{std::move(key), std::move(arn)};
}

FoundKey found_in(std::shared_ptr<const StoredKey> stored, Timestamp now) {
  FoundKey found{stored->key_at(now), stored->arn, {}, {}};
  found.stored = std::move(stored);
  return found;
}

Result<std::optional<catalog::Alias>> find_alias(Call& call, const std::string& name) {
  std::optional<catalog::Alias> alias;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.alias(call.account, call.region, name));
    alias = std::move(row);
    return {};
  }));
  return alias;
}

Result<std::shared_ptr<const StoredKey>> find_stored(Installation& installation, const std::string& region,
                                                     const std::string& key_id) {
  return installation.stored_keys->find(installation.catalog, *installation.documents, region, key_id);
}

Result<std::shared_ptr<const StoredKey>> stored_of(Installation& installation, const FoundKey& found) {
  if (found.stored) return found.stored;
  return find_stored(installation, found.key.region, found.key.id);
}

Result<catalog::Key> any_key(Installation& installation, const std::string& key_id,
                             const std::string& region) {
  const Timestamp now = installation.clock.now();
  if (!region.empty()) {
    COFFER_TRY(here, key_by_now(installation, region, key_id, now));
    if (here) return std::move(*here);
  }
  std::vector<catalog::Key> keys;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.keys_of_id(key_id));
    keys = std::move(rows);
    for (auto& key : keys) COFFER_CHECK(note_expiry(transaction, key, now));
    return {};
  }));
  if (keys.empty()) return not_found(fmt::format("Key '{}' does not exist", key_id));
  return std::move(keys.front());
}

Result<FoundKey> any_key_by_arn(Installation& installation, const std::string& arn) {
  const auto identifier = read_key_identifier(arn);
  if (!identifier || !identifier->arn || identifier->kind != KeyIdentifier::Kind::kKey)
    return not_found(fmt::format("Key '{}' does not exist", arn));
  const std::string& region = identifier->arn->region;
  COFFER_TRY(key, any_key(installation, identifier->name, region));
  if (key.region != region) return not_found(fmt::format("Key '{}' does not exist", arn));
  return FoundKey{std::move(key), arn};
}

bool crosses_accounts(std::string_view action) {
  constexpr std::array<std::string_view, 21> kCrossing = {"kms:CreateGrant",
                                                          "kms:Decrypt",
                                                          "kms:DeriveSharedSecret",
                                                          "kms:DescribeKey",
                                                          "kms:Encrypt",
                                                          "kms:GenerateDataKey",
                                                          "kms:GenerateDataKeyPair",
                                                          "kms:GenerateDataKeyPairWithoutPlaintext",
                                                          "kms:GenerateDataKeyWithoutPlaintext",
                                                          "kms:GenerateMac",
                                                          "kms:GetKeyRotationStatus",
                                                          "kms:GetPublicKey",
                                                          "kms:ListGrants",
                                                          "kms:ReEncryptFrom",
                                                          "kms:ReEncryptTo",
                                                          "kms:ReEncrypt",
                                                          "kms:RetireGrant",
                                                          "kms:RevokeGrant",
                                                          "kms:Sign",
                                                          "kms:Verify",
                                                          "kms:VerifyMac"};
  return std::ranges::find(kCrossing, action) != kCrossing.end();
}

Result<FoundKey> find_key(Call& call, const std::string& action, const std::string& key_identifier,
                          AliasUse aliases) {
  COFFER_TRY(identifier, read_key_identifier(key_identifier));
  const bool by_alias = identifier.kind == KeyIdentifier::Kind::kAlias;
  const bool usable = !by_alias || aliases == AliasUse::kAllowed;
  if (identifier.arn) {
    if (identifier.arn->region != call.region) return not_found("Invalid arn " + identifier.arn->region);
    if (identifier.arn->account != call.account) {
      if (usable && crosses_accounts(action))
        return find_foreign(call, action, *identifier.arn, key_identifier);
      return tl::unexpected(unknown_foreign_key(call, action, key_identifier));
    }
  }
  if (by_alias && usable) {
    COFFER_TRY(found, find_by_alias(call, action, identifier.name));
    found.alias = std::move(identifier.name);
    return found;
  }
  if (identifier.kind != KeyIdentifier::Kind::kKey)
    return not_found(fmt::format("Invalid keyId '{}'", key_identifier));
  return find_by_id(call, identifier.name);
}

const std::string& current_state(const catalog::Key& key) {
  static const std::string kUnavailable = key_state::kUnavailable;
  const bool shown = key.state == key_state::kEnabled || key.state == key_state::kDisabled;
  return key.store_is_disconnected && shown ? kUnavailable : key.state;
}

Status check_key_state(const FoundKey& found, std::string_view operation) {
  const std::string& state = current_state(found.key);
  auto allowed = check_state(state, operation, found.arn);
  if (!allowed && is_external(found.key) && state == key_state::kUnavailable)
    return tl::unexpected(not_connected(ExternalWork::kCryptography));
  return allowed;
}

Status require_usable(const FoundKey& found) {
  return check_key_state(found, "Decrypt");
}

Result<FoundKey> aws_managed_ebs_key(Call& call) {
  return managed_key(call, *managed_key_kind("alias/aws/ebs"), "kms:GenerateDataKeyWithoutPlaintext");
}

Result<StoredMaterial> stored_material(Installation& installation, const FoundKey& found, uint32_t version) {
  COFFER_TRY(stored, stored_of(installation, found));
  return material_in(std::move(stored), version == 0 ? found.key.current_version : version);
}

keyclient::WrappedBackingKey wrapped(const catalog::Key& key, const catalog::BackingKey& stored) {
  return {{key.account, key.region, key.id}, stored.version, stored.token};
}

Result<keyclient::WrappedBackingKey> backing_key(Installation& installation, const catalog::Key& key,
                                                 uint32_t version) {
  COFFER_TRY(stored, find_stored(installation, key.region, key.id));
  COFFER_TRY(material, material_in(std::move(stored), version == 0 ? key.current_version : version));
  return wrapped(key, material.row());
}

std::string material_id_of(const catalog::Key& key, const catalog::BackingKey& stored) {
  if (key.spec != "SYMMETRIC_DEFAULT" || !key.custom_key_store_id.empty()) return {};
  return stored.material_id.empty() ? key_material_id(key.id, stored.version) : stored.material_id;
}

std::string key_material_id(const std::string& key_id, uint32_t version) {
  return hex(crypto::sha256(as_bytes(fmt::format("coffer key material {} {}", key_id, version))));
}

std::string default_key_policy(const std::string& account) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Id":"key-default-1","Statement":[{{"Sid":"Enable IAM User Permissions",)"
      R"("Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}})",
      account);
}

}  // namespace coffer::services::kms
