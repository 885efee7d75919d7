// SPDX-License-Identifier: Apache-2.0
// What a data folder holds is read at the start, older forms are brought to today's, and what a crash left
// half made, or half erased, goes.
#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "format/volume_manifest_v1.h"
#include "volume/documents.h"
#include "volume/volume_store.h"

namespace coffer::volume {

VolumeStore::VolumeStore(std::unique_ptr<store::Store> store, std::string host_id)
    : store_(std::move(store)), layers_(*store_, std::move(host_id)) {}

VolumeStore::~VolumeStore() = default;

Result<std::unique_ptr<VolumeStore>> VolumeStore::open_store(Disk& disk, const std::string& root,
                                                             std::string host_id) {
  COFFER_TRY(store, store::open_file_store(disk, root));
  auto opened = std::make_unique<VolumeStore>(std::move(store), std::move(host_id));
  COFFER_CHECK(opened->load());
  return opened;
}

Status VolumeStore::load() {
  const Lock lock(mutex_);
  // What an earlier process wrote and did not live to flush: what is read now must not be gone after a power
  // cut.
  COFFER_CHECK(store_->flush_all());
  COFFER_TRY(folders, store_->folders());
  const auto load_all = [&](std::string_view prefix,
                            Status (VolumeStore::*load_one)(const std::string&)) -> Status {
    for (const std::string& folder : folders) {
      if (!is_resource_id(folder, prefix)) continue;
      const Status loaded = (this->*load_one)(folder);
      if (loaded) continue;
      if (loaded.error().kind != ErrorKind::kCorrupt && loaded.error().kind != ErrorKind::kTooNew)
        return loaded;
      log_error("{}: {}; nothing is erased until that is mended", folder, loaded.error().message);
      unreadable_.insert_or_assign(folder, loaded.error());
    }
    return {};
  };
  COFFER_CHECK(load_all("vol", &VolumeStore::load_volume));
  COFFER_CHECK(load_all("snap", &VolumeStore::load_snapshot));
  COFFER_CHECK(load_all("layer", &VolumeStore::load_layer));
  COFFER_CHECK(erase_layers_without_record(folders));
  COFFER_CHECK(drop_uncommitted_snapshots());
  // What is left over does no harm, and the disk may be full.
  if (const Status erased = erase_unneeded(); !erased)
    log_warning("layers that nobody needs are not erased: {}", erased.error().message);
  return {};
}

Status VolumeStore::load_volume(const std::string& folder) {
  COFFER_TRY(document, read_if_there(*store_, folder, kVolumeDocument));
  if (!document) return load_first_form(folder);
  COFFER_TRY(manifest, format::parse_volume_manifest(*document));
  if (manifest.volume_id != folder)
    return fail(ErrorKind::kCorrupt, "the manifest names another volume: " + manifest.volume_id);
  // Written when the folder was brought to today's form; its wrapped key lies with the layer now.
  COFFER_CHECK(store_->erase_document(folder, kFirstManifest));
  tree_.volumes[folder] = std::move(manifest);
  return {};
}

// The layer's files and its wrapped key move to a folder of its own; then the new manifest commits.
Status VolumeStore::load_first_form(const std::string& folder) {
  COFFER_TRY(document, read_if_there(*store_, folder, kFirstManifest));
  if (!document) return store_->remove_folder(folder);  // a creation or a deletion that was cut short
  COFFER_TRY(old, format::parse_manifest_v1(*document));
  if (old.volume_id != folder)
    return fail(ErrorKind::kCorrupt, "the manifest names another volume: " + old.volume_id);
  if (old.layers.size() != 1) return fail(ErrorKind::kCorrupt, "a first manifest of more than one layer");
  const NewLayer layer{old.layers.front().layer_id, old.layers.front().wrapped_key, folder};
  const format::LayerRecord record{layer.layer_id, old.size_bytes, layer.cipher(), {}, false};
  COFFER_CHECK(layers_.adopt(folder, record, layer));
  tree_.layers[layer.layer_id] = record;
  const format::VolumeManifest manifest{folder, layer.layer_id};
  COFFER_CHECK(store_->replace_document(folder, kVolumeDocument, format::write_volume_manifest(manifest)));
  COFFER_CHECK(store_->erase_document(folder, kFirstManifest));
  tree_.volumes[folder] = manifest;
  log_info("{} was brought to this release's form", folder);
  return {};
}

Status VolumeStore::load_snapshot(const std::string& folder) {
  COFFER_TRY(document, read_if_there(*store_, folder, kSnapshotDocument));
  if (!document) return store_->remove_folder(folder);
  COFFER_TRY(manifest, format::parse_snapshot_manifest(*document));
  if (manifest.snapshot_id != folder)
    return fail(ErrorKind::kCorrupt, "the manifest names another snapshot: " + manifest.snapshot_id);
  tree_.snapshots[folder] = std::move(manifest);
  return {};
}

Status VolumeStore::load_layer(const std::string& folder) {
  COFFER_TRY(record, layers_.record(folder));
  if (!record) return {};
  COFFER_CHECK(layers_.settle_key(folder));
  tree_.layers[folder] = std::move(*record);
  return {};
}

// Creations or erasures that were cut short. Only now, as a volume of the first form may just have taken up
// again where the move of its layer was cut short; and not while a layer that is needed cannot be read.
Status VolumeStore::erase_layers_without_record(const std::vector<std::string>& folders) {
  if (!check_all_is_known()) return {};
  for (const std::string& folder : folders)
    if (is_resource_id(folder, "layer") && !tree_.layers.contains(folder))
      COFFER_CHECK(layers_.erase(folder));
  return {};
}

// A snapshot is written before its volume gets the next top layer: where the volume did not get it, the
// snapshot does not count, and whoever asked for it has heard of no success.
Status VolumeStore::drop_uncommitted_snapshots() {
  std::set<std::string> tops;
  for (const auto& [id, volume] : tree_.volumes) tops.insert(volume.layer_id);
  for (auto at = tree_.snapshots.begin(); at != tree_.snapshots.end();) {
    if (!tops.contains(at->second.layer_id)) {
      ++at;
      continue;
    }
    COFFER_CHECK(store_->erase_document(at->first, kSnapshotDocument));
    COFFER_CHECK(store_->remove_folder(at->first));
    at = tree_.snapshots.erase(at);
  }
  return {};
}

}  // namespace coffer::volume
