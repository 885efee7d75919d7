// SPDX-License-Identifier: Apache-2.0
// StartSnapshot. The row comes first, seen by nobody; then volumed makes the snapshot's layer; then the row
// becomes pending. A call that was cut off leaves what the worker of ec2's snapshots clears away.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "base/log.h"
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_keys.h"

namespace coffer::services::ebs {
namespace {

constexpr int64_t kLargestVolume = 65'536;       // GiB; EBS direct APIs Reference, VolumeSize
constexpr uint32_t kDefaultTimeout = 60;         // minutes; the same, Timeout
constexpr size_t kMostTags = 50;                 // the same, Tags
constexpr size_t kMostSnapshotsInWriting = 100;  // of an account in a region

using Tags = std::vector<std::pair<std::string, std::string>>;

Result<Tags> read_tags(const api::StartSnapshotRequest& request) {
  Tags tags;
  std::set<std::string> names;
  for (const auto& tag : request.tags.value_or(std::vector<api::Tag>())) {
    const std::string name = tag.key.value_or("");
    if (name.empty() || name.starts_with("aws:"))
      return invalid("INVALID_TAG", fmt::format("The tag key '{}' is not valid.", name));
    if (!names.insert(name).second)
      return invalid("INVALID_TAG", fmt::format("The tag key '{}' is given twice.", name));
    tags.emplace_back(name, tag.value.value_or(""));
  }
  if (tags.size() > kMostTags)
    return invalid("INVALID_TAG", fmt::format("A snapshot has at most {} tags.", kMostTags));
  return tags;
}

// EBS User Guide, "Encryption outcomes for EBS direct APIs": a snapshot is encrypted as its parent is, and as
// is asked without one.
Status check_encryption(const api::StartSnapshotRequest& request) {
  constexpr const char* kReason = "INVALID_PARAMETER_VALUE";
  if (request.parent_snapshot_id && request.encrypted)
    return invalid(kReason, "ParentSnapshotId and Encrypted cannot be specified in one request.");
  if (request.parent_snapshot_id && request.kms_key_arn)
    return invalid(kReason, "ParentSnapshotId and KmsKeyArn cannot be specified in one request.");
  if (request.kms_key_arn && !request.encrypted.value_or(false))
    return invalid(kReason, "KmsKeyArn requires Encrypted to be true.");
  return {};
}

Status check_size(const api::StartSnapshotRequest& request, const std::optional<catalog::Snapshot>& parent) {
  if (request.volume_size > kLargestVolume)
    return invalid("INVALID_VOLUME_SIZE", fmt::format("The volume size is at most {} GiB.", kLargestVolume));
  if (parent && request.volume_size < parent->volume_size_gib)
    return invalid("INVALID_VOLUME_SIZE",
                   fmt::format("The volume size is less than that of the parent snapshot, {} GiB.",
                               parent->volume_size_gib));
  return {};
}

// Unlike a volume's or a copy's, a key that cannot be used fails the call.
Result<Bytes> make_key(Call& call, catalog::Snapshot& snapshot, const std::optional<std::string>& kms_key) {
  COFFER_TRY(key, ec2::make_volume_key(call, snapshot.id, kms_key));
  if (key.failure) return key_error(*key.failure);
  snapshot.kms_key_arn = key.kms_key_arn;
  return std::move(key.wrapped_key);
}

catalog::Snapshot new_snapshot(Call& call, const api::StartSnapshotRequest& request,
                               const std::optional<catalog::Snapshot>& parent) {
  catalog::Snapshot snapshot;
  snapshot.id = make_resource_id(call.installation.random, "snap");
  snapshot.account = call.account;
  snapshot.region = call.region;
  snapshot.volume_id = ec2::kNoVolumeId;
  snapshot.volume_size_gib = static_cast<uint32_t>(request.volume_size);
  snapshot.state = "creating";
  snapshot.description = request.description.value_or("");
  snapshot.encrypted = parent ? parent->encrypted : request.encrypted.value_or(false);
  snapshot.parent_snapshot_id = request.parent_snapshot_id.value_or("");
  snapshot.layer_id = make_resource_id(call.installation.random, "layer");
  snapshot.principal_arn = call.principal.arn;
  snapshot.started = call.time;
  if (snapshot.encrypted)
    snapshot.data_encryption_key_id =
        parent ? parent->data_encryption_key_id : make_uuid(call.installation.random);
  return snapshot;
}

Status reserve(catalog::Transaction& transaction, const catalog::Snapshot& snapshot) {
  size_t in_writing = 0;
  for (const char* state : {"pending", "creating"}) {
    COFFER_TRY(others, transaction.snapshots_in_state(state));
    in_writing += static_cast<size_t>(std::ranges::count_if(others, [&](const catalog::Snapshot& other) {
      return other.account == snapshot.account && other.region == snapshot.region &&
             is_written_by_blocks(other);
    }));
  }
  if (in_writing >= kMostSnapshotsInWriting)
    return fail(ErrorKind::kLimitExceeded,
                fmt::format("{} snapshots are being written; that is the limit.", kMostSnapshotsInWriting),
                "ConcurrentLimitExceededException");
  return transaction.insert_snapshot(snapshot);
}

Status make_on_host(Call& call, const catalog::Snapshot& snapshot, std::optional<Bytes> wrapped_key) {
  control::NewDetachedSnapshot wanted;
  wanted.snapshot_id = snapshot.id;
  wanted.size_bytes = uint64_t{snapshot.volume_size_gib} << 30;
  wanted.layer = {snapshot.layer_id, std::move(wrapped_key), snapshot.id};
  wanted.parent_snapshot_id = snapshot.parent_snapshot_id;
  return call.installation.volumed.create_detached_snapshot(wanted);
}

void abandon(Call& call, catalog::Snapshot& snapshot) {
  snapshot.state = "deleting";
  const Status abandoned = call.installation.catalog.write(
      [&](catalog::Transaction& transaction) { return transaction.update_snapshot(snapshot); },
      catalog::Urgency::kProtective);
  if (!abandoned)
    log_warning("a failed snapshot is cleared away at the next start: {}", abandoned.error().message);
}

api::StartSnapshotResponse to_api(const catalog::Snapshot& snapshot) {
  api::StartSnapshotResponse response;
  if (!snapshot.description.empty()) response.description = snapshot.description;
  response.snapshot_id = snapshot.id;
  response.owner_id = snapshot.account;
  response.status = snapshot.state;
  response.start_time = snapshot.started;
  response.volume_size = snapshot.volume_size_gib;
  response.block_size = static_cast<int32_t>(kBlockSize);
  if (!snapshot.tags.empty()) {
    auto& tags = response.tags.emplace();
    for (const auto& [name, value] : snapshot.tags) tags.push_back({.key = name, .value = value});
  }
  if (!snapshot.parent_snapshot_id.empty()) response.parent_snapshot_id = snapshot.parent_snapshot_id;
  if (snapshot.encrypted) response.kms_key_arn = snapshot.kms_key_arn;
  response.sse_type = snapshot.encrypted ? "sse-kms" : "none";
  return response;
}

}  // namespace

Result<api::StartSnapshotResponse> EbsService::start_snapshot(Call& call,
                                                              const api::StartSnapshotRequest& request) {
  COFFER_CHECK(check_encryption(request));
  std::optional<catalog::Snapshot> parent;
  if (request.parent_snapshot_id) {
    COFFER_TRY(found, find_completed_snapshot(call, *request.parent_snapshot_id));
    parent = std::move(found);
  }
  COFFER_CHECK(check_size(request, parent));
  COFFER_TRY(tags, read_tags(request));

  catalog::Snapshot snapshot = new_snapshot(call, request, parent);
  snapshot.tags = std::move(tags);
  std::optional<Bytes> wrapped_key;
  if (snapshot.encrypted) {
    COFFER_TRY(key, make_key(call, snapshot, parent ? parent->kms_key_arn : request.kms_key_arn));
    wrapped_key = std::move(key);
  }
  COFFER_CHECK(call.installation.catalog.write(
      [&](catalog::Transaction& transaction) { return reserve(transaction, snapshot); }));
  auto response = make_on_host(call, snapshot, std::move(wrapped_key)).and_then([&] {
    return call.commit<api::StartSnapshotResponse>(
        [&](catalog::Transaction& transaction) -> Result<api::StartSnapshotResponse> {
          snapshot.state = "pending";
          COFFER_CHECK(transaction.update_snapshot(snapshot));
          const auto timeout = static_cast<uint32_t>(request.timeout.value_or(kDefaultTimeout));
          COFFER_CHECK(transaction.insert_snapshot_upload({snapshot.id, timeout, call.time}));
          return to_api(snapshot);
        });
  });
  if (!response) abandon(call, snapshot);
  return response;
}

}  // namespace coffer::services::ebs
