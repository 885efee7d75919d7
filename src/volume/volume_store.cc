// SPDX-License-Identifier: Apache-2.0
// What the operations of the store have in common.
#include "volume/volume_store.h"

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "volume/documents.h"

namespace coffer::volume {

Result<format::VolumeManifest> VolumeStore::find_volume(const std::string& volume_id) const {
  if (!is_resource_id(volume_id, "vol"))
    return fail(ErrorKind::kInvalidArgument, "not a volume id: " + volume_id);
  if (const auto found = unreadable_.find(volume_id); found != unreadable_.end())
    return fail(found->second.kind, "the manifest of volume " + volume_id + ": " + found->second.message);
  const auto found = tree_.volumes.find(volume_id);
  if (found == tree_.volumes.end())
    return fail(ErrorKind::kNotFound, "volume " + volume_id + " does not exist on this host");
  return found->second;
}

Result<format::SnapshotManifest> VolumeStore::find_snapshot(const std::string& snapshot_id) const {
  if (!is_resource_id(snapshot_id, "snap"))
    return fail(ErrorKind::kInvalidArgument, "not a snapshot id: " + snapshot_id);
  if (const auto found = unreadable_.find(snapshot_id); found != unreadable_.end())
    return fail(found->second.kind, "the manifest of snapshot " + snapshot_id + ": " + found->second.message);
  const auto found = tree_.snapshots.find(snapshot_id);
  if (found == tree_.snapshots.end())
    return fail(ErrorKind::kNotFound, "snapshot " + snapshot_id + " does not exist on this host");
  return found->second;
}

Status VolumeStore::create_layer(const NewLayer& layer, uint64_t size_bytes, const std::string& parent_id,
                                 bool independent) {
  if (!is_resource_id(layer.layer_id, "layer"))
    return fail(ErrorKind::kInvalidArgument, "not a layer id: " + layer.layer_id);
  if (layer.wrapped_key && layer.wrapped_key->empty())
    return fail(ErrorKind::kInvalidArgument, "an empty wrapped key");
  if (size_bytes == 0 || size_bytes % kSectorSize != 0 || size_bytes > kLargestVolume)
    return fail(ErrorKind::kInvalidArgument, "a volume's size is a multiple of 4096 bytes, at most 64 TiB");
  COFFER_CHECK(settle());
  if (tree_.is_needed(layer.layer_id) || busy_.contains(layer.layer_id) ||
      unreadable_.contains(layer.layer_id))
    return fail(ErrorKind::kConflict, "layer " + layer.layer_id + " exists already");
  if (!parent_id.empty()) {
    COFFER_TRY(below, tree_.chain(parent_id));
    if (below.size() >= OwnerIndex::kMostLayers)
      return fail(
          ErrorKind::kLimitExceeded,
          fmt::format("the chain would have more than {} layers: delete snapshots that are not needed",
                      OwnerIndex::kMostLayers));
    if (tree_.layers.at(parent_id).size_bytes > size_bytes)
      return fail(ErrorKind::kInvalidArgument, "a layer is not shorter than the one below it");
  }
  tree_.layers.erase(layer.layer_id);  // of an attempt that failed
  const format::LayerRecord record{layer.layer_id, size_bytes, layer.cipher(), parent_id, independent};
  COFFER_CHECK(written(layer.layer_id, layers_.create(layer, record)));
  tree_.layers[layer.layer_id] = record;
  return {};
}

Result<std::vector<std::shared_ptr<Layer>>> VolumeStore::open_chain(const std::string& layer_id,
                                                                    const LayerKeys& keys, bool unlock) {
  COFFER_TRY(ids, tree_.chain(layer_id));
  std::vector<std::shared_ptr<Layer>> chain;
  for (const std::string& id : ids) {
    const format::LayerRecord& record = tree_.layers.at(id);
    COFFER_TRY(layer, unlock ? layers_.open_unlocked(record, keys) : layers_.open(record));
    chain.push_back(std::move(layer));
  }
  return chain;
}

Status VolumeStore::set_top(const std::string& volume_id, const std::string& layer_id) {
  const format::VolumeManifest manifest{volume_id, layer_id};
  COFFER_CHECK(written(volume_id, store_->replace_document(volume_id, kVolumeDocument,
                                                           format::write_volume_manifest(manifest))));
  tree_.volumes[volume_id] = manifest;
  return {};
}

Status VolumeStore::put(const format::SnapshotManifest& manifest) {
  COFFER_CHECK(
      written(manifest.snapshot_id, store_->replace_document(manifest.snapshot_id, kSnapshotDocument,
                                                             format::write_snapshot_manifest(manifest))));
  tree_.snapshots[manifest.snapshot_id] = manifest;
  return {};
}

Status VolumeStore::put(const format::LayerRecord& record) {
  COFFER_CHECK(written(record.layer_id, layers_.replace_record(record)));
  tree_.layers[record.layer_id] = record;
  return {};
}

Status VolumeStore::written(const std::string& folder, Status status) {
  if (status) {
    unsettled_.erase(folder);
    return status;
  }
  // On a full disk not even the new document was begun: the old one stands, and nothing need be mended.
  if (!unsettled_.contains(folder) && is_as_the_tree_says(folder)) return status;
  unsettled_.insert(folder);
  (void)settle();
  return status;
}

// Nothing where the tree has no such volume, snapshot or layer.
std::optional<VolumeStore::Document> VolumeStore::what_the_tree_says(const std::string& folder) const {
  if (const auto volume = tree_.volumes.find(folder); volume != tree_.volumes.end())
    return Document{kVolumeDocument, format::write_volume_manifest(volume->second)};
  if (const auto snapshot = tree_.snapshots.find(folder); snapshot != tree_.snapshots.end())
    return Document{kSnapshotDocument, format::write_snapshot_manifest(snapshot->second)};
  if (const auto layer = tree_.layers.find(folder); layer != tree_.layers.end())
    return Document{kLayerRecord, format::write_layer_record(layer->second)};
  return std::nullopt;
}

bool VolumeStore::is_as_the_tree_says(const std::string& folder) {
  const auto wanted = what_the_tree_says(folder);
  if (!wanted) return false;
  const auto there = store_->read_document(folder, wanted->name);
  return there && *there == wanted->contents;
}

// Before anything is erased: a manifest that names a layer must not outlive it.
Status VolumeStore::settle() {
  for (auto folder = unsettled_.begin(); folder != unsettled_.end(); folder = unsettled_.erase(folder))
    COFFER_CHECK(write_what_the_tree_says(*folder));
  return {};
}

Status VolumeStore::write_what_the_tree_says(const std::string& folder) {
  if (const auto wanted = what_the_tree_says(folder))
    return store_->replace_document(folder, wanted->name, wanted->contents);
  if (folder.starts_with("layer-")) return layers_.erase(folder);
  if (folder.starts_with("vol-")) return store_->erase_document(folder, kVolumeDocument);
  if (folder.starts_with("snap-")) return store_->erase_document(folder, kSnapshotDocument);
  return {};
}

Status VolumeStore::check_all_is_known() const {
  if (!unreadable_.empty())
    return fail(ErrorKind::kCorrupt,
                "nothing is erased while this cannot be read: " + unreadable_.begin()->first);
  return tree_.check_whole();
}

std::shared_ptr<Volume> VolumeStore::find_open(const std::string& volume_id) {
  const auto found = open_volumes_.find(volume_id);
  if (found == open_volumes_.end()) return nullptr;
  auto volume = found->second.lock();
  if (!volume) open_volumes_.erase(found);
  return volume;
}

Status VolumeStore::erase_unneeded() {
  COFFER_CHECK(check_all_is_known());
  COFFER_CHECK(settle());
  for (const std::string& id : tree_.unneeded()) {
    for (const auto& [volume_id, weak] : open_volumes_)
      if (const auto volume = weak.lock()) volume->forget(id);
    COFFER_CHECK(layers_.erase(id));
    tree_.layers.erase(id);
  }
  return {};
}

std::shared_ptr<const Chain> VolumeStore::chain_now(const Chain& old) const {
  const auto ids = tree_.chain(old.top().id());
  if (!ids) return nullptr;
  std::vector<std::shared_ptr<Layer>> layers;
  for (const auto& layer : old.layers())
    if (std::ranges::find(*ids, layer->id()) != ids->end()) layers.push_back(layer);
  return std::make_shared<const Chain>(std::move(layers));
}

void VolumeStore::refresh_readers_of(const std::string& layer_id) {
  const auto reads = [&](const Chain& chain) {
    return std::ranges::any_of(chain.layers(), [&](const auto& layer) { return layer->id() == layer_id; });
  };
  for (const auto& [id, weak] : open_volumes_) {
    const auto volume = weak.lock();
    if (!volume || !reads(*volume->chain())) continue;
    if (auto chain = chain_now(*volume->chain())) {
      const auto pause = volume->pause();
      volume->replace_chain(std::move(chain));
    }
  }
  std::erase_if(open_snapshots_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : open_snapshots_) {
    const auto snapshot = weak.lock();
    if (!snapshot || !reads(snapshot->chain())) continue;
    if (auto chain = chain_now(snapshot->chain())) snapshot->replace_chain(std::move(chain));
  }
}

}  // namespace coffer::volume
