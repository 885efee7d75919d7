// SPDX-License-Identifier: Apache-2.0
// CreateKey, DescribeKey, UpdateKeyDescription, ListKeys, EnableKey, DisableKey.
#include <fmt/format.h>

#include "base/ids.h"
#include "services/arn.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/key_directory.h"
#include "services/kms/key_kinds.h"
#include "services/kms/key_metadata.h"
#include "services/kms/key_states.h"
#include "services/kms/keys_in_stores.h"
#include "services/kms/kms_service.h"
#include "services/kms/last_use.h"
#include "services/kms/managed_keys.h"
#include "services/kms/policy_rules.h"
#include "services/kms/tag_rules.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

// EnableKey and DisableKey differ in the state they set.
template <class Response>
Result<Response> set_state(Call& call, const std::string& key_identifier, const std::string& state) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  KeyRequest said;
  if (state == key_state::kDisabled)
    COFFER_CHECK(add_days_without_use(call.installation, call.time, found.key, said.condition));
  COFFER_CHECK(authorise_key(call, action, found, said));
  COFFER_CHECK(refuse_managed(call, action, found));
  COFFER_CHECK(check_key_state(found, call.operation));
  return change_key<Response>(call, found, [&](catalog::Key& key) -> Status {
    key.state = state;
    return {};
  });
}

catalog::Key new_key(const Call& call, const api::CreateKeyRequest& request, const KeyKind& kind, Tags tags) {
  catalog::Key key;
  key.multi_region = request.multi_region.value_or(false);
  key.id = key.multi_region ? make_multi_region_key_id(call.installation.random)
                            : make_uuid(call.installation.random);
  if (key.multi_region) key.primary_region = call.region;
  key.account = call.account;
  key.region = call.region;
  key.description = request.description.value_or("");
  key.policy = request.policy.value_or(default_key_policy(call.account));
  key.origin = request.origin.value_or("AWS_KMS");
  key.state = key.origin == "EXTERNAL" ? key_state::kPendingImport : key_state::kEnabled;
  key.manager = "CUSTOMER";
  key.usage = kind.usage;
  key.spec = format::name_of(kind.spec);
  key.created = call.time;
  key.tags = std::move(tags);
  return key;
}

// What a new key is made of; empty when that is to be imported.
Result<catalog::BackingKey> first_material(Call& call, const catalog::Key& key, format::KeySpec spec) {
  catalog::BackingKey material;
  material.key_id = key.id;
  material.region = key.region;
  if (key.origin == "EXTERNAL") return material;
  COFFER_TRY(made, call.installation.keyd.create_key_material({key.account, key.region, key.id}, 1, spec));
  material.token = std::move(made.token);
  material.public_key = std::move(made.public_key_der);
  return material;
}

std::string truth(const std::optional<bool>& wish) {
  return wish.value_or(false) ? "true" : "false";
}

// Tags take a permission of their own. Source: AWS KMS Developer Guide, "Condition keys for AWS KMS", "Tags".
Status authorise_creation(Call& call, const api::CreateKeyRequest& request, const KeyKind& kind,
                          const Tags& tags) {
  AccessQuestion question{.action = "kms:CreateKey"};
  question.context.set("kms:KeySpec", std::string(format::name_of(kind.spec)));
  question.context.set("kms:KeyUsage", kind.usage);
  question.context.set("kms:KeyOrigin", request.origin.value_or("AWS_KMS"));
  question.context.set("kms:MultiRegion", truth(request.multi_region));
  if (request.multi_region.value_or(false))
    question.context.set("kms:MultiRegionKeyType", std::string("PRIMARY"));
  question.context.set("kms:BypassPolicyLockoutSafetyCheck",
                       truth(request.bypass_policy_lockout_safety_check));
  add_tag_conditions(tags, question.context);
  COFFER_CHECK(call.authorise(question));
  if (tags.empty()) return {};
  question.action = "kms:TagResource";
  question.resource = key_arn(call.region, call.account, "*");
  return call.authorise(question);
}

// The keys of the same multi-Region key; none for another.
Result<std::vector<catalog::Key>> copies_of(Call& call, const catalog::Key& key) {
  std::vector<catalog::Key> copies;
  if (!key.multi_region) return copies;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.keys_of_id(key.id));
    copies = std::move(rows);
    return {};
  }));
  return copies;
}

}  // namespace

Result<api::CreateKeyResponse> KmsService::create_key(Call& call, const api::CreateKeyRequest& request) {
  COFFER_TRY(kind, checked_kind(request));
  COFFER_CHECK(check_store_parameters(request, kind));
  COFFER_TRY(tags, checked_tags(request.tags));
  COFFER_CHECK(authorise_creation(call, request, kind, tags));

  COFFER_TRY(store, store_for_key(call, request));
  catalog::Key key = new_key(call, request, kind, std::move(tags));
  if (request.policy)
    COFFER_CHECK(
        check_key_policy(call, with_arn(key), key.policy, request.bypass_policy_lockout_safety_check));
  COFFER_TRY(backing_key,
             store ? material_in_store(call, *store, request, key) : first_material(call, key, kind.spec));
  catalog::ShippedKeys rows{.keys = {key}};
  if (!backing_key.token.empty()) rows.backing_keys = {backing_key};
  if (store) rows.custom_key_stores = {*store};
  const auto shipment = ship(call.installation, rows);
  if (!shipment && store) discard_material(call.installation, *store, key, backing_key);
  if (!shipment) return tl::unexpected(shipment.error());

  auto response = call.commit<api::CreateKeyResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateKeyResponse> {
        COFFER_CHECK(check_store_unchanged(transaction, key));
        COFFER_CHECK(transaction.insert_key(key, backing_key));
        api::CreateKeyResponse made;
        made.key_metadata = metadata_of(with_arn(key), {key});
        if (store) add_key_store(key, *store, *made.key_metadata);
        return made;
      });
  if (!response && store) discard_material(call.installation, *store, key, backing_key);
  return response;
}

Result<api::DescribeKeyResponse> KmsService::describe_key(Call& call,
                                                          const api::DescribeKeyRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:DescribeKey", request.key_id, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, "kms:DescribeKey", found));
  api::DescribeKeyResponse response;
  COFFER_TRY(copies, copies_of(call, found.key));
  response.key_metadata = metadata_of(found, copies);
  COFFER_CHECK(add_imported_material(call.installation.catalog, found.key, *response.key_metadata));
  COFFER_CHECK(add_key_store(call.installation.catalog, found.key, *response.key_metadata));
  return response;
}

Result<api::UpdateKeyDescriptionResponse> KmsService::update_key_description(
    Call& call, const api::UpdateKeyDescriptionRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:UpdateKeyDescription", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:UpdateKeyDescription", found));
  COFFER_CHECK(refuse_managed(call, "kms:UpdateKeyDescription", found));
  COFFER_CHECK(check_key_state(found, call.operation));
  return change_key<api::UpdateKeyDescriptionResponse>(call, found, [&](catalog::Key& key) -> Status {
    key.description = request.description;
    return {};
  });
}

Result<api::ListKeysResponse> KmsService::list_keys(Call& call, const api::ListKeysRequest& request) {
  COFFER_CHECK(call.authorise("kms:ListKeys", "*"));
  const auto limit = static_cast<size_t>(request.limit.value_or(100));
  COFFER_TRY(after, marker_position("ListKeys", request.marker));
  std::vector<std::string> ids;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.key_ids(call.account, call.region, after, limit + 1));
    ids = std::move(rows);
    return {};
  }));
  api::ListKeysResponse response;
  response.truncated = ids.size() > limit;
  if (ids.size() > limit) {
    ids.resize(limit);
    response.next_marker = make_page_token("ListKeys", ids.back());
  }
  response.keys.emplace();
  for (const auto& id : ids) {
    api::KeyListEntry entry;
    entry.key_id = id;
    entry.key_arn = key_arn(call.region, call.account, id);
    response.keys->push_back(std::move(entry));
  }
  return response;
}

Result<api::EnableKeyResponse> KmsService::enable_key(Call& call, const api::EnableKeyRequest& request) {
  return set_state<api::EnableKeyResponse>(call, request.key_id, key_state::kEnabled);
}

Result<api::DisableKeyResponse> KmsService::disable_key(Call& call, const api::DisableKeyRequest& request) {
  return set_state<api::DisableKeyResponse>(call, request.key_id, key_state::kDisabled);
}

}  // namespace coffer::services::kms
