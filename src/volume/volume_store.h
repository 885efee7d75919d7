// SPDX-License-Identifier: Apache-2.0
// The volumes of a host's data folder: ROOT/vol-…/manifest, layer-….000 (data), layer-….map.
// The manifest is the commit point: it is written last at creation and erased first at deletion, so that a
// volume without one never existed or exists no more. Thread-safe; calls for one volume must not overlap.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/disk.h"
#include "base/result.h"
#include "format/volume_manifest.h"
#include "secret/secret_bytes.h"
#include "store/store.h"
#include "volume/volume.h"

namespace coffer::volume {

struct NewVolume {
  std::string volume_id;             // "vol-" + hex digits
  uint64_t size_bytes = 0;           // a multiple of 4096, at most kLargestVolume
  std::string layer_id;              // "layer-" + 17 hex digits
  std::optional<Bytes> wrapped_key;  // absent: not encrypted
};

inline constexpr uint64_t kLargestVolume = uint64_t{64} << 40;

// A layer's data key: 64 bytes (AES-256-XTS).
struct LayerKey {
  std::string layer_id;
  secret::SecretBytes key;
};

class VolumeStore {
 public:
  // Makes `root` if it is not there. `disk` must outlive the store and the volumes opened from it. `host_id`
  // is written into the headers of what this host opens.
  static Result<std::unique_ptr<VolumeStore>> open_store(Disk& disk, const std::string& root,
                                                         std::string host_id);
  VolumeStore(std::unique_ptr<store::Store> store, std::string host_id);

  // Durable when it returns. The same volume id and layer id again succeed; another layer id is kConflict.
  Status create(const NewVolume& volume);
  // Crypto-erase: the wrapped keys are overwritten and flushed first. Works on a full disk. Absent is no
  // error. The volume must not be open.
  Status remove(const std::string& volume_id);
  Result<std::vector<std::string>> list();
  Result<format::VolumeManifest> manifest(const std::string& volume_id);  // kNotFound, kCorrupt, kTooNew
  // Opens for reading and writing under a new fencing epoch: a volume object opened earlier is refused from
  // then on. `keys` names each encrypted layer's key; kInvalidArgument when one is missing, or given for a
  // layer without.
  Result<std::unique_ptr<Volume>> open(const std::string& volume_id, const std::vector<LayerKey>& keys);

 private:
  std::unique_ptr<store::Store> store_;
  std::string host_id_;
};

}  // namespace coffer::volume
