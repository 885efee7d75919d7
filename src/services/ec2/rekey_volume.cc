// SPDX-License-Identifier: Apache-2.0
// Re-keying in place, which AWS does not have; its operations are in wire/overlay/ec2.json. RekeyVolume makes
// the new data key and the catalog's row; volume_changes.cc carries it out. DescribeVolumeRekeys tells how
// far it is; DescribeVolumeOldKeySnapshots which snapshots of the volume are still under earlier data keys.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_keys.h"
#include "services/ec2/volume_lookup.h"
#include "services/page_token.h"

namespace coffer::services::ec2 {
namespace {

constexpr size_t kLargestPage = 500;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

bool is_open(const catalog::VolumeRekey& rekey) {
  return rekey.state == "rekeying" || rekey.state == "waiting";
}

Status check_volume(const catalog::Volume& volume) {
  if (!volume.encrypted)
    return refuse(
        "InvalidParameterValue",
        fmt::format("Volume {} is not encrypted and has no key to replace. To encrypt its contents, make "
                    "a volume from a snapshot of it with Encrypted=true.",
                    volume.id));
  return require_available_or_in_use(volume);
}

Status check_none_open(catalog::Transaction& transaction, const std::string& volume_id) {
  COFFER_TRY(earlier, transaction.rekeys_of_volume(volume_id));
  if (std::none_of(earlier.begin(), earlier.end(), is_open)) return {};
  return fail(
      ErrorKind::kConflict,
      fmt::format("Volume {} cannot be re-keyed while an earlier re-keying of it is in progress", volume_id),
      "IncorrectModificationState");
}

// Refused, not started, with a key that cannot be used: nothing would come of it.
Result<catalog::VolumeRekey> new_rekey(Call& call, const catalog::Volume& volume,
                                       const std::optional<std::string>& kms_key_id) {
  COFFER_TRY(key, make_volume_key(call, volume.id, kms_key_id ? *kms_key_id : volume.kms_key_arn));
  if (key.failure)
    return fail(
        ErrorKind::kPermissionDenied,
        fmt::format("Volume {} cannot be re-keyed: the KMS key {} cannot be used. {}. Enable the key, or "
                    "allow kms:GenerateDataKeyWithoutPlaintext on it, and try again.",
                    volume.id, key.kms_key_arn, describe_key_error(*key.failure)),
        "CustomerKeyHasBeenRevoked");
  COFFER_CHECK(authorise_decryption(call, volume.kms_key_arn, volume.id));
  catalog::VolumeRekey rekey;
  rekey.layer_id = make_resource_id(call.installation.random, "layer");
  rekey.volume_id = volume.id;
  rekey.account = call.account;
  rekey.region = call.region;
  rekey.original_kms_key_arn = volume.kms_key_arn;
  rekey.kms_key_arn = key.kms_key_arn;
  rekey.data_encryption_key_id = make_uuid(call.installation.random);
  rekey.state = "rekeying";
  rekey.wrapped_key = std::move(key.wrapped_key);
  rekey.principal_arn = call.principal.arn;
  rekey.started = call.time;
  return rekey;
}

api::VolumeRekey to_api(const catalog::VolumeRekey& rekey) {
  api::VolumeRekey shown;
  shown.volume_id = rekey.volume_id;
  shown.original_kms_key_id = rekey.original_kms_key_arn;
  shown.kms_key_id = rekey.kms_key_arn;
  shown.state = rekey.state;
  shown.progress = rekey.progress;
  if (!rekey.status_message.empty()) shown.status_message = rekey.status_message;
  shown.start_time = rekey.started;
  shown.end_time = rekey.ended;
  return shown;
}

}  // namespace

Result<api::RekeyVolumeResult> Ec2Service::rekey_volume(Call& call, const api::RekeyVolumeRequest& request) {
  COFFER_TRY(found, find_volume(call, request.volume_id));
  COFFER_CHECK(check_volume(found.volume));
  COFFER_TRY(rekey, new_rekey(call, found.volume, request.kms_key_id));
  auto response = call.commit<api::RekeyVolumeResult>(
      [&](catalog::Transaction& transaction) -> Result<api::RekeyVolumeResult> {
        COFFER_CHECK(check_none_open(transaction, request.volume_id));
        COFFER_CHECK(transaction.insert_volume_rekey(rekey));
        api::RekeyVolumeResult shown;
        shown.volume_rekey = to_api(rekey);
        return shown;
      });
  snapshot_worker_.notify();
  return response;
}

Result<api::DescribeVolumeRekeysResult> Ec2Service::describe_volume_rekeys(
    Call& call, const api::DescribeVolumeRekeysRequest& request) {
  api::DescribeVolumeRekeysResult response;
  response.volume_rekeys.emplace();
  const auto show = [&](const std::vector<catalog::VolumeRekey>& rekeys) {
    for (const auto& rekey : rekeys) response.volume_rekeys->push_back(to_api(rekey));
  };
  if (request.volume_ids && !request.volume_ids->empty()) {
    if (request.max_results)
      return refuse("InvalidParameterCombination",
                    "The parameter volumeSet cannot be used with the parameter maxResults");
    for (const auto& id : *request.volume_ids) {
      COFFER_CHECK(find_volume(call, id));
      COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
        COFFER_TRY(rows, transaction.rekeys_of_volume(id));
        show(rows);
        return {};
      }));
    }
    return response;
  }
  COFFER_CHECK(check_max_results(request.max_results, 500));
  COFFER_TRY(after, next_token_position("DescribeVolumeRekeys", request.next_token));
  const size_t limit = request.max_results ? static_cast<size_t>(*request.max_results) : kLargestPage;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.rekeys(call.account, call.region, after, limit));
    show(rows);
    if (rows.size() == limit)
      response.next_token = make_page_token("DescribeVolumeRekeys", rows.back().layer_id);
    return {};
  }));
  return response;
}

Result<api::DescribeVolumeOldKeySnapshotsResult> Ec2Service::describe_volume_old_key_snapshots(
    Call& call, const api::DescribeVolumeOldKeySnapshotsRequest& request) {
  COFFER_TRY(found, find_volume(call, request.volume_id));
  api::DescribeVolumeOldKeySnapshotsResult response;
  response.volume_id = found.volume.id;
  response.snapshots.emplace();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(snapshots, transaction.snapshots_of_volume(found.volume.id));
    for (const auto& snapshot : snapshots) {
      if (!is_visible(snapshot) || !snapshot.encrypted) continue;
      if (snapshot.data_encryption_key_id == found.volume.data_encryption_key_id) continue;
      api::OldKeySnapshot shown;
      shown.snapshot_id = snapshot.id;
      shown.kms_key_id = snapshot.kms_key_arn;
      shown.data_encryption_key_id = snapshot.data_encryption_key_id;
      shown.state = snapshot.state;
      shown.start_time = snapshot.started;
      response.snapshots->push_back(std::move(shown));
    }
    return {};
  }));
  return response;
}

}  // namespace coffer::services::ec2
