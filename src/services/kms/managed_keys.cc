// SPDX-License-Identifier: Apache-2.0
#include "services/kms/managed_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "services/arn.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/key_access.h"
#include "services/kms/key_states.h"

namespace coffer::services::kms {
namespace {

constexpr std::array kKinds = {
    ManagedKeyKind{
        "alias/aws/ebs", "Default key that protects my EBS volumes when no other key is defined",
        "auto-ebs-2",
        "Allow access through EBS for all principals in the account that are authorized to use EBS", "ec2",
        true},
    ManagedKeyKind{"alias/aws/elasticfilesystem",
                   "Default key that protects my EFS filesystems when no other key is defined",
                   "auto-elasticfilesystem-1",
                   "Allow access to EFS for all principals in the account that are authorized to use EFS",
                   "elasticfilesystem", true},
    ManagedKeyKind{"alias/aws/s3", "Default key that protects my S3 objects when no other key is defined",
                   "auto-s3-2",
                   "Allow access through S3 for all principals in the account that are authorized to use S3",
                   "s3", false},
};
static_assert(std::ranges::is_sorted(kKinds, {}, &ManagedKeyKind::alias));

constexpr int64_t kYear = 365ll * 24 * 3600 * 1000000;

catalog::Key new_key(Call& call, const ManagedKeyKind& kind) {
  catalog::Key key;
  key.id = make_uuid(call.installation.random);
  key.account = call.account;
  key.region = call.region;
  key.description = kind.description;
  key.policy = managed_key_policy(kind, call.region, call.account);
  key.state = key_state::kEnabled;
  key.manager = "AWS";
  key.usage = "ENCRYPT_DECRYPT";
  key.spec = "SYMMETRIC_DEFAULT";
  key.origin = "AWS_KMS";
  key.created = call.time;
  key.rotation_enabled = true;
  key.next_rotation = Timestamp{call.time.microseconds + kYear};
  return key;
}

DependentCall creation_of(const catalog::Key& key) {
  DependentCall made;
  made.event_source = "kms.amazonaws.com";
  made.event_name = "CreateKey";
  made.request_parameters_json =
      fmt::format(R"({{"description":"{}","keyUsage":"ENCRYPT_DECRYPT"}})", key.description);
  made.resource_arns = {key_arn(key.region, key.account, key.id)};
  made.read_only = false;
  return made;
}

// What a service that uses the key for its caller says; for which volume is not known yet. The caller of this
// asks again, with all that the request says.
KeyRequest presumed_request(const Call& call) {
  KeyRequest said;
  if (call.service != "kms") said.encryption_context["aws:ebs:id"] = "vol-*";
  return said;
}

// Makes the key unless another call was faster; the alias that stands afterwards.
Result<catalog::Alias> make_key(Call& call, const ManagedKeyKind& kind, const catalog::Key& key) {
  COFFER_TRY(token, call.installation.keyd.create_backing_key({key.account, key.region, key.id}, 1));
  catalog::Alias alias{call.account, call.region, std::string(kind.alias), key.id, call.time, call.time};
  const catalog::BackingKey material{key.id, 1, token, key.region};
  COFFER_TRY(shipment,
             ship(call.installation, {.keys = {key}, .backing_keys = {material}, .aliases = {alias}}));
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(raced, transaction.alias(call.account, call.region, alias.name));
    if (raced) {
      alias = std::move(*raced);
      return {};
    }
    COFFER_CHECK(transaction.insert_key(key, material));
    COFFER_CHECK(transaction.insert_alias(alias));
    return call.record_now(transaction, creation_of(key));
  }));
  return alias;
}

}  // namespace

std::span<const ManagedKeyKind> managed_key_kinds() {
  return kKinds;
}

const ManagedKeyKind* managed_key_kind(std::string_view alias) {
  const auto kind = std::ranges::find(kKinds, alias, &ManagedKeyKind::alias);
  return kind == kKinds.end() ? nullptr : &*kind;
}

std::string managed_key_policy(const ManagedKeyKind& kind, std::string_view region,
                               std::string_view account) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Id":"{}","Statement":[{{"Sid":"{}","Effect":"Allow",)"
      R"("Principal":{{"AWS":"*"}},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*",)"
      R"("kms:GenerateDataKey*",{}"kms:DescribeKey"],"Resource":"*","Condition":{{"StringEquals":)"
      R"({{"kms:CallerAccount":"{}","kms:ViaService":"{}.{}.amazonaws.com"}}}}}},)"
      R"({{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow",)"
      R"("Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":["kms:Describe*","kms:Get*","kms:List*"{}],)"
      R"("Resource":"*"}}]}})",
      kind.policy_id, kind.policy_sid, kind.with_grants ? R"("kms:CreateGrant",)" : "", account,
      kind.via_service, region, account, kind.with_grants ? R"(,"kms:RevokeGrant")" : "");
}

Result<FoundKey> managed_key(Call& call, const ManagedKeyKind& kind, const std::string& action) {
  COFFER_TRY(existing, find_alias(call, std::string(kind.alias)));
  if (!existing) {
    FoundKey wanted = with_arn(new_key(call, kind));
    wanted.alias = kind.alias;
    COFFER_CHECK(authorise_key(call, action, wanted, presumed_request(call)));
    COFFER_TRY(made, make_key(call, kind, wanted.key));
    existing = std::move(made);
  }
  return find_key(call, "kms:DescribeKey", existing->target_key_id, AliasUse::kRefused);
}

Status refuse_managed(const Call& call, const std::string& action, const FoundKey& found) {
  if (found.key.manager != "AWS") return {};
  return fail(
      ErrorKind::kPermissionDenied,
      fmt::format("User: {} is not authorized to perform: {} on resource: {} because no resource-based "
                  "policy allows the {} action",
                  call.principal.arn, action, found.arn, action),
      "AccessDeniedException");
}

}  // namespace coffer::services::kms
