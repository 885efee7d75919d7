// SPDX-License-Identifier: Apache-2.0
#include "host/volume_host.h"

#include <algorithm>
#include <iterator>

#include "base/ids.h"
#include "base/log.h"
#include "crypto/cipher_policy.h"
#include "secret/arena.h"
#include "secret/registers.h"

namespace coffer::host {
namespace {

using secret::WipeRegistersAtEnd;  // the calling thread goes back to waiting for apid

constexpr std::chrono::milliseconds kEnrolmentPatience(5000);

volume::NewLayer to_store(const control::NewLayer& layer) {
  return {layer.layer_id, layer.wrapped_key, layer.key_context};
}

tl::unexpected<Error> no_session() {
  return fail(ErrorKind::kConflict, "the keys were not prepared, or too long ago; it has to start again");
}

}  // namespace

Result<std::unique_ptr<VolumeHost>> VolumeHost::open(HostSystem system, const HostFolders& folders,
                                                     std::string host_id, KeyRecipient& recipient,
                                                     const HostOptions& options) {
  COFFER_TRY(store, volume::VolumeStore::open_store(system.disk, folders.volumes, host_id));
  COFFER_CHECK(Attachments::remove_stale_sockets(system.disk, folders.sockets));
  return std::unique_ptr<VolumeHost>(
      new VolumeHost(system, std::move(store), folders, std::move(host_id), recipient, options));
}

VolumeHost::VolumeHost(HostSystem system, std::unique_ptr<volume::VolumeStore> store,
                       const HostFolders& folders, std::string host_id, KeyRecipient& recipient,
                       const HostOptions& options)
    : clock_(system.clock),
      recipient_(recipient),
      host_id_(std::move(host_id)),
      io_(options.io),
      nbd_identity_(options.nbd_identity),
      store_(std::move(store)),
      sessions_(system.random, host_id_, recipient),
      attachments_(*store_, system.clock, folders.sockets, options),
      snapshots_(*store_, system.clock) {
  jobs_ = std::make_unique<JobRunner>(
      *store_, clock_, [this] { return attachments_.used(); },
      JobRunner::Options{options.job_threads, options.job_retry_pause});
  housekeeper_ = std::thread([this] { keep_house(); });
}

control::VolumedStatus VolumeHost::status() {
  return {.host_id = host_id_,
          .arena = std::string(secret::to_string(secret::arena_kind())),
          .cipher = "AES-256-XTS (" + crypto::xts_provider() + ")",
          .io = io_,
          .attached = attachments_.list()};
}

// --- volumes

Status VolumeHost::create_volume(const control::NewVolume& volume) {
  COFFER_CHECK(store_->create(
      {volume.volume_id, volume.size_bytes, to_store(volume.layer), volume.snapshot_id, volume.independent}));
  jobs_->look();
  return {};
}

Status VolumeHost::delete_volume(const std::string& volume_id) {
  return attachments_.while_detached(volume_id, [&]() -> Status {
    std::set<std::string> subjects;
    for (const auto& job : store_->pending_jobs())
      if (job.volume_id == volume_id) subjects.insert(job.subject_id);
    const auto hold = jobs_->hold({}, std::move(subjects));
    return store_->remove(volume_id);
  });
}

Status VolumeHost::grow_volume(const std::string& volume_id, uint64_t size_bytes) {
  return store_->grow(volume_id, size_bytes);
}

// --- keys

Result<control::PreparedKeys> VolumeHost::prepare_keys(const std::string& subject_id,
                                                       const std::string& session_id) {
  COFFER_TRY(needed, store_->layers_of(subject_id));
  // What is not an attachment may need the key of a layer that is yet to be made.
  const bool keys_will_come = !needed.empty() || !is_resource_id(session_id, "attach");
  if (keys_will_come && !recipient_.wait_until_enrolled(kEnrolmentPatience))
    return fail(ErrorKind::kUnavailable, "keyd does not know this host yet; it may be restarting");
  std::vector<control::NewLayer> layers;
  for (auto& layer : needed)
    layers.push_back({layer.layer_id, std::move(layer.wrapped_key), std::move(layer.key_context)});
  auto prepared = sessions_.begin(subject_id, session_id, std::move(layers), clock_.steady_now());
  wake_housekeeper();
  return prepared;
}

Result<control::PreparedKeys> VolumeHost::prepared_keys(const std::string& subject_id,
                                                        const std::string& session_id) {
  return sessions_.prepared(subject_id, session_id, clock_.steady_now());
}

Status VolumeHost::deliver_keys(const std::string& subject_id, const std::string& session_id, ByteView box) {
  const WipeRegistersAtEnd wipe_at_end;
  return sessions_.deliver(subject_id, session_id, box, clock_.steady_now());
}

Result<volume::LayerKeys> VolumeHost::take_chain_keys(const std::string& subject_id,
                                                      const std::string& session_id) {
  auto keys = sessions_.take(subject_id, session_id, clock_.steady_now());
  COFFER_TRY(layers, store_->layers_of(subject_id));
  std::set<std::string> missing;
  for (const auto& layer : layers) missing.insert(layer.layer_id);
  if (!keys && !missing.empty()) return no_session();
  if (!keys) return volume::LayerKeys();
  for (const auto& key : *keys) missing.erase(key.layer_id);
  if (!missing.empty())
    return fail(ErrorKind::kInvalidArgument, "the key of an encrypted layer is missing: " + *missing.begin());
  return std::move(*keys);
}

std::set<std::string> VolumeHost::key_layers_of(const std::string& subject_id) {
  std::set<std::string> ids;
  if (const auto layers = store_->layers_of(subject_id))
    for (const auto& layer : *layers) ids.insert(layer.layer_id);
  return ids;
}

// --- attachments

Result<control::AttachedVolume> VolumeHost::attach(const std::string& volume_id,
                                                   const std::string& attachment_id) {
  const WipeRegistersAtEnd wipe_at_end;
  if (auto again = attachments_.served(volume_id, attachment_id)) return std::move(*again);
  COFFER_TRY(keys, take_chain_keys(volume_id, attachment_id));
  COFFER_TRY(attached, attachments_.attach(volume_id, attachment_id, keys));
  jobs_->look();
  return attached;
}

Status VolumeHost::detach(const std::string& volume_id, bool force) {
  const auto hold = jobs_->hold(key_layers_of(volume_id));
  return attachments_.detach(volume_id, force);
}

Result<control::NbdKey> VolumeHost::nbd_key() {
  if (nbd_identity_ == nullptr) return control::NbdKey{};
  return control::NbdKey{nbd_identity_->public_key_der()};
}

Status VolumeHost::set_nbd_certificate(ByteView certificate_der, ByteView authority_der) {
  const WipeRegistersAtEnd wipe_at_end;
  if (nbd_identity_ == nullptr) return VolumedHandler::set_nbd_certificate(certificate_der, authority_der);
  return nbd_identity_->set_certificate(certificate_der, authority_der);
}

Status VolumeHost::set_limits(const std::string& volume_id, uint32_t iops, uint64_t bytes_per_second) {
  COFFER_CHECK(store_->information(volume_id));
  attachments_.set_limits(volume_id, {.operations_per_second = iops, .bytes_per_second = bytes_per_second});
  return {};
}

// --- snapshots

Status VolumeHost::create_snapshots(const std::vector<control::NewSnapshot>& snapshots) {
  const WipeRegistersAtEnd wipe_at_end;
  volume::LayerKeys keys;
  std::vector<volume::NewSnapshot> wanted;
  bool all_prepared = true;
  for (const auto& one : snapshots) {
    wanted.push_back({one.snapshot_id, one.volume_id, to_store(one.new_top)});
    if (one.session_id.empty()) continue;
    auto delivered = sessions_.take(one.volume_id, one.session_id, clock_.steady_now());
    all_prepared = all_prepared && delivered;
    if (delivered) std::ranges::move(*delivered, std::back_inserter(keys));
  }
  Status created = store_->create_snapshots(wanted, keys);
  // It may have been done already, or not have needed the keys that are gone.
  if (!created && created.error().kind == ErrorKind::kInvalidArgument && !all_prepared) return no_session();
  return created;
}

Status VolumeHost::complete_snapshot(const std::string& snapshot_id) {
  return store_->complete_snapshot(snapshot_id);
}

Status VolumeHost::delete_snapshot(const std::string& snapshot_id) {
  const auto hold = jobs_->hold({}, {snapshot_id});  // looks for what can run by itself when it goes
  snapshots_.close(snapshot_id);
  return store_->remove_snapshot(snapshot_id);
}

Result<std::vector<control::SnapshotDescription>> VolumeHost::list_snapshots() {
  COFFER_TRY(snapshots, store_->snapshots());
  std::vector<control::SnapshotDescription> described;
  for (const auto& one : snapshots) described.push_back({one.snapshot_id, one.size_bytes, one.complete});
  return described;
}

Result<std::vector<control::StoredNode>> VolumeHost::list_nodes(const std::string& after, size_t most) {
  COFFER_TRY(nodes, store_->nodes(after, most));
  std::vector<control::StoredNode> described;
  for (auto& one : nodes)
    described.push_back(
        {one.id, one.below, std::move(one.key.wrapped_key), one.key.key_context, one.independent});
  return described;
}

Status VolumeHost::create_detached_snapshot(const control::NewDetachedSnapshot& snapshot) {
  COFFER_CHECK(
      store_->create_detached_snapshot({snapshot.snapshot_id, snapshot.size_bytes, to_store(snapshot.layer),
                                        snapshot.source_snapshot_id, snapshot.parent_snapshot_id}));
  jobs_->look();
  return {};
}

Status VolumeHost::rekey_volume(const std::string& volume_id, const control::NewLayer& layer,
                                const std::string& session_id) {
  const WipeRegistersAtEnd wipe_at_end;
  const auto keys = sessions_.take(volume_id, session_id, clock_.steady_now());
  const Status begun =
      keys ? store_->rekey(volume_id, to_store(layer), *keys) : store_->rekey(volume_id, to_store(layer), {});
  if (!begun && begun.error().kind == ErrorKind::kInvalidArgument && !keys && !session_id.empty())
    return no_session();
  COFFER_CHECK(begun);
  jobs_->look();
  return {};
}

// --- background work

Status VolumeHost::run_job(const std::string& subject_id, const std::string& session_id) {
  const WipeRegistersAtEnd wipe_at_end;
  COFFER_TRY(keys, take_chain_keys(subject_id, session_id));
  return jobs_->run(subject_id, keys);
}

Status VolumeHost::set_job_rate(uint64_t bytes_per_second) {
  jobs_->set_rate(bytes_per_second);
  return {};
}

// --- blocks

Result<std::vector<uint32_t>> VolumeHost::list_blocks(const std::string& snapshot_id,
                                                      const std::string& base_snapshot_id,
                                                      uint32_t first_block, uint32_t most) {
  if (most == 0) return std::vector<uint32_t>();
  return store_->list_blocks(snapshot_id, base_snapshot_id, first_block, most);
}

Status VolumeHost::open_snapshot(const std::string& snapshot_id, const std::string& session_id) {
  const WipeRegistersAtEnd wipe_at_end;
  COFFER_TRY(keys, take_chain_keys(snapshot_id, session_id));
  COFFER_CHECK(snapshots_.open(snapshot_id, keys));
  wake_housekeeper();
  return {};
}

Result<Bytes> VolumeHost::read_block(const std::string& snapshot_id, uint32_t block, uint32_t offset,
                                     uint32_t length) {
  return snapshots_.read(snapshot_id, uint64_t{block} * control::kBlockSize + offset, length);
}

Status VolumeHost::write_block(const std::string& snapshot_id, uint32_t block, uint32_t offset,
                               ByteView data) {
  return snapshots_.write(snapshot_id, uint64_t{block} * control::kBlockSize + offset, data,
                          {.first = offset == 0, .last = offset + data.size() >= control::kBlockSize});
}

// --- the end of things

void VolumeHost::wake_housekeeper() {
  const std::lock_guard lock(house_mutex_);
  something_ages_ = true;
  house_changed_.notify_all();
}

void VolumeHost::keep_house() {
  std::unique_lock lock(house_mutex_);
  while (!closing_) {
    something_ages_ = false;
    lock.unlock();
    const bool keys_wait = sessions_.expire(clock_.steady_now());
    for (const std::string& id : snapshots_.expired()) {
      // What ran by itself on its keys ends with it.
      const auto hold = jobs_->hold(key_layers_of(id));
      snapshots_.close_expired(id);
    }
    const bool ages = keys_wait || !snapshots_.empty();
    lock.lock();
    if (ages)
      house_changed_.wait_for(lock, std::chrono::seconds(1), [this] { return closing_; });
    else
      house_changed_.wait(lock, [this] { return closing_ || something_ages_; });
  }
}

void VolumeHost::close_all() {
  {
    const std::lock_guard lock(house_mutex_);
    closing_ = true;
    house_changed_.notify_all();
  }
  if (housekeeper_.joinable()) housekeeper_.join();
  jobs_->stop();
  idle_flusher_.stop();
  attachments_.close_all();
  snapshots_.close_all();
}

}  // namespace coffer::host
