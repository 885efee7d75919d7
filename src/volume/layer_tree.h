// SPDX-License-Identifier: Apache-2.0
// Which layers there are and who holds them, as the manifests and records say: pure decisions over them.
// Layers form trees: a layer's parent is below it. A layer is held by the volume whose top it is, by the
// snapshots that name it, and by copies that are made of it; it is needed while it is held or has children.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "format/manifest.h"

namespace coffer::volume {

struct LayerTree {
  std::map<std::string, format::VolumeManifest> volumes;
  std::map<std::string, format::SnapshotManifest> snapshots;
  std::map<std::string, format::LayerRecord> layers;

  // The ids from this layer down. kCorrupt when one is missing, or the chain has no end.
  Result<std::vector<std::string>> chain(const std::string& layer_id) const;
  bool is_held(const std::string& layer_id) const { return holders().contains(layer_id); }
  bool is_needed(const std::string& layer_id) const;
  // kCorrupt when a volume, snapshot or layer names a layer that is not there.
  Status check_whole() const;
  // Nobody needs them: neither held, nor with a child that is needed. Children come before their parents.
  std::vector<std::string> unneeded() const;

  // A layer that is to be filled from below: from all that is below (and then it needs no parent), or from
  // its parent, which nobody else needs (and then the parent can go).
  struct Lift {
    std::string layer_id;
    bool from_all = false;
    bool operator==(const Lift&) const = default;
  };
  std::vector<Lift> lifts() const;
  // Some volume whose chain begins with this layer; empty if there is none.
  std::string volume_of(const std::string& layer_id) const;

 private:
  std::set<std::string> holders() const;
  std::map<std::string, size_t> child_counts() const;
};

}  // namespace coffer::volume
