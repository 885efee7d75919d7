// SPDX-License-Identifier: Apache-2.0
// What lies in the store, as a forest: who needs which layer, under which wrapped key.
#include "volume/volume_store.h"

namespace coffer::volume {

// In the order of their ids: "layer-" comes before "snap-", and that before "vol-".
Result<std::vector<StoredNode>> VolumeStore::nodes(const std::string& after, size_t most) {
  const Lock lock(mutex_);
  std::vector<StoredNode> nodes;
  for (auto at = tree_.layers.upper_bound(after); at != tree_.layers.end() && nodes.size() < most; ++at) {
    COFFER_TRY(key, layers_.key_of(at->second));
    nodes.push_back({at->first, at->second.parent_id, std::move(key), at->second.independent});
  }
  const auto add = [&](const auto& holders) {
    for (auto at = holders.upper_bound(after); at != holders.end() && nodes.size() < most; ++at)
      nodes.push_back({at->first, at->second.layer_id, {}, false});
  };
  add(tree_.snapshots);
  add(tree_.volumes);
  return nodes;
}

Status VolumeStore::replace_wrapped_key(const std::string& layer_id, const Bytes& before,
                                        const Bytes& after) {
  const Lock lock(mutex_);
  const auto record = tree_.layers.find(layer_id);
  if (record == tree_.layers.end()) return fail(ErrorKind::kNotFound, "there is no layer " + layer_id);
  COFFER_TRY(layer, layers_.key_of(record->second));
  if (layer.wrapped_key == after) return {};
  if (!layer.wrapped_key || *layer.wrapped_key != before)
    return fail(ErrorKind::kConflict, "the wrapped key of layer " + layer_id + " is another one by now");
  layer.wrapped_key = after;
  return layers_.replace_key(layer);
}

}  // namespace coffer::volume
