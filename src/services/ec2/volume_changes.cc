// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_changes.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "services/arn.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/volume_keys.h"
#include "services/ec2/volume_types.h"

namespace coffer::services::ec2 {
namespace {

bool is_there(const std::optional<catalog::Volume>& volume) {
  return volume && volume->state != "deleting" && volume->state != "deleted";
}

// What another try may mend.
bool may_pass(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kConflict;
}

std::string root_arn(const std::string& account) {
  return fmt::format("arn:aws:iam::{}:root", account);
}

Requester requester_of(const catalog::VolumeRekey& rekey) {
  return {rekey.account, rekey.principal_arn, rekey.started};
}

}  // namespace

Status set_limits(Installation& installation, const catalog::Volume& volume) {
  const VolumeLimits limits = volume_limits(volume.type, volume.size_gib, volume.iops, volume.throughput);
  return installation.volumed.set_limits(volume.id, limits.iops, limits.bytes_per_second);
}

Result<std::optional<catalog::Volume>> VolumeChanges::volume(const std::string& id) {
  std::optional<catalog::Volume> found;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.volume(id));
    found = std::move(row);
    return {};
  }));
  return found;
}

Status VolumeChanges::advance_modifications() {
  std::vector<catalog::VolumeModification> open;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.modifications_in_state("modifying"));
    open = std::move(rows);
    return {};
  }));
  Status all;
  for (auto& modification : open)
    if (auto status = modify(std::move(modification)); !status) all = std::move(status);
  return all;
}

Status VolumeChanges::modify(catalog::VolumeModification modification) {
  const auto lock = locks_.hold(modification.volume_id);
  COFFER_TRY(found, volume(modification.volume_id));
  Status done;
  if (!is_there(found))
    done = fail(ErrorKind::kNotFound, "The volume was deleted.");
  else if (modification.target.size_gib != found->size_gib)
    done = installation_.volumed.grow_volume(found->id, uint64_t{modification.target.size_gib} << 30);
  if (!done && may_pass(done.error())) return done;
  modification.state = done ? "completed" : "failed";
  if (done)
    modification.progress = 100;
  else
    modification.status_message = done.error().message;
  modification.ended = installation_.clock.now();
  COFFER_CHECK(installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.update_volume_modification(modification));
    if (!done) return {};
    COFFER_TRY(row, transaction.volume(modification.volume_id));
    if (!row) return {};
    row->size_gib = modification.target.size_gib;
    row->type = modification.target.type;
    row->iops = modification.target.iops;
    row->throughput = modification.target.throughput;
    found = *row;
    return transaction.update_volume(*row);
  }));
  if (done)
    if (const Status limited = set_limits(installation_, *found); !limited)
      log_warning("volume {} keeps its earlier limits: {}", found->id, limited.error().message);
  return {};
}

Result<bool> VolumeChanges::advance_rekeys(const JobsBySubject& jobs, BackgroundJobs& running) {
  std::vector<catalog::VolumeRekey> open;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    for (const char* state : {"rekeying", "waiting"}) {
      COFFER_TRY(rows, transaction.rekeys_in_state(state));
      std::move(rows.begin(), rows.end(), std::back_inserter(open));
    }
    return {};
  }));
  Status all;
  for (auto& rekey : open) {
    // The list of jobs is older than a layer that is put on now: what becomes of it is seen next time.
    auto status = rekey.wrapped_key.empty() ? watch_rekey(rekey, jobs, running) : start_rekey(rekey);
    if (!status) all = std::move(status);
  }
  if (!all) return tl::unexpected(all.error());
  return !open.empty();
}

// The new top layer; volumed remembers it, so that doing it again changes nothing.
Status VolumeChanges::put_new_top(const catalog::VolumeRekey& rekey, const catalog::Volume& volume) {
  const control::NewLayer layer{rekey.layer_id, rekey.wrapped_key, volume.id};
  const KeySession session{volume.id, make_session_id(installation_.random)};
  COFFER_CHECK(
      open_key_session(installation_, session, {layer}, access_of(installation_, requester_of(rekey))));
  return installation_.volumed.rekey_volume(volume.id, layer, session.session_id);
}

Status VolumeChanges::start_rekey(catalog::VolumeRekey& rekey) {
  const auto lock = locks_.hold(rekey.volume_id);
  COFFER_TRY(found, volume(rekey.volume_id));
  if (!is_there(found)) return end_rekey(rekey, "failed", "The volume was deleted.");
  const Status put = put_new_top(rekey, *found);
  if (!put && is_about_a_key(put.error())) return wait_for_key(rekey, put.error());
  if (!put && may_pass(put.error())) return put;
  if (!put) return end_rekey(rekey, "failed", put.error().message);
  rekey.state = "rekeying";
  rekey.status_message.clear();
  rekey.wrapped_key.clear();  // the store holds it now
  keys_were_cleared_ = true;
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.update_volume_rekey(rekey));
    COFFER_TRY(row, transaction.volume(rekey.volume_id));
    if (!row) return {};
    row->kms_key_arn = rekey.kms_key_arn;
    row->data_encryption_key_id = rekey.data_encryption_key_id;
    return transaction.update_volume(*row);
  });
}

Status VolumeChanges::watch_rekey(catalog::VolumeRekey& rekey, const JobsBySubject& jobs,
                                  BackgroundJobs& running) {
  const auto job = jobs.find(rekey.layer_id);
  if (job == jobs.end()) return finish_rekey(rekey);
  const catalog::VolumeRekey before = rekey;
  const Status going = running.run(job->second, requester_of(rekey));
  rekey.progress = percent_of(job->second);
  rekey.state = going ? "rekeying" : "waiting";
  rekey.status_message = going                           ? job->second.failure
                         : is_about_a_key(going.error()) ? describe_key_error(going.error())
                                                         : going.error().message;
  if (rekey.progress == before.progress && rekey.state == before.state &&
      rekey.status_message == before.status_message)
    return {};
  return store(rekey);
}

// Everything was lifted into the layer that was put on for it. That is the top unless snapshots were made
// since; one that volumed made so late that apid had given it up may have brought a top under an earlier key.
Status VolumeChanges::finish_rekey(catalog::VolumeRekey& rekey) {
  COFFER_TRY(found, volume(rekey.volume_id));
  if (!is_there(found)) return end_rekey(rekey, "failed", "The volume was deleted.");
  const auto done = is_all_under_its_key(rekey);
  if (!done && may_pass(done.error())) return tl::unexpected(done.error());
  if (!done) return end_rekey(rekey, "failed", done.error().message);
  if (!*done) return want_another_top(rekey);
  rekey.progress = 100;
  return end_rekey(rekey, "completed", "");
}

Result<bool> VolumeChanges::is_all_under_its_key(const catalog::VolumeRekey& rekey) {
  COFFER_TRY(layers, encrypted_layers_of(installation_, rekey.volume_id));
  for (const auto& layer : layers) {
    COFFER_TRY(identity, identify_key(layer));
    if (key_arn(rekey.region, rekey.account, identity.key_id) != rekey.kms_key_arn) return false;
  }
  return true;
}

// start_rekey() puts it on, and everything is lifted once more.
Status VolumeChanges::want_another_top(catalog::VolumeRekey& rekey) {
  auto key =
      make_volume_key(installation_, principal_of(requester_of(rekey)), rekey.volume_id, rekey.kms_key_arn);
  if (!key && is_about_a_key(key.error())) return wait_for_key(rekey, key.error());
  if (!key) return tl::unexpected(key.error());
  rekey.layer_id = make_resource_id(installation_.random, "layer");
  rekey.wrapped_key = std::move(*key);
  rekey.state = "rekeying";
  rekey.status_message.clear();
  rekey.progress = 0;
  return store(rekey);
}

Status VolumeChanges::wait_for_key(catalog::VolumeRekey& rekey, const Error& error) {
  std::string message = describe_key_error(error);
  if (rekey.state == "waiting" && rekey.status_message == message) return {};
  rekey.state = "waiting";
  rekey.status_message = std::move(message);
  return store(rekey);
}

Status VolumeChanges::end_rekey(catalog::VolumeRekey& rekey, const char* state, std::string message) {
  rekey.state = state;
  rekey.status_message = std::move(message);
  keys_were_cleared_ = keys_were_cleared_ || !rekey.wrapped_key.empty();
  rekey.wrapped_key.clear();
  rekey.ended = installation_.clock.now();
  return store(rekey);
}

Status VolumeChanges::store(const catalog::VolumeRekey& rekey) {
  return installation_.catalog.write(
      [&](catalog::Transaction& transaction) { return transaction.update_volume_rekey(rekey); });
}

Status VolumeChanges::run_lifts(const JobsBySubject& jobs, BackgroundJobs& running) {
  for (const auto& [subject, job] : jobs) {
    if (job.kind == "copy" || job.state == "running" || job.volume_id.empty()) continue;
    COFFER_TRY(found, volume(job.volume_id));
    if (!is_there(found)) continue;
    const std::string who = found->principal_arn.empty() ? root_arn(found->account) : found->principal_arn;
    // Quietly: it goes on once the key can be used, or the volume is attached.
    (void)running.run(job, {found->account, who, found->created});
  }
  return {};
}

}  // namespace coffer::services::ec2
