// SPDX-License-Identifier: Apache-2.0
// The store's operations on snapshots.
#include <algorithm>

#include "base/ids.h"
#include "volume/documents.h"
#include "volume/volume_store.h"

namespace coffer::volume {

// None of them, or all, exist already; how many do. Each fits its volume.
Result<size_t> VolumeStore::check_new_snapshots(const std::vector<NewSnapshot>& snapshots) const {
  size_t made = 0;
  std::set<std::string> ids;
  for (const NewSnapshot& wanted : snapshots) {
    for (const std::string& id : {wanted.volume_id, wanted.snapshot_id, wanted.new_top.layer_id})
      if (!ids.insert(id).second) return fail(ErrorKind::kInvalidArgument, id + " is named twice");
    const auto existing = find_snapshot(wanted.snapshot_id);
    if (!existing && existing.error().kind != ErrorKind::kNotFound) return tl::unexpected(existing.error());
    COFFER_TRY(volume, find_volume(wanted.volume_id));
    COFFER_TRY(chain, tree_.chain(volume.layer_id));
    const bool on_top = std::ranges::find(chain, wanted.new_top.layer_id) != chain.end();
    if (existing.has_value() != on_top)
      return fail(ErrorKind::kConflict, "snapshot " + wanted.snapshot_id + " exists already");
    if (existing) ++made;
    if (tree_.layers.at(volume.layer_id).cipher != wanted.new_top.cipher())
      return fail(ErrorKind::kInvalidArgument, "a volume's next layer is encrypted as the one before");
  }
  if (made != 0 && made != snapshots.size())
    return fail(ErrorKind::kConflict, "some of these snapshots exist already, and some do not");
  return made;
}

// The next top layer, the snapshot's manifest, the volume's manifest, which commits it. Returns the chain
// that an open volume is to get.
Result<VolumeStore::Switch> VolumeStore::prepare_snapshot(const NewSnapshot& wanted, const LayerKeys& keys) {
  const std::string sealed = tree_.volumes.at(wanted.volume_id).layer_id;
  COFFER_CHECK(create_layer(wanted.new_top, tree_.layers.at(sealed).size_bytes, sealed, false));
  Switch next{find_open(wanted.volume_id), nullptr};
  if (next.volume) {
    COFFER_CHECK(next.volume->check_layers());
    COFFER_TRY(top, open_new_top(wanted.new_top, keys, *next.volume));
    next.chain = Chain::on_top_of(*next.volume->chain(), std::move(top));
  }
  COFFER_CHECK(store_->create_folder(wanted.snapshot_id));
  COFFER_CHECK(store_->clear_folder(wanted.snapshot_id));
  COFFER_CHECK(put(format::SnapshotManifest{wanted.snapshot_id, sealed, false, {}}));
  COFFER_CHECK(set_top(wanted.volume_id, wanted.new_top.layer_id));
  return next;
}

// What prepare_snapshot() made before an error: no volume was switched yet.
void VolumeStore::take_back(const std::vector<NewSnapshot>& snapshots) {
  for (const NewSnapshot& wanted : snapshots) {
    const auto taken = tree_.snapshots.extract(wanted.snapshot_id);
    if (!taken) continue;
    if (auto& volume = tree_.volumes.at(wanted.volume_id); volume.layer_id == wanted.new_top.layer_id) {
      volume.layer_id = taken.mapped().layer_id;
      unsettled_.insert(wanted.volume_id);
    }
    unsettled_.insert(wanted.snapshot_id);
  }
  if (settle())
    for (const NewSnapshot& wanted : snapshots) (void)store_->remove_folder(wanted.snapshot_id);
  (void)erase_unneeded();
}

// From the manifests on a crash finds the snapshots. What is written until the switch goes into the layers
// that become them, and nothing enters the next ones before their manifests are durable: so the switch itself
// is memory alone, and the pause that I/O sees does not wait for the disk.
Status VolumeStore::create_snapshots(const std::vector<NewSnapshot>& snapshots, const LayerKeys& keys) {
  const Lock lock(mutex_);
  COFFER_TRY(made, check_new_snapshots(snapshots));
  if (made == snapshots.size()) return {};

  std::vector<Switch> switches;
  for (const NewSnapshot& wanted : snapshots) {
    auto prepared = prepare_snapshot(wanted, keys);
    if (!prepared) {
      take_back(snapshots);
      return tl::unexpected(prepared.error());
    }
    if (prepared->volume) switches.push_back(std::move(*prepared));
  }
  // Always in the same order, so that no two ever wait for each other.
  std::ranges::sort(switches, {}, [](const Switch& one) { return one.volume->id(); });
  std::vector<Volume::Pause> pauses;
  for (const Switch& one : switches) pauses.push_back(one.volume->pause());
  for (Switch& one : switches) one.volume->replace_chain(std::move(one.chain));
  return {};
}

Status VolumeStore::create_detached_snapshot(const NewDetachedSnapshot& wanted) {
  const Lock lock(mutex_);
  const auto existing = find_snapshot(wanted.snapshot_id);
  if (existing && existing->layer_id == wanted.layer.layer_id) return {};
  if (existing) return fail(ErrorKind::kConflict, "snapshot " + wanted.snapshot_id + " exists already");
  if (existing.error().kind != ErrorKind::kNotFound) return tl::unexpected(existing.error());
  format::SnapshotManifest manifest{wanted.snapshot_id, wanted.layer.layer_id, false, {}};
  std::string parent;
  const bool copy = !wanted.source_snapshot_id.empty();
  if (const std::string& other = copy ? wanted.source_snapshot_id : wanted.parent_snapshot_id;
      !other.empty()) {
    COFFER_TRY(base, find_snapshot(other));
    if (!base.complete) return fail(ErrorKind::kConflict, "snapshot " + other + " is not complete");
    COFFER_CHECK(tree_.chain(base.layer_id));
    if (copy && tree_.layers.at(base.layer_id).size_bytes != wanted.size_bytes)
      return fail(ErrorKind::kInvalidArgument, "a copy has the size of what it is made of");
    if (tree_.layers.at(base.layer_id).cipher != format::LayerCipher::kNone && !wanted.layer.wrapped_key)
      return fail(ErrorKind::kInvalidArgument, "what is made of an encrypted snapshot is encrypted");
    (copy ? manifest.source_layer_id : parent) = base.layer_id;
  }
  COFFER_CHECK(create_layer(wanted.layer, wanted.size_bytes, parent, false));
  COFFER_CHECK(store_->create_folder(wanted.snapshot_id));
  COFFER_CHECK(store_->clear_folder(wanted.snapshot_id));
  return put(manifest);
}

// Every layer that is not durable yet, the lowest first; then the manifest that says so.
Status VolumeStore::complete_snapshot(const std::string& snapshot_id) {
  std::vector<std::shared_ptr<Layer>> open;
  {
    const Lock lock(mutex_);
    COFFER_TRY(manifest, find_snapshot(snapshot_id));
    if (manifest.complete) return {};
    if (!manifest.source_layer_id.empty())
      return fail(ErrorKind::kConflict, "snapshot " + snapshot_id + " is not copied yet");
    COFFER_TRY(chain, tree_.chain(manifest.layer_id));
    for (const auto& weak : open_snapshots_)
      if (const auto access = weak.lock(); access && access->id() == snapshot_id) access->complete();
    for (const std::string& id : chain) {
      COFFER_CHECK(layers_.check_kept(id));
      auto layer = layers_.find_open(id);
      if (!layer) COFFER_CHECK(layers_.flush_files(tree_.layers.at(id)));
      if (layer && layer->writable()) open.insert(open.begin(), std::move(layer));
    }
  }
  // Without the mutex: a large flush takes its time.
  for (const auto& layer : open) COFFER_CHECK(layer->flush(Durability::kStates));
  const Lock lock(mutex_);
  COFFER_TRY(manifest, find_snapshot(snapshot_id));
  manifest.complete = true;
  return put(manifest);
}

Status VolumeStore::remove_snapshot(const std::string& snapshot_id) {
  const Lock lock(mutex_);
  const auto existing = find_snapshot(snapshot_id);
  if (!existing && existing.error().kind != ErrorKind::kNotFound) return tl::unexpected(existing.error());
  COFFER_CHECK(store_->erase_document(snapshot_id, kSnapshotDocument));
  tree_.snapshots.erase(snapshot_id);
  unsettled_.erase(snapshot_id);
  for (const auto& weak : open_snapshots_)
    if (const auto access = weak.lock(); access && access->id() == snapshot_id) access->close();
  COFFER_CHECK(erase_unneeded());
  return store_->remove_folder(snapshot_id);
}

Result<std::vector<SnapshotState>> VolumeStore::snapshots() {
  const Lock lock(mutex_);
  std::vector<SnapshotState> states;
  for (const auto& [id, manifest] : tree_.snapshots) {
    const auto layer = tree_.layers.find(manifest.layer_id);
    states.push_back({id, layer == tree_.layers.end() ? 0 : layer->second.size_bytes, manifest.complete});
  }
  return states;
}

Result<std::shared_ptr<SnapshotAccess>> VolumeStore::open_snapshot(const std::string& snapshot_id,
                                                                   const LayerKeys& keys) {
  const Lock lock(mutex_);
  COFFER_TRY(manifest, find_snapshot(snapshot_id));
  if (!manifest.source_layer_id.empty())
    return fail(ErrorKind::kConflict, "snapshot " + snapshot_id + " is not copied yet");
  COFFER_TRY(layers, open_chain(manifest.layer_id, keys));
  // One that is written block by block; a volume's is sealed and at most not flushed yet.
  const bool written = !manifest.complete && std::ranges::none_of(tree_.layers, [&](const auto& layer) {
    return layer.second.parent_id == manifest.layer_id;
  });
  if (written) COFFER_CHECK(layers_.take_over(*layers.front(), std::make_shared<RangeLock>()));
  auto access = std::make_shared<SnapshotAccess>(snapshot_id, written,
                                                 std::make_shared<const Chain>(std::move(layers)));
  std::erase_if(open_snapshots_, [](const auto& weak) { return weak.expired(); });
  open_snapshots_.push_back(access);
  return access;
}

Result<std::vector<uint32_t>> VolumeStore::list_blocks(const std::string& snapshot_id,
                                                       const std::string& base, uint32_t first,
                                                       uint32_t most) {
  std::vector<std::shared_ptr<Layer>> layers, base_layers;
  {
    const Lock lock(mutex_);
    COFFER_TRY(manifest, find_snapshot(snapshot_id));
    COFFER_TRY(opened, open_chain(manifest.layer_id, {}, false));
    layers = std::move(opened);
    if (!base.empty()) {
      COFFER_TRY(other, find_snapshot(base));
      COFFER_TRY(below, open_chain(other.layer_id, {}, false));
      base_layers = std::move(below);
    }
  }
  const Chain chain(layers);
  const Chain* other = nullptr;
  std::optional<Chain> made;
  if (!base_layers.empty()) other = &made.emplace(base_layers);
  constexpr uint64_t kSectors = kSnapshotBlockSize / kSectorSize;
  const uint64_t end = layers.front()->sectors();
  // The layer that a sector comes from, and nothing where it is zero: equal owners have equal contents.
  const auto owner = [](const Chain& in, uint64_t sector, uint64_t limit) -> Chain::Found {
    const uint64_t sectors = in.top().sectors();
    if (sector >= sectors) return {nullptr, limit, 0};
    return in.find(sector, std::min(limit, sectors - sector));
  };
  std::vector<uint32_t> blocks;
  for (uint64_t sector = first * kSectors; sector < end && blocks.size() < most;) {
    const Chain::Found here = owner(chain, sector, end - sector);
    uint64_t count = here.count;
    const Layer* there = nullptr;
    if (other != nullptr) {
      const Chain::Found found = owner(*other, sector, count);
      there = found.layer;
      count = found.count;
    }
    if (here.layer == there) {
      sector += count;
      continue;
    }
    blocks.push_back(static_cast<uint32_t>(sector / kSectors));
    sector = (sector / kSectors + 1) * kSectors;
  }
  return blocks;
}

}  // namespace coffer::volume
