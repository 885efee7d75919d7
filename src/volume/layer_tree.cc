// SPDX-License-Identifier: Apache-2.0
#include "volume/layer_tree.h"

#include <algorithm>

#include "volume/owner_index.h"

namespace coffer::volume {

Result<std::vector<std::string>> LayerTree::chain(const std::string& layer_id) const {
  std::vector<std::string> chain;
  for (std::string id = layer_id; !id.empty();) {
    const auto found = layers.find(id);
    if (found == layers.end()) return fail(ErrorKind::kCorrupt, "layer " + id + " is missing");
    if (chain.size() == OwnerIndex::kMostLayers)
      return fail(ErrorKind::kCorrupt, "the chain of layer " + layer_id + " is too long, or has no end");
    chain.push_back(id);
    id = found->second.parent_id;
  }
  return chain;
}

std::set<std::string> LayerTree::holders() const {
  std::set<std::string> held;
  for (const auto& [id, volume] : volumes) held.insert(volume.layer_id);
  for (const auto& [id, snapshot] : snapshots) {
    held.insert(snapshot.layer_id);
    held.insert(snapshot.source_layer_id);
  }
  return held;
}

std::map<std::string, size_t> LayerTree::child_counts() const {
  std::map<std::string, size_t> counts;
  for (const auto& [id, layer] : layers)
    if (!layer.parent_id.empty()) ++counts[layer.parent_id];
  return counts;
}

bool LayerTree::is_needed(const std::string& layer_id) const {
  if (!layers.contains(layer_id)) return is_held(layer_id);
  const std::vector<std::string> gone = unneeded();
  return std::ranges::find(gone, layer_id) == gone.end();
}

// What nobody needs may stand on what is gone: its erasure was cut short.
Status LayerTree::check_whole() const {
  std::set<std::string> seen;
  for (const std::string& held : holders())
    for (std::string id = held; !id.empty() && seen.insert(id).second; id = layers.at(id).parent_id)
      if (!layers.contains(id))
        return fail(ErrorKind::kCorrupt, "layer " + id + " is missing, which " + held + " needs, or is");
  return {};
}

std::vector<std::string> LayerTree::unneeded() const {
  const std::set<std::string> held = holders();
  std::map<std::string, size_t> children = child_counts();
  std::vector<std::string> gone;
  for (const auto& [id, layer] : layers)
    if (!held.contains(id) && children[id] == 0) gone.push_back(id);
  for (size_t i = 0; i < gone.size(); ++i) {
    const std::string parent = layers.at(gone[i]).parent_id;
    if (!parent.empty() && layers.contains(parent) && --children[parent] == 0 && !held.contains(parent))
      gone.push_back(parent);
  }
  return gone;
}

std::vector<LayerTree::Lift> LayerTree::lifts() const {
  const std::set<std::string> held = holders();
  const std::map<std::string, size_t> children = child_counts();
  const auto can_go = [&](const std::string& id) {
    return layers.contains(id) && !held.contains(id) && children.at(id) == 1;
  };
  std::vector<Lift> lifts;
  for (const auto& [id, layer] : layers) {
    if (layer.parent_id.empty()) continue;
    if (layer.independent) {
      lifts.push_back({id, true});
      continue;
    }
    if (!can_go(layer.parent_id)) continue;
    // The parent is filled first where it is to be filled itself: it must not change under this one.
    const auto& parent = layers.at(layer.parent_id);
    if (parent.parent_id.empty() || (!parent.independent && !can_go(parent.parent_id)))
      lifts.push_back({id, false});
  }
  return lifts;
}

std::string LayerTree::volume_of(const std::string& layer_id) const {
  for (const auto& [id, volume] : volumes)
    if (volume.layer_id == layer_id) return id;
  return {};
}

}  // namespace coffer::volume
