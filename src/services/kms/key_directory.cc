// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_directory.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "services/arn.h"

namespace coffer::services::kms {
namespace {

constexpr const char* kEbsAlias = "alias/aws/ebs";

tl::unexpected<Error> not_found(std::string message) {
  return fail(ErrorKind::kNotFound, std::move(message), "NotFoundException");
}

// AWS's words for a foreign key, be it there or not.
tl::unexpected<Error> belongs_to_others(const Call& call, const std::string& action, const std::string& arn) {
  const std::string& who = call.principal.arn.empty() ? call.principal.id : call.principal.arn;
  return fail(
      ErrorKind::kPermissionDenied,
      fmt::format("User: {} is not authorized to perform: {} on resource: {} because the resource does "
                  "not exist in this Region, no resource-based policies allow access, or a "
                  "resource-based policy explicitly denies access",
                  who, action, arn),
      "AccessDeniedException");
}

Result<std::optional<catalog::Alias>> read_alias(Call& call, const std::string& name) {
  std::optional<catalog::Alias> alias;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.alias(call.account, call.region, name));
    alias = std::move(row);
    return {};
  }));
  return alias;
}

Result<FoundKey> find_by_id(Call& call, const std::string& key_id) {
  std::optional<catalog::Key> key;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.key(call.region, key_id));
    key = std::move(row);
    return {};
  }));
  const std::string arn = key_arn(call.region, call.account, key_id);
  if (!key || key->account != call.account) return not_found(fmt::format("Key '{}' does not exist", arn));
  return FoundKey{std::move(*key), arn};
}

Result<FoundKey> find_by_alias(Call& call, const std::string& alias_name) {
  // A predefined alias stands for a key that is made when it is first asked for.
  if (alias_name == kEbsAlias) return aws_managed_ebs_key(call);
  COFFER_TRY(alias, read_alias(call, alias_name));
  if (alias) return find_by_id(call, alias->target_key_id);
  return not_found(fmt::format("Alias {} is not found.", alias_arn(call.region, call.account, alias_name)));
}

catalog::Key new_ebs_key(Call& call) {
  catalog::Key key;
  key.id = make_uuid(call.installation.random);
  key.account = call.account;
  key.region = call.region;
  key.description = "Default key that protects my EBS volumes when no other key is defined";
  key.policy = default_key_policy(call.account);
  key.state = "Enabled";
  key.manager = "AWS";
  key.usage = "ENCRYPT_DECRYPT";
  key.spec = "SYMMETRIC_DEFAULT";
  key.origin = "AWS_KMS";
  key.created = call.time;
  return key;
}

// Makes the key unless another call was faster; the alias that stands afterwards.
Result<catalog::Alias> make_ebs_key(Call& call) {
  const catalog::Key key = new_ebs_key(call);
  COFFER_TRY(token, call.installation.keyd.create_backing_key({key.account, key.region, key.id}, 1));
  DependentCall made;
  made.event_source = "kms.amazonaws.com";
  made.event_name = "CreateKey";
  made.request_parameters_json =
      fmt::format(R"({{"description":"{}","keyUsage":"ENCRYPT_DECRYPT"}})", key.description);
  made.resource_arns = {key_arn(key.region, key.account, key.id)};
  made.read_only = false;
  catalog::Alias alias{call.account, call.region, kEbsAlias, key.id, call.time, call.time};
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(raced, transaction.alias(call.account, call.region, kEbsAlias));
    if (raced) {
      alias = std::move(*raced);
      return {};
    }
    COFFER_CHECK(transaction.insert_key(key, {key.id, 1, token}));
    COFFER_CHECK(transaction.insert_alias(alias));
    return call.record_now(transaction, made);
  }));
  return alias;
}

}  // namespace

Result<catalog::Key> any_key(Installation& installation, const std::string& key_id) {
  std::optional<catalog::Key> key;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    for (const auto& region : installation.regions) {
      COFFER_TRY(row, transaction.key(region, key_id));
      if (row) key = std::move(row);
    }
    return {};
  }));
  if (!key) return not_found(fmt::format("Key '{}' does not exist", key_id));
  return std::move(*key);
}

Result<FoundKey> any_key_by_arn(Installation& installation, const std::string& arn) {
  COFFER_TRY(key, any_key(installation, arn.substr(arn.rfind('/') + 1)));
  return FoundKey{std::move(key), arn};
}

Result<FoundKey> find_key(Call& call, const std::string& action, const std::string& key_identifier,
                          AliasUse aliases) {
  std::string name = key_identifier;
  if (key_identifier.starts_with("arn:")) {
    const auto arn = parse_arn(key_identifier);
    if (!arn || arn->service != "kms")
      return fail(ErrorKind::kInvalidArgument, "Invalid arn " + key_identifier, "InvalidArnException");
    if (arn->region != call.region) return not_found("Invalid arn " + arn->region);
    if (arn->account != call.account) return belongs_to_others(call, action, key_identifier);
    name = arn->resource.starts_with("key/") ? arn->resource.substr(4) : arn->resource;
  }
  if (name.starts_with("alias/") && aliases == AliasUse::kAllowed) {
    COFFER_TRY(found, find_by_alias(call, name));
    found.alias = name;
    return found;
  }
  if (!is_uuid(name)) return not_found(fmt::format("Invalid keyId '{}'", key_identifier));
  return find_by_id(call, name);
}

Status require_usable(const FoundKey& found) {
  if (found.enabled()) return {};
  if (found.key.state == "Disabled")
    return fail(ErrorKind::kConflict, fmt::format("{} is disabled.", found.arn), "DisabledException");
  return fail(ErrorKind::kConflict,
              fmt::format("{} is not valid for this operation in state {}.", found.arn, found.key.state),
              "KMSInvalidStateException");
}

Result<FoundKey> aws_managed_ebs_key(Call& call) {
  COFFER_TRY(existing, read_alias(call, kEbsAlias));
  if (existing) return find_by_id(call, existing->target_key_id);
  COFFER_TRY(made, make_ebs_key(call));
  return find_by_id(call, made.target_key_id);
}

Result<keyclient::WrappedBackingKey> backing_key(catalog::Catalog& catalog, const catalog::Key& key,
                                                 uint32_t version) {
  if (version == 0) version = key.current_version;
  std::optional<catalog::BackingKey> row;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.backing_key(key.id, version));
    row = std::move(found);
    return {};
  }));
  if (!row) return fail(ErrorKind::kRefusedCiphertext, "no such backing key version");
  return keyclient::WrappedBackingKey{{key.account, key.region, key.id}, version, std::move(row->token)};
}

std::string default_key_policy(const std::string& account) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Id":"key-default-1","Statement":[{{"Sid":"Enable IAM User Permissions",)"
      R"("Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}})",
      account);
}

}  // namespace coffer::services::kms
