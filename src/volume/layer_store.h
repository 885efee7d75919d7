// SPDX-License-Identifier: Apache-2.0
// Layers in their folders (layer-…/record, key, data.000…, map; docs/format/layer.md), and the layers that
// are open: one object each, shared by all who hold it. Not thread-safe: VolumeStore makes one call at a
// time.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/manifest.h"
#include "secret/secret_bytes.h"
#include "store/store.h"
#include "volume/layer.h"

namespace coffer::volume {

// A layer that is to be made, or what a layer's key needs to be opened.
struct NewLayer {
  std::string layer_id;              // "layer-" + 17 hex digits
  std::optional<Bytes> wrapped_key;  // absent: not encrypted
  std::string key_context;           // aws:ebs:id under which the key was wrapped

  format::LayerCipher cipher() const {
    return wrapped_key ? format::LayerCipher::kAes256Xts : format::LayerCipher::kNone;
  }
};

// A layer's data key: 64 bytes (AES-256-XTS).
struct LayerKey {
  std::string layer_id;
  secret::SecretBytes key;
};
using LayerKeys = std::vector<LayerKey>;

class LayerStore {
 public:
  LayerStore(store::Store& store, std::string host_id) : store_(store), host_id_(std::move(host_id)) {}

  // Durable when it returns. What an earlier attempt left there is removed. `record` is the layer's.
  Status create(const NewLayer& layer, const format::LayerRecord& record);
  // The wrapped key is overwritten and flushed first. Works on a full disk. Absent is no error.
  Status erase(const std::string& layer_id);
  // Nothing when the folder holds no record: a creation or an erasure that was cut short.
  Result<std::optional<format::LayerRecord>> record(const std::string& layer_id);
  Status replace_record(const format::LayerRecord& record);
  // kCorrupt when an encrypted layer has none.
  Result<NewLayer> key_of(const format::LayerRecord& record);
  // Another wrapping of the same key. No copy of the old one stays behind, and at no instant is there none.
  Status replace_key(const NewLayer& layer);
  // At the start: finishes a replacement that was cut short.
  Status settle_key(const std::string& layer_id);

  // The open layer, or nothing.
  std::shared_ptr<Layer> find_open(const std::string& layer_id);
  // Opens it for its states, if it is not open.
  Result<std::shared_ptr<Layer>> open(const format::LayerRecord& record);
  // And for its contents. kInvalidArgument when `keys` has no key of an encrypted layer that is not unlocked.
  Result<std::shared_ptr<Layer>> open_unlocked(const format::LayerRecord& record, const LayerKeys& keys);
  Status take_over(Layer& layer, std::shared_ptr<RangeLock> locks);

  // The files of `record`, longer and flushed: size_bytes is the new size. Then the record is the caller's to
  // replace.
  Status grow_files(const format::LayerRecord& record, uint64_t size_bytes);
  Result<LayerFiles> open_files(const std::string& layer_id, uint64_t size_bytes);
  // Of a layer that is not open: what was written to it is durable. kIo when a flush of it failed before.
  Status flush_files(const format::LayerRecord& record);
  // kIo when a flush of it failed since this process took it over: what reads as written may not be on the
  // disk.
  Status check_kept(const std::string& layer_id) const;
  // Of a layer that is not open: all its sectors are absent again, durably, and no failure counts any more.
  Status start_over(const format::LayerRecord& record);
  // From the first data folders: the files of a layer that lie in its volume's folder.
  Status adopt(const std::string& folder, const format::LayerRecord& record, const NewLayer& layer);

 private:
  Status write_key(const NewLayer& layer);
  Status put_in_place(const std::string& layer_id, ByteView key);
  Status flush_written(const std::string& layer_id, const LayerFiles& files);

  store::Store& store_;
  const std::string host_id_;
  std::map<std::string, std::weak_ptr<Layer>> open_;
  // The layers that this process may have written to; true: a flush failed, so that nobody knows what is
  // there.
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> written_;
};

}  // namespace coffer::volume
