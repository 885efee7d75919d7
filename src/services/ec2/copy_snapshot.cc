// SPDX-License-Identifier: Apache-2.0
// CopySnapshot: the copy lands in the region that is called, under a data key of its own; the snapshot worker
// has volumed copy. DestinationRegion and PresignedUrl, which clients add by themselves, say nothing that is
// not known here: the source is looked up in this installation, and no URL is fetched.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/permissions.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/snapshot_worker.h"
#include "services/ec2/tag_specifications.h"
#include "services/ec2/volume_keys.h"

namespace coffer::services::ec2 {
namespace {

// Amazon EBS endpoints and quotas: "Concurrent snapshot copies per destination Region".
constexpr size_t kMostCopies = 20;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

Status check(const Call& call, const api::CopySnapshotRequest& request) {
  const auto& regions = call.installation.regions;
  if (std::find(regions.begin(), regions.end(), request.source_region) == regions.end())
    return refuse("InvalidParameterValue",
                  fmt::format("Value ({}) for parameter sourceRegion is invalid. The "
                              "region is not installed here.",
                              request.source_region));
  if (request.destination_outpost_arn) return refuse("UnsupportedOperation", "Outposts are not supported.");
  return {};
}

// Encrypted stays encrypted; unencrypted is encrypted on request.
Result<bool> is_encrypted(const catalog::Snapshot& source, const api::CopySnapshotRequest& request) {
  if (source.encrypted && request.encrypted && !*request.encrypted)
    return refuse("InvalidParameterValue",
                  "The parameter encrypted=false is invalid for an encrypted snapshot.");
  const bool encrypted = copy_will_be_encrypted(request, source);
  if (request.kms_key_id && !encrypted)
    return refuse("InvalidParameterDependency",
                  "The parameter KmsKeyId requires the parameter Encrypted to be set.");
  return encrypted;
}

Status check_number(catalog::Transaction& transaction, const Call& call) {
  COFFER_TRY(pending, transaction.snapshots_in_state("pending"));
  const auto copies = std::count_if(pending.begin(), pending.end(), [&](const auto& other) {
    return other.account == call.account && other.region == call.region && !other.source_snapshot_id.empty();
  });
  if (static_cast<size_t>(copies) < kMostCopies) return {};
  return fail(
      ErrorKind::kLimitExceeded,
      fmt::format("Too many snapshot copies in progress. The limit is {} for this destination region.",
                  kMostCopies),
      "ResourceLimitExceeded");
}

catalog::Snapshot new_copy(Call& call, const catalog::Snapshot& source,
                           const api::CopySnapshotRequest& request) {
  catalog::Snapshot copy;
  copy.id = make_resource_id(call.installation.random, "snap");
  copy.account = call.account;
  copy.region = call.region;
  copy.volume_id = kNoVolumeId;
  copy.volume_size_gib = source.volume_size_gib;
  copy.state = "pending";
  copy.description = request.description.value_or("");
  copy.source_snapshot_id = source.id;
  copy.source_region = source.region;
  copy.layer_id = make_resource_id(call.installation.random, "layer");
  copy.principal_arn = call.principal.arn;
  copy.started = call.time;
  return copy;
}

void fail_for_key(catalog::Snapshot& copy, const Error& error, const char* action) {
  copy.state = "error";
  copy.state_message = inaccessible_key_message(error, action);
}

// The worker opens the source in the name of the caller's user or role. What session policies forbid is known
// only now.
Status check_source_key(Call& call, const catalog::Snapshot& source, catalog::Snapshot& copy) {
  if (!source.encrypted || copy.state == "error") return {};
  const auto allowed = authorise_decryption(call, source.kms_key_arn, key_context(source));
  if (allowed) return {};
  if (!is_about_a_key(allowed.error())) return allowed;
  fail_for_key(copy, allowed.error(), "kms:Decrypt");
  return {};
}

// As at AWS a key that cannot be used fails the copy, not the call.
Status give_key(Call& call, catalog::Snapshot& copy, const std::optional<std::string>& kms_key_id) {
  copy.encrypted = true;
  copy.data_encryption_key_id = make_uuid(call.installation.random);
  COFFER_TRY(key, make_volume_key(call, copy.id, kms_key_id));
  copy.kms_key_arn = key.kms_key_arn;
  copy.wrapped_key = std::move(key.wrapped_key);
  if (key.failure) fail_for_key(copy, *key.failure, "kms:GenerateDataKeyWithoutPlaintext");
  return {};
}

}  // namespace

Result<api::CopySnapshotResult> Ec2Service::copy_snapshot(Call& call,
                                                          const api::CopySnapshotRequest& request) {
  COFFER_CHECK(check(call, request));
  COFFER_TRY(tags, read_tag_specifications(request.tag_specifications, "snapshot"));
  COFFER_TRY(source, find_snapshot(call, request.source_snapshot_id, request.source_region));
  COFFER_CHECK(require_completed(source));
  COFFER_TRY(encrypted, is_encrypted(source, request));

  catalog::Snapshot copy = new_copy(call, source, request);
  copy.tags = std::move(tags);
  if (encrypted) COFFER_CHECK(give_key(call, copy, request.kms_key_id));
  COFFER_CHECK(check_source_key(call, source, copy));
  auto response = call.commit<api::CopySnapshotResult>(
      [&](catalog::Transaction& transaction) -> Result<api::CopySnapshotResult> {
        COFFER_CHECK(check_number(transaction, call));
        // Read again: it may have been deleted in between.
        COFFER_TRY(still, transaction.snapshot(source.id));
        if (!still || !is_visible(*still)) return snapshot_not_found(source.id);
        COFFER_CHECK(transaction.insert_snapshot(copy));
        api::CopySnapshotResult shown;
        shown.snapshot_id = copy.id;
        shown.tags = to_api(copy.tags);
        return shown;
      });
  snapshot_worker_.notify();
  return response;
}

}  // namespace coffer::services::ec2
