// SPDX-License-Identifier: Apache-2.0
// What needs a KMS key: told by the identities in the wrapped data keys themselves, as the store has them,
// and in those that are on their way there. AWS keeps no such record of its keys.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "control/volumed_types.h"
#include "services/installation.h"

namespace coffer::services::kms {

enum class Dependence {
  kDirect,            // a layer: its data key is wrapped under the key
  kContents,          // a volume or a snapshot: a layer that it stands on is
  kUntilIndependent,  // a volume under another key that still takes over what is under this one
};
std::string_view to_string(Dependence dependence);  // "Contents"

struct Dependent {
  std::string id;  // "vol-…", "snap-…", "layer-…"
  Dependence dependence = Dependence::kContents;
  uint32_t oldest_version = 0;  // of the key's material that it needs
};

struct Dependents {
  std::vector<Dependent> all;  // by id
  size_t volumes = 0, snapshots = 0, layers = 0;
};

// By the id of the key: the keys of a multi-Region key have it in common, and any of them opens what another
// wrapped. kUnavailable while volumed is not there.
Result<Dependents> find_dependents(Installation& installation, const std::string& key_id);

// The same over what a store holds. Pure.
Dependents dependents_among(const std::vector<control::StoredNode>& nodes, const std::string& key_id);

}  // namespace coffer::services::kms
