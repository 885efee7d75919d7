// SPDX-License-Identifier: Apache-2.0
// CreateSnapshot and CreateSnapshots. The rows come first, seen by nobody; then volumed puts a new layer on
// each volume, at one instant; then the rows become pending. So volumed has no snapshot that the catalog does
// not know, and a call that was cut off leaves what the snapshot worker clears away.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/instance_lookup.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/permissions.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/tag_specifications.h"
#include "services/ec2/volume_keys.h"
#include "services/ec2/volume_lookup.h"

namespace coffer::services::ec2 {
namespace {

// Amazon EBS endpoints and quotas: "Concurrent snapshots per … volume".
size_t most_pending(const catalog::Volume& volume) {
  return volume.type == "st1" || volume.type == "sc1" ? 1 : 5;
}

struct Planned {
  FoundVolume source;
  catalog::Snapshot snapshot;
  control::NewLayer new_top;  // the volume's
};

tl::unexpected<Error> key_is_unusable(const catalog::Volume& volume, const Error& error) {
  return fail(ErrorKind::kPermissionDenied,
              fmt::format("A snapshot of volume {} needs a new data key for the volume, and its KMS key {} "
                          "cannot be used. {}. Enable the key, or allow kms:GenerateDataKeyWithoutPlaintext "
                          "and kms:Decrypt on it, and try again.",
                          volume.id, volume.kms_key_arn, describe_key_error(error)),
              "CustomerKeyHasBeenRevoked");
}

// Between volumed's putting a re-keying's new top on and apid's hearing of it, the volume's row names the
// earlier key. What is made of the top that volumed has is under that top's key, and the next one must not
// fall back behind it. To refuse the call instead would take snapshots away for as long as a re-keying waits
// for its key.
Status name_key_of_top(Call& call, catalog::Volume& volume) {
  std::optional<catalog::VolumeRekey> unheard;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rekeys, transaction.rekeys_of_volume(volume.id));
    for (auto& rekey : rekeys)
      if (!rekey.wrapped_key.empty()) unheard = std::move(rekey);
    return {};
  }));
  if (!unheard) return {};
  COFFER_TRY(layers, encrypted_layers_of(call.installation, volume.id));
  const bool is_on = std::any_of(layers.begin(), layers.end(),
                                 [&](const auto& layer) { return layer.layer_id == unheard->layer_id; });
  if (!is_on) return {};
  volume.kms_key_arn = unheard->kms_key_arn;
  volume.data_encryption_key_id = unheard->data_encryption_key_id;
  return {};
}

Result<Planned> plan(Call& call, FoundVolume source, const std::string& description, Tags tags) {
  COFFER_CHECK(require_available_or_in_use(source.volume));
  COFFER_CHECK(name_key_of_top(call, source.volume));
  const catalog::Volume& volume = source.volume;
  Planned planned;
  catalog::Snapshot& snapshot = planned.snapshot;
  snapshot.id = make_resource_id(call.installation.random, "snap");
  snapshot.account = call.account;
  snapshot.region = call.region;
  snapshot.volume_id = volume.id;
  snapshot.volume_size_gib = volume.size_gib;
  snapshot.state = "creating";
  snapshot.description = description;
  snapshot.encrypted = volume.encrypted;
  snapshot.kms_key_arn = volume.kms_key_arn;
  snapshot.data_encryption_key_id = volume.data_encryption_key_id;
  snapshot.layer_id = make_resource_id(call.installation.random, "layer");
  snapshot.principal_arn = call.principal.arn;
  snapshot.started = call.time;
  snapshot.tags = std::move(tags);
  planned.new_top = {snapshot.layer_id, std::nullopt, volume.id};
  if (volume.encrypted) {
    COFFER_TRY(key, make_volume_key(call, volume.id, volume.kms_key_arn));
    if (key.failure) return key_is_unusable(volume, *key.failure);
    planned.new_top.wrapped_key = std::move(key.wrapped_key);
  }
  planned.source = std::move(source);
  return planned;
}

Status reserve(catalog::Transaction& transaction, const std::vector<Planned>& all) {
  for (const auto& planned : all) {
    const catalog::Volume& volume = planned.source.volume;
    COFFER_TRY(others, transaction.snapshots_of_volume(volume.id));
    const auto pending = std::count_if(others.begin(), others.end(), [](const auto& other) {
      return other.state == "pending" || other.state == "creating";
    });
    if (static_cast<size_t>(pending) >= most_pending(volume))
      return fail(ErrorKind::kLimitExceeded,
                  "Maximum allowed in-progress snapshots for a single volume exceeded.",
                  "ConcurrentSnapshotLimitExceeded");
    COFFER_CHECK(transaction.insert_snapshot(planned.snapshot));
  }
  return {};
}

// A volume that is open needs the key of its new layer at once.
enum class Sessions { kForAttached, kForAll };
Status make_on_host(Call& call, const std::vector<Planned>& all, Sessions sessions) {
  std::vector<control::NewSnapshot> wanted;
  for (const auto& planned : all) {
    control::NewSnapshot snapshot{planned.snapshot.id, planned.source.volume.id, planned.new_top, ""};
    const bool open = planned.source.attachment || sessions == Sessions::kForAll;
    if (planned.source.volume.encrypted && open) {
      snapshot.session_id = make_session_id(call.installation.random);
      const Status opened = open_key_session(call.installation, {snapshot.volume_id, snapshot.session_id},
                                             {planned.new_top}, access_of(call));
      if (!opened && is_about_a_key(opened.error()))
        return key_is_unusable(planned.source.volume, opened.error());
      COFFER_CHECK(opened);
    }
    wanted.push_back(std::move(snapshot));
  }
  return call.installation.volumed.create_snapshots(wanted);
}

Status make_on_host(Call& call, const std::vector<Planned>& all) {
  const Status made = make_on_host(call, all, Sessions::kForAttached);
  // Work in the background may have a volume open that is not attached.
  if (!made && made.error().kind == ErrorKind::kInvalidArgument)
    return make_on_host(call, all, Sessions::kForAll);
  return made;
}

Status set_states(catalog::Transaction& transaction, std::vector<Planned>& all, const char* state) {
  for (auto& planned : all) {
    planned.snapshot.state = state;
    COFFER_CHECK(transaction.update_snapshot(planned.snapshot));
  }
  return {};
}

// Makes them all, durably known and visible when `commit` (the call's own) has succeeded.
template <class Out>
Result<Out> make_snapshots(Call& call, std::vector<Planned>& all, const std::function<Out()>& answer) {
  COFFER_CHECK(call.installation.catalog.write(
      [&](catalog::Transaction& transaction) { return reserve(transaction, all); }));
  auto made = make_on_host(call, all).and_then([&]() -> Result<Out> {
    return call.commit<Out>([&](catalog::Transaction& transaction) -> Result<Out> {
      COFFER_CHECK(set_states(transaction, all, "pending"));
      return answer();
    });
  });
  if (made) return made;
  const Status abandoned = call.installation.catalog.write(
      [&](catalog::Transaction& transaction) { return set_states(transaction, all, "deleting"); },
      catalog::Urgency::kProtective);
  if (!abandoned)
    log_warning("a failed snapshot is cleared away at the next start: {}", abandoned.error().message);
  return made;
}

api::SnapshotInfo to_info(const catalog::Snapshot& snapshot) {
  api::SnapshotInfo info;
  info.description = snapshot.description;
  info.encrypted = snapshot.encrypted;
  info.owner_id = snapshot.account;
  info.progress = "";
  info.snapshot_id = snapshot.id;
  info.start_time = snapshot.started;
  info.state = snapshot.state;
  info.volume_id = snapshot.volume_id;
  info.volume_size = static_cast<int32_t>(snapshot.volume_size_gib);
  info.tags = to_api(snapshot.tags);
  return info;
}

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

// The caller's volumes that are attached to the instance and not excluded. A host's own root is no EBS
// volume.
Result<std::vector<std::string>> volumes_of(Call& call, const api::InstanceSpecification& instance) {
  const std::string instance_id = instance.instance_id.value_or("");
  COFFER_CHECK(check_instance(call, instance_id));
  std::vector<std::string> attached;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(all, transaction.attachments());
    for (const auto& each : all)
      if (each.account == call.account && each.region == call.region && each.instance_id == instance_id &&
          each.state == "attached")
        attached.push_back(each.volume_id);
    return {};
  }));
  if (instance.exclude_data_volume_ids)
    for (const auto& excluded : *instance.exclude_data_volume_ids) {
      COFFER_CHECK(check_volume_id(excluded));
      const auto found = std::find(attached.begin(), attached.end(), excluded);
      if (found == attached.end())
        return refuse("InvalidParameterValue",
                      fmt::format("Volume '{}' is not attached to instance '{}'.", excluded, instance_id));
      attached.erase(found);
    }
  if (attached.empty())
    return refuse("InvalidParameterCombination",
                  fmt::format("Instance '{}' has no attached volumes to make snapshots of.", instance_id));
  return attached;
}

}  // namespace

Result<api::Snapshot> Ec2Service::create_snapshot(Call& call, const api::CreateSnapshotRequest& request) {
  if (request.outpost_arn) return refuse("UnsupportedOperation", "Outposts are not supported.");
  COFFER_TRY(tags, read_tag_specifications(request.tag_specifications, "snapshot"));
  COFFER_CHECK(check_volume_id(request.volume_id));
  const auto lock = locks_.hold(request.volume_id);
  COFFER_TRY(source, find_volume(call, request.volume_id));
  COFFER_TRY(planned, plan(call, std::move(source), request.description.value_or(""), std::move(tags)));
  std::vector<Planned> all;
  all.push_back(std::move(planned));
  auto answer = make_snapshots<api::Snapshot>(call, all, [&] {
    api::Snapshot shown = to_api(all.front().snapshot);
    shown.progress = "";
    shown.data_encryption_key_id.reset();  // only DescribeSnapshots tells
    return shown;
  });
  snapshot_worker_.notify();
  return answer;
}

Result<api::CreateSnapshotsResult> Ec2Service::create_snapshots(Call& call,
                                                                const api::CreateSnapshotsRequest& request) {
  if (request.outpost_arn) return refuse("UnsupportedOperation", "Outposts are not supported.");
  COFFER_TRY(tags, read_tag_specifications(request.tag_specifications, "snapshot"));
  COFFER_TRY(volume_ids, volumes_of(call, request.instance_specification));
  const auto locks = locks_.hold_all(volume_ids);
  std::vector<Planned> all;
  for (const auto& volume_id : volume_ids) {
    // Again: one may have been attached since the pipeline asked.
    COFFER_CHECK(authorise_snapshot_of(call, request, volume_id));
    COFFER_TRY(source, find_volume(call, volume_id));
    Tags its_tags = tags;
    if (request.copy_tags_from_source.value_or("") == "volume")
      for (const auto& tag : source.volume.tags) {
        const auto same = [&](const auto& other) { return other.first == tag.first; };
        if (std::none_of(its_tags.begin(), its_tags.end(), same)) its_tags.push_back(tag);
      }
    if (its_tags.size() > kMostTags) return too_many_tags();
    COFFER_TRY(planned, plan(call, std::move(source), request.description.value_or(""), std::move(its_tags)));
    all.push_back(std::move(planned));
  }
  auto answer = make_snapshots<api::CreateSnapshotsResult>(call, all, [&] {
    api::CreateSnapshotsResult shown;
    shown.snapshots.emplace();
    for (const auto& planned : all) shown.snapshots->push_back(to_info(planned.snapshot));
    return shown;
  });
  snapshot_worker_.notify();
  return answer;
}

}  // namespace coffer::services::ec2
