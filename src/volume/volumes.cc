// SPDX-License-Identifier: Apache-2.0
// The store's operations on volumes.
#include <algorithm>

#include "volume/documents.h"
#include "volume/volume_store.h"

namespace coffer::volume {

Status VolumeStore::create(const NewVolume& volume) {
  const Lock lock(mutex_);
  const auto existing = find_volume(volume.volume_id);
  if (existing) {
    // The first layer of its chain tells, whatever happened to the volume since.
    COFFER_TRY(chain, tree_.chain(existing->layer_id));
    if (std::ranges::find(chain, volume.layer.layer_id) != chain.end()) return {};
    return fail(ErrorKind::kConflict, "volume " + volume.volume_id + " exists already");
  }
  if (existing.error().kind != ErrorKind::kNotFound) return tl::unexpected(existing.error());

  std::string parent;
  bool independent = false;
  if (!volume.snapshot_id.empty()) {
    COFFER_TRY(base, find_snapshot(volume.snapshot_id));
    if (!base.complete)
      return fail(ErrorKind::kConflict, "snapshot " + volume.snapshot_id + " is not complete");
    COFFER_CHECK(tree_.chain(base.layer_id));
    parent = base.layer_id;
    const bool below = tree_.layers.at(parent).cipher != format::LayerCipher::kNone;
    if (below && !volume.layer.wrapped_key)
      return fail(ErrorKind::kInvalidArgument, "a volume of an encrypted snapshot is encrypted");
    // An encrypted volume does not stay on what is not.
    independent = volume.independent || (volume.layer.wrapped_key && !below);
  }
  COFFER_CHECK(create_layer(volume.layer, volume.size_bytes, parent, independent));
  COFFER_CHECK(store_->create_folder(volume.volume_id));
  COFFER_CHECK(store_->clear_folder(volume.volume_id));
  return set_top(volume.volume_id, volume.layer.layer_id);  // the commit point
}

Status VolumeStore::remove(const std::string& volume_id) {
  const Lock lock(mutex_);
  const auto existing = find_volume(volume_id);
  if (!existing && existing.error().kind != ErrorKind::kNotFound) return tl::unexpected(existing.error());
  if (existing && find_open(volume_id)) return fail(ErrorKind::kConflict, "volume " + volume_id + " is open");
  COFFER_CHECK(store_->erase_document(volume_id, kVolumeDocument));
  tree_.volumes.erase(volume_id);
  unsettled_.erase(volume_id);
  COFFER_CHECK(erase_unneeded());
  return store_->remove_folder(volume_id);
}

Result<std::vector<std::string>> VolumeStore::list() {
  const Lock lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, volume] : tree_.volumes) ids.push_back(id);
  for (const auto& [folder, error] : unreadable_)
    if (folder.starts_with("vol-")) ids.push_back(folder);
  std::ranges::sort(ids);
  return ids;
}

Result<VolumeInformation> VolumeStore::information(const std::string& volume_id) {
  const Lock lock(mutex_);
  COFFER_TRY(manifest, find_volume(volume_id));
  const auto layer = tree_.layers.find(manifest.layer_id);
  if (layer == tree_.layers.end())
    return fail(ErrorKind::kCorrupt, "layer " + manifest.layer_id + " is missing");
  return VolumeInformation{layer->second.size_bytes, layer->second.cipher != format::LayerCipher::kNone,
                           manifest.layer_id};
}

Result<std::shared_ptr<Volume>> VolumeStore::open(const std::string& volume_id, const LayerKeys& keys) {
  const Lock lock(mutex_);
  COFFER_TRY(manifest, find_volume(volume_id));
  // A second object would not hear of what becomes of the chain.
  if (auto already = find_open(volume_id)) return already;
  COFFER_TRY(layers, open_chain(manifest.layer_id, keys));
  COFFER_CHECK(layers_.take_over(*layers.front(), std::make_shared<RangeLock>()));
  auto volume = std::make_shared<Volume>(volume_id, std::make_shared<const Chain>(std::move(layers)));
  open_volumes_[volume_id] = volume;
  return volume;
}

Status VolumeStore::grow(const std::string& volume_id, uint64_t size_bytes) {
  const Lock lock(mutex_);
  COFFER_TRY(manifest, find_volume(volume_id));
  COFFER_CHECK(tree_.chain(manifest.layer_id));
  format::LayerRecord record = tree_.layers.at(manifest.layer_id);
  if (size_bytes < record.size_bytes || size_bytes % kSectorSize != 0 || size_bytes > kLargestVolume)
    return fail(ErrorKind::kInvalidArgument,
                "a volume's size is a multiple of 4096 bytes, at most 64 TiB, and never becomes smaller");
  if (size_bytes > record.size_bytes) {
    // Longer files first: the record says how much of them counts.
    COFFER_CHECK(layers_.grow_files(record, size_bytes));
    record.size_bytes = size_bytes;
    COFFER_CHECK(put(record));
  }

  const auto layer = layers_.find_open(record.layer_id);
  if (!layer || layer->size_bytes() == size_bytes) return {};
  COFFER_TRY(files, layers_.open_files(record.layer_id, size_bytes));
  const auto volume = find_open(volume_id);
  return layer->exclude_flushes([&]() -> Status {
    std::vector<RangeLock::Exclusive> pause;
    if (layer->locks()) pause = layer->locks()->hold_all();
    COFFER_CHECK(layer->grow(std::move(files), size_bytes));
    if (volume) volume->replace_chain(std::make_shared<const Chain>(volume->chain()->layers()));
    return {};
  });
}

Result<std::shared_ptr<Layer>> VolumeStore::open_new_top(const NewLayer& layer, const LayerKeys& keys,
                                                         const Volume& volume) {
  COFFER_TRY(top, layers_.open_unlocked(tree_.layers.at(layer.layer_id), keys));
  COFFER_CHECK(layers_.take_over(*top, volume.locks()));
  return top;
}

Status VolumeStore::rekey(const std::string& volume_id, const NewLayer& layer, const LayerKeys& keys) {
  const Lock lock(mutex_);
  COFFER_TRY(manifest, find_volume(volume_id));
  COFFER_TRY(chain, tree_.chain(manifest.layer_id));
  if (std::ranges::find(chain, layer.layer_id) != chain.end()) return {};
  const format::LayerRecord& old = tree_.layers.at(manifest.layer_id);
  if (old.cipher != format::LayerCipher::kNone && !layer.wrapped_key)
    return fail(ErrorKind::kInvalidArgument, "an encrypted volume stays encrypted");
  COFFER_CHECK(create_layer(layer, old.size_bytes, manifest.layer_id, true));
  const auto volume = find_open(volume_id);
  std::shared_ptr<Layer> top;
  if (volume) {
    auto opened = open_new_top(layer, keys, *volume);
    if (!opened) {
      (void)erase_unneeded();
      return tl::unexpected(opened.error());
    }
    top = std::move(*opened);
  }
  COFFER_CHECK(set_top(volume_id, layer.layer_id));
  if (volume) {
    auto next = Chain::on_top_of(*volume->chain(), std::move(top));
    const auto pause = volume->pause();
    volume->replace_chain(std::move(next));
  }
  return {};
}

Result<std::vector<NewLayer>> VolumeStore::layers_of(const std::string& subject_id) {
  const Lock lock(mutex_);
  COFFER_TRY(ids, layers_needed(subject_id));
  std::vector<NewLayer> layers;
  for (const std::string& id : ids) {
    COFFER_TRY(layer, layers_.key_of(tree_.layers.at(id)));
    if (layer.wrapped_key) layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace coffer::volume
