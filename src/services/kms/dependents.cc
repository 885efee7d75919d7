// SPDX-License-Identifier: Apache-2.0
#include "services/kms/dependents.h"

#include <algorithm>
#include <optional>

namespace coffer::services::kms {
namespace {

constexpr std::string_view kVolume = "vol-", kSnapshot = "snap-", kLayer = "layer-";

std::optional<uint32_t> version_under(const Bytes& wrapped_key, const std::string& key_id) {
  const auto identity = keyclient::identify_blob(wrapped_key);
  if (!identity || identity->key_id != key_id) return std::nullopt;
  return identity->backing_key_version;
}

// The layers by their ids, and what a chain needs of the key.
class Forest {
 public:
  Forest(const std::vector<control::StoredNode>& nodes, const std::string& key_id) : key_id_(key_id) {
    for (const auto& node : nodes)
      if (node.id.starts_with(kLayer)) layers_.emplace(node.id, &node);
  }

  std::optional<uint32_t> version_of(const control::StoredNode& layer) const {
    return layer.wrapped_key ? version_under(*layer.wrapped_key, key_id_) : std::nullopt;
  }

  // From the layer `top` down. Where all that is under the key lies below a layer that is being filled, it is
  // needed until that is done.
  std::optional<Dependent> need(const std::string& top) const {
    std::optional<Dependent> need;
    bool being_filled = false;
    size_t steps = 0;
    for (auto at = layers_.find(top); at != layers_.end() && steps <= layers_.size(); ++steps) {
      const control::StoredNode& layer = *at->second;
      if (const auto version = version_of(layer)) {
        if (!need)
          need =
              Dependent{{}, being_filled ? Dependence::kUntilIndependent : Dependence::kContents, *version};
        need->oldest_version = std::min(need->oldest_version, *version);
      }
      being_filled |= layer.independent;
      at = layers_.find(layer.below);
    }
    return need;
  }

 private:
  const std::string& key_id_;
  std::map<std::string, const control::StoredNode*> layers_;
};

void add(Dependents& found, const Dependent& dependent) {
  if (dependent.id.starts_with(kVolume)) ++found.volumes;
  if (dependent.id.starts_with(kSnapshot)) ++found.snapshots;
  if (dependent.id.starts_with(kLayer)) ++found.layers;
  found.all.push_back(dependent);
}

// What the catalog holds until the store does, as nodes: a volume or snapshot on a layer of its own.
Status add_pending(catalog::Transaction& transaction, std::vector<control::StoredNode>& nodes) {
  const auto add_one = [&](const std::string& id, const std::string& layer_id, const Bytes& wrapped_key) {
    if (wrapped_key.empty()) return;
    const auto known = [&](const auto& node) { return node.id == layer_id; };
    if (std::ranges::any_of(nodes, known)) return;
    nodes.push_back({id, layer_id, std::nullopt, {}, false});
    nodes.push_back({layer_id, {}, wrapped_key, {}, false});
  };
  COFFER_TRY(volumes, transaction.volumes_in_state("creating"));
  for (const auto& volume : volumes) add_one(volume.id, volume.layer_id, volume.wrapped_key);
  for (const char* state : {"creating", "pending"}) {
    COFFER_TRY(snapshots, transaction.snapshots_in_state(state));
    for (const auto& snapshot : snapshots) add_one(snapshot.id, snapshot.layer_id, snapshot.wrapped_key);
  }
  for (const char* state : {"rekeying", "waiting"}) {
    COFFER_TRY(rekeys, transaction.rekeys_in_state(state));
    for (const auto& rekey : rekeys) add_one(rekey.volume_id, rekey.layer_id, rekey.wrapped_key);
  }
  return {};
}

}  // namespace

std::string_view to_string(Dependence dependence) {
  switch (dependence) {
    case Dependence::kDirect:
      return "Direct";
    case Dependence::kContents:
      return "Contents";
    case Dependence::kUntilIndependent:
      return "UntilIndependent";
  }
  return "";
}

Dependents dependents_among(const std::vector<control::StoredNode>& nodes, const std::string& key_id) {
  const Forest forest(nodes, key_id);
  std::map<std::string, Dependent> needs;
  for (const auto& node : nodes) {
    std::optional<Dependent> need;
    if (!node.id.starts_with(kLayer))
      need = forest.need(node.below);
    else if (const auto version = forest.version_of(node))
      need = Dependent{{}, Dependence::kDirect, *version};
    if (!need) continue;
    need->id = node.id;
    needs.try_emplace(node.id, std::move(*need));  // a volume that is re-keyed is there twice
  }
  Dependents found;
  for (const auto& [id, need] : needs) add(found, need);
  return found;
}

Result<Dependents> find_dependents(Installation& installation, const std::string& key_id) {
  COFFER_TRY(nodes, installation.volumed.list_nodes());
  COFFER_CHECK(installation.catalog.read(
      [&](catalog::Transaction& transaction) { return add_pending(transaction, nodes); }));
  return dependents_among(nodes, key_id);
}

}  // namespace coffer::services::kms
