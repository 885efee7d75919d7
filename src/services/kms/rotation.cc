// SPDX-License-Identifier: Apache-2.0
// EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations. The key
// worker rotates. Rotation re-wraps nothing: what earlier material encrypted stays under it.
// Source: KMS API Reference; AWS KMS Developer Guide, "Rotate AWS KMS keys".
#include <fmt/format.h>

#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/key_life.h"
#include "services/kms/key_states.h"
#include "services/kms/key_worker.h"
#include "services/kms/kms_service.h"
#include "services/kms/managed_keys.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

constexpr int32_t kDefaultPeriod = 365;  // days
constexpr uint32_t kMostOnDemandRotations = 25;
constexpr int64_t kSoon = 20ll * 60 * 1000000;  // an automatic rotation that is about to begin

tl::unexpected<Error> not_valid(const FoundKey& found, const std::string& what) {
  return fail(ErrorKind::kUnsupported,
              fmt::format("{} {} which is not valid for this operation.", found.arn, what),
              "UnsupportedOperationException");
}

// Keys of other kinds have one version of their material for good.
Status check_can_rotate(const FoundKey& found) {
  const catalog::Key& key = found.key;
  if (key.spec != "SYMMETRIC_DEFAULT") return not_valid(found, "key spec is " + key.spec);
  if (key.origin != "AWS_KMS" && key.origin != "EXTERNAL") return not_valid(found, "origin is " + key.origin);
  return {};
}

// Rotation is a property that the keys of a multi-Region key share, and that is set on the primary.
Status check_may_set(const FoundKey& found) {
  if (!found.key.multi_region || found.key.region == found.key.primary_region) return {};
  return fail(ErrorKind::kUnsupported,
              fmt::format("{} is a multi-Region replica key. Rotation is set on its primary key, in {}.",
                          found.arn, found.key.primary_region),
              "UnsupportedOperationException");
}

// In days; that of a key whose rotation is enabled already stays.
int32_t wanted_period(const api::EnableKeyRotationRequest& request, const catalog::Key& key) {
  return request.rotation_period_in_days.value_or(
      key.rotation_enabled ? static_cast<int32_t>(key.rotation_period_days) : kDefaultPeriod);
}

// Finds the key whose rotation the call may change. `enabled`: by this request.
Result<FoundKey> rotatable_key(Call& call, const std::string& key_identifier, bool also_imported,
                               const api::EnableKeyRotationRequest* enabled = nullptr) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  KeyRequest said;
  if (enabled != nullptr)
    said.condition.set("kms:RotationPeriodInDays", std::to_string(wanted_period(*enabled, found.key)));
  COFFER_CHECK(authorise_key(call, action, found, said));
  COFFER_CHECK(refuse_managed(call, action, found));
  COFFER_CHECK(check_can_rotate(found));
  if (!also_imported && found.key.origin == "EXTERNAL") return not_valid(found, "origin is EXTERNAL");
  COFFER_CHECK(check_may_set(found));
  COFFER_CHECK(check_key_state(found, call.operation));
  return found;
}

Result<catalog::Key> read_primary(Call& call, const catalog::Key& key) {
  std::optional<catalog::Key> primary;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, primary_of(transaction, key));
    primary = std::move(found);
    return {};
  }));
  return std::move(*primary);
}

// ConflictException while another rotation is under way or about to begin.
Status check_no_other_rotation(const catalog::Key& key, Timestamp now) {
  const bool soon = key.next_rotation && key.next_rotation->microseconds - now.microseconds < kSoon;
  if (!key.on_demand_rotation_started && !soon) return {};
  return fail(ErrorKind::kConflict,
              "A rotation of this key is in progress, or scheduled to begin within the next 20 minutes.",
              "ConflictException");
}

api::RotationsListEntry entry_of(const catalog::Key& key, const catalog::BackingKey& backing_key) {
  api::RotationsListEntry entry;
  entry.key_id = key.id;
  entry.key_material_id = material_id_of(key, backing_key);
  entry.key_material_state = backing_key.version == key.current_version ? "CURRENT" : "NON_CURRENT";
  if (backing_key.rotated) {
    entry.rotation_date = backing_key.rotated;
    entry.rotation_type = backing_key.rotation_type;
  }
  return entry;
}

}  // namespace

Result<api::EnableKeyRotationResponse> KmsService::enable_key_rotation(
    Call& call, const api::EnableKeyRotationRequest& request) {
  COFFER_TRY(found, rotatable_key(call, request.key_id, false, &request));
  return change_key<api::EnableKeyRotationResponse>(call, found, [&](catalog::Key& key) -> Status {
    const auto period = static_cast<uint32_t>(wanted_period(request, key));
    if (key.rotation_enabled && key.rotation_period_days == period) return {};  // its schedule stands
    key.rotation_enabled = true;
    key.rotation_period_days = period;
    key.next_rotation = after(call.time, Days(period));
    return {};
  });
}

Result<api::DisableKeyRotationResponse> KmsService::disable_key_rotation(
    Call& call, const api::DisableKeyRotationRequest& request) {
  COFFER_TRY(found, rotatable_key(call, request.key_id, false));
  return change_key<api::DisableKeyRotationResponse>(call, found, [&](catalog::Key& key) -> Status {
    key.rotation_enabled = false;
    key.next_rotation.reset();
    return {};
  });
}

Result<api::GetKeyRotationStatusResponse> KmsService::get_key_rotation_status(
    Call& call, const api::GetKeyRotationStatusRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:GetKeyRotationStatus", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:GetKeyRotationStatus", found));
  COFFER_CHECK(check_can_rotate(found));
  COFFER_TRY(primary, read_primary(call, found.key));
  const bool leaving =
      found.key.state == key_state::kPendingDeletion || found.key.state == key_state::kPendingReplicaDeletion;
  api::GetKeyRotationStatusResponse response;
  response.key_id = found.key.id;
  response.key_rotation_enabled = primary.rotation_enabled && !leaving;
  if (primary.rotation_enabled && !leaving) {
    response.rotation_period_in_days = static_cast<int32_t>(primary.rotation_period_days);
    response.next_rotation_date = primary.next_rotation;
  }
  response.on_demand_rotation_start_date = primary.on_demand_rotation_started;
  return response;
}

Result<api::RotateKeyOnDemandResponse> KmsService::rotate_key_on_demand(
    Call& call, const api::RotateKeyOnDemandRequest& request) {
  COFFER_TRY(found, rotatable_key(call, request.key_id, true));
  if (found.key.origin == "EXTERNAL")
    return fail(ErrorKind::kConflict,
                fmt::format("{} has no imported key material that is pending rotation.", found.arn),
                "KMSInvalidStateException");
  auto response = call.commit<api::RotateKeyOnDemandResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::RotateKeyOnDemandResponse> {
        COFFER_TRY(key, key_to_change(call, transaction, found));
        if (key.on_demand_rotations >= kMostOnDemandRotations)
          return fail(ErrorKind::kLimitExceeded,
                      "The on-demand rotations limit has been reached for the given keyId. No more on-demand "
                      "rotations can be performed for this key: " +
                          request.key_id,
                      "LimitExceededException");
        COFFER_CHECK(check_no_other_rotation(key, call.time));
        ++key.on_demand_rotations;
        key.on_demand_rotation_started = call.time;
        COFFER_CHECK(transaction.update_key(key));
        api::RotateKeyOnDemandResponse started;
        started.key_id = key.id;
        return started;
      });
  if (response && worker_ != nullptr) worker_->notify();
  return response;
}

Result<api::ListKeyRotationsResponse> KmsService::list_key_rotations(
    Call& call, const api::ListKeyRotationsRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:ListKeyRotations", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:ListKeyRotations", found));
  COFFER_CHECK(check_can_rotate(found));
  const auto limit = static_cast<size_t>(request.limit.value_or(100));
  COFFER_TRY(position, marker_position("ListKeyRotations", request.marker));
  const uint32_t last = position.empty() ? 0 : static_cast<uint32_t>(std::atoi(position.c_str()));
  const bool all = request.include_key_material.value_or("") == "ALL_KEY_MATERIAL";

  std::vector<catalog::BackingKey> listed;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.backing_keys(found.key.region, found.key.id));
    listed = std::move(rows);
    return {};
  }));
  std::erase_if(listed, [&](const auto& each) { return each.version <= last || (!all && !each.rotated); });
  api::ListKeyRotationsResponse response;
  response.truncated = listed.size() > limit;
  if (listed.size() > limit) {
    listed.resize(limit);
    response.next_marker = make_page_token("ListKeyRotations", std::to_string(listed.back().version));
  }
  response.rotations.emplace();
  for (const auto& each : listed) response.rotations->push_back(entry_of(found.key, each));
  return response;
}

}  // namespace coffer::services::kms
