// SPDX-License-Identifier: Apache-2.0
#include "services/kms/rewrap.h"

#include <algorithm>
#include <set>

#include "services/arn.h"
#include "services/kms/key_directory.h"

namespace coffer::services::kms {
namespace {

struct Layer {
  const control::StoredNode* node;
  keyclient::BlobIdentity identity;
};

// The encrypted layers whose wrapped keys can be read at all.
std::vector<Layer> encrypted_layers(const std::vector<control::StoredNode>& nodes) {
  std::vector<Layer> layers;
  for (const auto& node : nodes) {
    if (!node.wrapped_key) continue;
    if (auto identity = keyclient::identify_blob(*node.wrapped_key))
      layers.push_back({&node, std::move(*identity)});
  }
  return layers;
}

// True when it was re-wrapped, false when it is under the newest material already.
Result<bool> rewrap(Installation& installation, const Layer& layer) {
  COFFER_TRY(key, any_key(installation, layer.identity.key_id));
  if (layer.identity.backing_key_version == key.current_version) return false;
  COFFER_CHECK(check_key_state({key, key_arn(key.region, key.account, key.id)}, "ReEncrypt"));
  COFFER_TRY(from, backing_key(installation, key, layer.identity.backing_key_version));
  COFFER_TRY(to, backing_key(installation, key));
  COFFER_TRY(wrapped, installation.keyd.rewrap_volume_key(from, to, *layer.node->wrapped_key,
                                                          {{"aws:ebs:id", layer.node->key_context}}));
  const Status replaced =
      installation.volumed.replace_layer_key(layer.node->id, *layer.node->wrapped_key, wrapped);
  if (!replaced && replaced.error().kind == ErrorKind::kNotFound) return false;  // it was deleted meanwhile
  COFFER_CHECK(replaced);
  return true;
}

// Nobody can go on while a part is down; a key that cannot be used concerns its own layers only.
bool is_outage(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kInternal ||
         error.kind == ErrorKind::kIo || error.kind == ErrorKind::kNoSpace;
}

}  // namespace

Result<RewrapBatch> rewrap_layers(Installation& installation, const std::string& key_id,
                                  const std::string& after, size_t most) {
  COFFER_TRY(nodes, installation.volumed.list_nodes());
  auto layers = encrypted_layers(nodes);
  std::erase_if(layers, [&](const Layer& layer) {
    return layer.node->id <= after || (!key_id.empty() && layer.identity.key_id != key_id);
  });
  RewrapBatch batch;
  batch.after = after;
  batch.left = layers.size();
  for (const Layer& layer : layers) {
    if (most-- == 0) break;
    const auto rewrapped = rewrap(installation, layer);
    if (!rewrapped && is_outage(rewrapped.error())) return tl::unexpected(rewrapped.error());
    if (!rewrapped)
      batch.failed.emplace_back(layer.node->id, rewrapped.error().message);
    else
      ++(*rewrapped ? batch.rewrapped : batch.current);
    batch.after = layer.node->id;
    --batch.left;
  }
  return batch;
}

Result<std::vector<VersionUse>> versions_in_use(Installation& installation) {
  COFFER_TRY(nodes, installation.volumed.list_nodes());
  std::map<std::string, const control::StoredNode*> by_id;
  for (const auto& node : nodes) by_id.emplace(node.id, &node);
  std::map<std::pair<std::string, uint32_t>, VersionUse> uses;
  std::map<std::string, std::pair<std::string, uint32_t>> version_of_layer;
  for (const Layer& layer : encrypted_layers(nodes)) {
    const std::pair version(layer.identity.key_id, layer.identity.backing_key_version);
    version_of_layer[layer.node->id] = version;
    VersionUse& use = uses[version];
    std::tie(use.key_id, use.version) = version;
    ++use.layers;
  }
  for (const auto& node : nodes) {
    if (node.id.starts_with("layer-")) continue;
    std::set<std::pair<std::string, uint32_t>> needed;
    size_t steps = 0;
    for (auto at = by_id.find(node.below); at != by_id.end() && steps <= nodes.size();
         at = by_id.find(at->second->below), ++steps)
      if (const auto version = version_of_layer.find(at->first); version != version_of_layer.end())
        needed.insert(version->second);
    for (const auto& version : needed)
      (node.id.starts_with("vol-") ? uses[version].volumes : uses[version].snapshots).push_back(node.id);
  }
  std::vector<VersionUse> told;
  for (auto& [version, use] : uses) {
    if (const auto key = any_key(installation, use.key_id)) use.current_version = key->current_version;
    told.push_back(std::move(use));
  }
  return told;
}

}  // namespace coffer::services::kms
