// SPDX-License-Identifier: Apache-2.0
// ReplicateKey, UpdatePrimaryRegion: the keys of a multi-Region key share id, material, kind and rotation,
// and nothing else. Source: KMS API Reference; AWS KMS Developer Guide, "Multi-Region keys in AWS KMS".
#include <fmt/format.h>

#include <algorithm>

#include "services/arn.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/key_metadata.h"
#include "services/kms/key_states.h"
#include "services/kms/key_worker.h"
#include "services/kms/kms_service.h"
#include "services/kms/policy_rules.h"
#include "services/kms/tag_rules.h"

namespace coffer::services::kms {
namespace {

tl::unexpected<Error> unsupported(std::string message) {
  return fail(ErrorKind::kUnsupported, std::move(message), "UnsupportedOperationException");
}

Status check_region(const Call& call, const std::string& region) {
  const auto& installed = call.installation.regions;
  if (std::ranges::find(installed, region) == installed.end())
    return unsupported(fmt::format("The Region {} is not installed here.", region));
  return {};
}

// Finds the primary that the call is about, and may be asked for it.
Result<FoundKey> primary_key(Call& call, const std::string& key_identifier, const KeyRequest& said) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, action, found, said));
  if (!found.key.multi_region) return unsupported(fmt::format("{} is not a multi-Region key.", found.arn));
  if (found.key.region != found.key.primary_region)
    return unsupported(fmt::format("{} is not a multi-Region primary key.", found.arn));
  COFFER_CHECK(check_key_state(found, call.operation));
  return found;
}

KeyRequest in_region(const char* condition_key, const std::string& region) {
  KeyRequest said;
  said.condition.set(condition_key, region);
  return said;
}

// The replica is a key that is created, in its region: that is aws:RequestedRegion here. Source: AWS KMS
// Developer Guide, "Controlling access to multi-Region keys".
Status authorise_creation(Call& call, const catalog::Key& primary, const std::string& region,
                          const Tags& tags) {
  policy::Context there;
  there.set("aws:RequestedRegion", region);
  AccessQuestion question{.action = "kms:CreateKey", .given = &there};
  question.context.set("kms:KeySpec", primary.spec);
  question.context.set("kms:KeyUsage", primary.usage);
  question.context.set("kms:KeyOrigin", primary.origin);
  question.context.set("kms:MultiRegion", std::string("true"));
  question.context.set("kms:MultiRegionKeyType", std::string("REPLICA"));
  add_tag_conditions(tags, question.context);
  COFFER_CHECK(call.authorise(question));
  if (tags.empty()) return {};
  question.action = "kms:TagResource";
  question.resource = key_arn(region, call.account, "*");
  return call.authorise(question);
}

bool is_imported(const catalog::Key& key) {
  return key.origin == "EXTERNAL";
}

// The same material, each version as a token for `region`. None of imported material, which has to be
// imported there too.
Result<std::vector<catalog::BackingKey>> tokens_for(Installation& installation, const catalog::Key& primary,
                                                    const std::string& region) {
  std::vector<catalog::BackingKey> backing_keys;
  if (is_imported(primary)) return backing_keys;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.backing_keys(primary.region, primary.id));
    backing_keys = std::move(rows);
    return {};
  }));
  for (catalog::BackingKey& each : backing_keys) {
    COFFER_TRY(token, installation.keyd.replicate_backing_key(
                          {{primary.account, primary.region, primary.id}, each.version, each.token}, region));
    each.token = std::move(token);
    each.region = region;
  }
  return backing_keys;
}

// It can be managed at once, and used when the worker has enabled it, or when the material that was imported
// into the primary has been imported into it.
catalog::Key new_replica(const Call& call, const catalog::Key& primary,
                         const api::ReplicateKeyRequest& request) {
  catalog::Key replica = primary;
  replica.region = request.replica_region;
  replica.description = request.description.value_or("");
  replica.policy = request.policy.value_or(default_key_policy(call.account));
  replica.state = is_imported(primary) ? key_state::kPendingImport : key_state::kCreating;
  replica.created = call.time;
  replica.tags.clear();
  // Held by the primary.
  replica.rotation_enabled = false;
  replica.next_rotation.reset();
  replica.on_demand_rotations = 0;
  replica.on_demand_rotation_started.reset();
  return replica;
}

DependentCall creation_of(const FoundKey& replica) {
  DependentCall made;
  made.event_source = "kms.amazonaws.com";
  made.event_name = "CreateKey";
  made.request_parameters_json =
      fmt::format(R"({{"multiRegion":true,"replicaRegion":"{}"}})", replica.key.region);
  made.resource_arns = {replica.arn};
  made.read_only = false;
  return made;
}

Status insert_replica(catalog::Transaction& transaction, const FoundKey& replica,
                      const std::vector<catalog::BackingKey>& tokens) {
  COFFER_TRY(existing, transaction.key(replica.key.region, replica.key.id));
  if (existing)
    return fail(ErrorKind::kConflict,
                fmt::format("The key {} already exists in the replica Region.", replica.arn),
                "AlreadyExistsException");
  COFFER_CHECK(transaction.insert_key(replica.key, tokens.empty() ? catalog::BackingKey() : tokens.front()));
  for (size_t i = 1; i < tokens.size(); ++i) COFFER_CHECK(transaction.insert_backing_key(tokens[i]));
  return {};
}

api::Tag as_tag(const std::pair<std::string, std::string>& tag) {
  api::Tag made;
  made.tag_key = tag.first;
  made.tag_value = tag.second;
  return made;
}

// What the primary holds for all of them goes to another.
void hand_over(catalog::Key& from, catalog::Key& to) {
  to.rotation_enabled = from.rotation_enabled;
  to.rotation_period_days = from.rotation_period_days;
  to.next_rotation = from.next_rotation;
  to.on_demand_rotations = from.on_demand_rotations;
  to.on_demand_rotation_started = from.on_demand_rotation_started;
  from.rotation_enabled = false;
  from.next_rotation.reset();
  from.on_demand_rotation_started.reset();
}

}  // namespace

Result<api::ReplicateKeyResponse> KmsService::replicate_key(Call& call,
                                                            const api::ReplicateKeyRequest& request) {
  COFFER_TRY(primary,
             primary_key(call, request.key_id, in_region("kms:ReplicaRegion", request.replica_region)));
  COFFER_CHECK(check_region(call, request.replica_region));
  COFFER_TRY(tags, checked_tags(request.tags));
  COFFER_CHECK(authorise_creation(call, primary.key, request.replica_region, tags));
  FoundKey replica{new_replica(call, primary.key, request), {}};
  replica.key.tags = tags;
  replica.arn = key_arn(replica.key.region, replica.key.account, replica.key.id);
  if (request.policy)
    COFFER_CHECK(
        check_key_policy(call, replica, *request.policy, request.bypass_policy_lockout_safety_check));
  COFFER_TRY(tokens, tokens_for(call.installation, primary.key, request.replica_region));
  COFFER_TRY(shipment, ship(call.installation, {.keys = {replica.key}, .backing_keys = tokens}));
  call.record(creation_of(replica));

  auto made = call.commit<api::ReplicateKeyResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::ReplicateKeyResponse> {
        COFFER_TRY(now, key_to_change(call, transaction, primary));
        if (now.current_version != primary.key.current_version)  // it was rotated meanwhile
          return fail(ErrorKind::kUnavailable, "The key was rotated at the same time.");
        COFFER_CHECK(insert_replica(transaction, replica, tokens));
        COFFER_TRY(copies, transaction.keys_of_id(primary.key.id));
        api::ReplicateKeyResponse response;
        response.replica_key_metadata = metadata_of(replica, copies);
        response.replica_policy = replica.key.policy;
        response.replica_tags.emplace();
        for (const auto& tag : replica.key.tags) response.replica_tags->push_back(as_tag(tag));
        return response;
      });
  if (made && worker_ != nullptr) worker_->notify();
  return made;
}

Result<api::UpdatePrimaryRegionResponse> KmsService::update_primary_region(
    Call& call, const api::UpdatePrimaryRegionRequest& request) {
  const KeyRequest said = in_region("kms:PrimaryRegion", request.primary_region);
  COFFER_TRY(primary, primary_key(call, request.key_id, said));
  COFFER_CHECK(check_region(call, request.primary_region));
  if (request.primary_region == call.region)
    return unsupported(fmt::format("{} is the primary key already.", primary.arn));
  const std::string arn = key_arn(request.primary_region, primary.key.account, primary.key.id);
  COFFER_TRY(replica, any_key_by_arn(call.installation, arn));
  COFFER_CHECK(authorise_key(call, "kms:UpdatePrimaryRegion", replica, said));
  return call.commit<api::UpdatePrimaryRegionResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::UpdatePrimaryRegionResponse> {
        COFFER_CHECK(key_to_change(call, transaction, primary));
        COFFER_TRY(copies, transaction.keys_of_id(primary.key.id));
        const auto before = std::ranges::find(copies, call.region, &catalog::Key::region);
        const auto next = std::ranges::find(copies, request.primary_region, &catalog::Key::region);
        if (next == copies.end())
          return fail(ErrorKind::kNotFound, fmt::format("Key '{}' does not exist", arn), "NotFoundException");
        COFFER_CHECK(check_state(next->state, call.operation, arn));
        hand_over(*before, *next);
        for (catalog::Key& copy : copies) {
          copy.primary_region = request.primary_region;
          COFFER_CHECK(transaction.update_key(copy));
        }
        return api::UpdatePrimaryRegionResponse{};
      });
}

}  // namespace coffer::services::kms
