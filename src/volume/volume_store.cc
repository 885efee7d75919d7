// SPDX-License-Identifier: Apache-2.0
#include "volume/volume_store.h"

#include <algorithm>

#include "base/ids.h"
#include "crypto/xts.h"
#include "volume/layer.h"

namespace coffer::volume {
namespace {

constexpr const char* kManifest = "manifest";

// Overwritten by remove(), which did not get further: the volume is gone.
bool erased(ByteView manifest) {
  return std::all_of(manifest.begin(), manifest.end(), [](uint8_t byte) { return byte == 0; });
}

Status check_volume_id(const std::string& volume_id) {
  if (is_resource_id(volume_id, "vol")) return {};
  return fail(ErrorKind::kInvalidArgument, "not a volume id: " + volume_id);
}

Status check_new(const NewVolume& volume) {
  COFFER_CHECK(check_volume_id(volume.volume_id));
  if (!is_resource_id(volume.layer_id, "layer"))
    return fail(ErrorKind::kInvalidArgument, "not a layer id: " + volume.layer_id);
  if (volume.size_bytes == 0 || volume.size_bytes % kSectorSize != 0 || volume.size_bytes > kLargestVolume)
    return fail(ErrorKind::kInvalidArgument, "a volume's size is a multiple of 4096 bytes, at most 64 TiB");
  if (volume.wrapped_key && volume.wrapped_key->empty())
    return fail(ErrorKind::kInvalidArgument, "an empty wrapped key");
  return {};
}

format::LayerCipher cipher_of(const format::ManifestLayer& layer) {
  return layer.wrapped_key ? format::LayerCipher::kAes256Xts : format::LayerCipher::kNone;
}

std::string map_name(const std::string& layer_id) {
  return layer_id + ".map";
}

Result<std::unique_ptr<crypto::XtsCipher>> make_cipher(const format::ManifestLayer& layer,
                                                       const std::vector<LayerKey>& keys) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const LayerKey& key) { return key.layer_id == layer.layer_id; });
  if (!layer.wrapped_key) {
    if (found == keys.end()) return nullptr;
    return fail(ErrorKind::kInvalidArgument,
                "a key was given for a layer that is not encrypted: " + layer.layer_id);
  }
  if (found == keys.end())
    return fail(ErrorKind::kInvalidArgument, "the key of an encrypted layer is missing: " + layer.layer_id);
  return crypto::XtsCipher::create(found->key);
}

// What the header must say if it belongs to this manifest, under the next epoch.
Result<format::LayerHeader> next_header(const format::VolumeManifest& manifest, format::LayerHeader header,
                                        const std::string& host_id) {
  const format::ManifestLayer& layer = manifest.layers.front();
  if (header.layer_id != layer.layer_id || header.size_bytes != manifest.size_bytes ||
      header.cipher != cipher_of(layer))
    return fail(ErrorKind::kCorrupt, "the layer's header does not belong to the volume's manifest");
  if (header.epoch < manifest.epoch)
    return fail(ErrorKind::kConflict, "the layer's files are older than the volume's manifest");
  ++header.epoch;
  header.host_id = host_id;
  return header;
}

}  // namespace

VolumeStore::VolumeStore(std::unique_ptr<store::Store> store, std::string host_id)
    : store_(std::move(store)), host_id_(std::move(host_id)) {}

Result<std::unique_ptr<VolumeStore>> VolumeStore::open_store(Disk& disk, const std::string& root,
                                                             std::string host_id) {
  COFFER_TRY(store, store::open_file_store(disk, root));
  return std::make_unique<VolumeStore>(std::move(store), std::move(host_id));
}

Status VolumeStore::create(const NewVolume& volume) {
  COFFER_CHECK(check_new(volume));
  const auto existing = manifest(volume.volume_id);
  if (existing) {
    if (existing->layers.back().layer_id == volume.layer_id && existing->size_bytes == volume.size_bytes)
      return {};
    return fail(ErrorKind::kConflict, "volume " + volume.volume_id + " exists already");
  }
  if (existing.error().kind != ErrorKind::kNotFound) return tl::unexpected(existing.error());

  COFFER_CHECK(store_->create_folder(volume.volume_id));
  COFFER_CHECK(
      store_->clear_folder(volume.volume_id));  // an earlier attempt, or a deletion, that was cut short
  const format::ManifestLayer layer{volume.layer_id, volume.wrapped_key};
  const format::VolumeManifest created{volume.volume_id, volume.size_bytes, 1, host_id_, {layer}};
  COFFER_CHECK(
      store_->create_range(volume.volume_id, volume.layer_id, volume.size_bytes, store::Layout::kSegmented));
  COFFER_TRY(map, store_->create_range(volume.volume_id, map_name(volume.layer_id),
                                       format::map_file_size(volume.size_bytes / kSectorSize),
                                       store::Layout::kSingle));
  COFFER_CHECK(Layer::format_new(
      *map, {volume.layer_id, cipher_of(layer), volume.size_bytes, created.epoch, created.host_id}));
  // The commit point.
  return store_->replace_document(volume.volume_id, kManifest, format::write_manifest(created));
}

Status VolumeStore::remove(const std::string& volume_id) {
  COFFER_CHECK(check_volume_id(volume_id));
  COFFER_CHECK(store_->erase_document(volume_id, kManifest));
  return store_->remove_folder(volume_id);
}

Result<std::vector<std::string>> VolumeStore::list() {
  COFFER_TRY(folders, store_->folders());
  std::vector<std::string> volumes;
  for (const std::string& folder : folders) {
    if (!is_resource_id(folder, "vol")) continue;
    const auto document = store_->read_document(folder, kManifest);
    if (document ? !erased(*document) : document.error().kind != ErrorKind::kNotFound)
      volumes.push_back(folder);
  }
  return volumes;
}

Result<format::VolumeManifest> VolumeStore::manifest(const std::string& volume_id) {
  COFFER_CHECK(check_volume_id(volume_id));
  const auto document = store_->read_document(volume_id, kManifest);
  if ((document && erased(*document)) || (!document && document.error().kind == ErrorKind::kNotFound))
    return fail(ErrorKind::kNotFound, "volume " + volume_id + " does not exist on this host");
  if (!document) return tl::unexpected(document.error());
  COFFER_TRY(manifest, format::parse_manifest(*document));
  if (manifest.volume_id != volume_id)
    return fail(ErrorKind::kCorrupt, "the manifest of volume " + volume_id + " names another volume");
  return manifest;
}

Result<std::unique_ptr<Volume>> VolumeStore::open(const std::string& volume_id,
                                                  const std::vector<LayerKey>& keys) {
  COFFER_TRY(chain, manifest(volume_id));
  if (chain.layers.size() != 1)
    return fail(ErrorKind::kUnsupported, "this release opens volumes of one layer only");
  const format::ManifestLayer& layer = chain.layers.front();
  COFFER_TRY(cipher, make_cipher(layer, keys));

  LayerFiles files;
  COFFER_TRY(data,
             store_->open_range(volume_id, layer.layer_id, chain.size_bytes, store::Layout::kSegmented));
  COFFER_TRY(
      map, store_->open_range(volume_id, map_name(layer.layer_id),
                              format::map_file_size(chain.size_bytes / kSectorSize), store::Layout::kSingle));
  files.data = std::move(data);
  files.map = std::move(map);
  COFFER_TRY(found, Layer::read_header(*files.map));
  COFFER_TRY(header, next_header(chain, found, host_id_));
  COFFER_TRY(opened, Layer::open(std::move(files), header, std::move(cipher)));
  return std::make_unique<Volume>(std::move(chain), std::move(opened));
}

}  // namespace coffer::volume
